"""What people are told of alarms, written for each channel and put on its way. Sending is another process's work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspection import zones
from inspection.models import Line, User
from inspection.rules.words import Priority
from monitoring import alarm_words, causes, owners
from monitoring.models import Alarm, AlarmChange, Channel, Notice
from monitoring.rules import notices as rules
from monitoring.rules.alarms import Event, State, is_chattering

FLOOD = "flood"
SHOWN, FACTS_MAX = 20, 500


@dataclass(frozen=True)
class News:
    """What one message tells: alarms that came, or that wait for an answer too long, and told ones that went."""

    came: list[Alarm]
    went: list[Alarm]
    is_flood: bool = False


@transaction.atomic
def write_due(*, now: datetime) -> int:
    """Write a message to each channel about the alarms that nobody was told of, also those that have gone again.

    It tells once more of a P1 that nobody acknowledges, and of the end of what was told. Return how many were written.
    """
    untold = {alarm.pk: alarm for alarm in _untold(now)}
    ended = list(Alarm.objects.filter(is_end_untold=True).select_related("line").order_by("pk"))
    news = _news(untold, ended, now=now) if untold or ended else None
    if news is None:
        return 0
    Alarm.objects.filter(pk__in=[alarm.pk for alarm in news.came]).update(told_at=now)
    Alarm.objects.filter(pk__in=[alarm.pk for alarm in news.went]).update(is_end_untold=False)
    channels = Channel.objects.filter(is_active=True).select_related("line")
    return sum(_write(channel, news, now=now) is not None for channel in channels)


def address(alarm: Alarm) -> str:
    return settings.PUBLIC_URL + reverse("alarm", args=[alarm.pk])


def facts(notice: Notice) -> list[dict[str, object]]:
    """Return what a program wants to know of the alarms that a message speaks of, as they stand now, loudest first."""
    spoken_of = [pk for pk in notice.alarms if pk != FLOOD]
    return [
        _facts(alarm)
        for alarm in Alarm.objects.filter(pk__in=spoken_of).select_related("line").by_loudness()[:FACTS_MAX]
    ]


@transaction.atomic
def test(channel: Channel, *, by: User, now: datetime) -> Notice:
    """Put a test message on its way."""
    with translation.override(channel.language):
        title, text = _("Tollgate: test alarm"), _("%(name)s sent a test. Nothing is wrong.") % {"name": by}
    return Notice.objects.create(
        channel=channel,
        title=title,
        text=text,
        alarms=[],
        next_at=now,
        written_at=now,
    )


def _untold(now: datetime) -> QuerySet[Alarm]:
    """Return those that nobody was told of, and the P1 that nobody acknowledges though they were told."""
    wanted = Q(told_at=None)
    if settings.REMIND_AFTER:
        silent = Alarm.objects.of_priority(Priority.P1).filter(
            state=State.UNACKNOWLEDGED.value, told_at__lte=now - settings.REMIND_AFTER
        )
        wanted |= Q(pk__in=silent.values("pk"))
    return Alarm.objects.unseen().filter(wanted).select_related("line").order_by("raised_at", "pk")


def _news(untold: dict[int, Alarm], ended: list[Alarm], *, now: datetime) -> News | None:
    """Return what to tell now. What went rides on a message of what came; alone it waits for a flood to end."""
    raised = _raised(now)
    letter = _letter(untold, raised, now=now) if untold else None
    if letter is None and not (ended and rules.may_tell_ends(raised, last_at=_last_written(), now=now)):
        return None
    went = [alarm for alarm in ended if not is_chattering(raised.get(alarm.pk, ()), now=now)]
    came = [untold[pk] for pk in letter.alarms] if letter else []
    return News(came, went, is_flood=letter is not None and letter.is_flood) if came or went else None


def _letter(untold: dict[int, Alarm], raised: dict[int, list[datetime]], *, now: datetime) -> rules.Letter | None:
    return rules.letter(
        list(untold),
        raised,
        urgent={pk for pk, alarm in untold.items() if alarm.priority == Priority.P1},
        urgent_told=_urgent_told(now),
        last_digest_at=_last_told(list(untold), now),
        last_flood_at=_last_flood(now),
        now=now,
    )


def _write(channel: Channel, news: News, *, now: datetime) -> Notice | None:
    came, went = _loudest(channel, news.came), _loudest(channel, news.went)
    if not came and not went:
        return None
    with translation.override(channel.language):
        title = _headline(came, went, is_flood=news.is_flood)
        text = "\n\n".join([*(_paragraph(alarm) for alarm in came[:SHOWN]), *_ends(went)])
    return Notice.objects.create(
        channel=channel,
        title=title[:200],
        text=text,
        alarms=[FLOOD] * news.is_flood + [alarm.pk for alarm in (*came, *went)],
        next_at=now,
        written_at=now,
    )


def _loudest(channel: Channel, alarms: Sequence[Alarm]) -> list[Alarm]:
    """Return those that a channel hears, the loudest first."""
    heard = [alarm for alarm in alarms if _is_heard(channel, alarm)]
    return sorted(heard, key=lambda alarm: (alarm.priority, alarm.raised_at, alarm.pk))


def _headline(came: Sequence[Alarm], went: Sequence[Alarm], *, is_flood: bool) -> str:
    if not came:
        return _("Gone: %(what)s") % {"what": _title(went)}
    return _flood_title(came) if is_flood and len(came) > 1 else _title(came)


def _ends(went: Sequence[Alarm]) -> list[str]:
    """Return one paragraph that names what went; none where nothing did."""
    if not went:
        return []
    names = [f"{alarm.priority} {_place(alarm.line)}: {alarm_words.WORDS[alarm.rule].what}" for alarm in went[:SHOWN]]
    more = [f"(+{len(went) - SHOWN})"] if len(went) > SHOWN else []
    return ["\n".join([_("Told before, and gone:"), *names, *more])]


def _is_heard(channel: Channel, alarm: Alarm) -> bool:
    on_line = channel.line_id is None or channel.line_id == alarm.line_id
    return on_line and rules.reaches(Priority(channel.least), alarm.priority)


def _title(alarms: Sequence[Alarm]) -> str:
    first = alarms[0]
    more = f" (+{len(alarms) - 1})" if len(alarms) > 1 else ""
    return f"{_place(first.line)}: {first.priority} {_what(first)}{more}"


def _flood_title(alarms: Sequence[Alarm]) -> str:
    count = ngettext("%(n)s alarm within ten minutes", "%(n)s alarms within ten minutes", len(alarms))
    return f"{count % {'n': len(alarms)}}, {_('the loudest:')} {_title(alarms[:1])}"


def _paragraph(alarm: Alarm) -> str:
    words = alarm_words.WORDS[alarm.rule]
    owner, because = owners.named(owners.of(alarm)), causes.of(alarm)
    lines = [
        f"{alarm.priority} {_place(alarm.line)}: {_what(alarm)}",
        *([because] if because else []),
        f"{_('since')} {_clock(alarm)}. {words.consequence}",
        str(words.todo),
        *([f"{_('Owner')}: {owner}"] if owner else []),
        address(alarm),
    ]
    return "\n".join(lines)


def _clock(alarm: Alarm) -> str:
    """Return when it came, on the clocks of its line, or of the site."""
    if alarm.raised_at is None:
        return "–"
    return f"{alarm.raised_at.astimezone(ZoneInfo(zones.of(alarm.line))):%Y-%m-%d %H:%M:%S %Z}"


def _facts(alarm: Alarm) -> dict[str, object]:
    return {
        "id": alarm.pk,
        "rule": alarm.rule,
        "line": alarm.line.slug if alarm.line else None,
        "priority": alarm.priority.value,
        "state": alarm.state,
        "raised_at": alarm.raised_at.isoformat() if alarm.raised_at else None,
        "url": address(alarm),
    }


def _what(alarm: Alarm) -> str:
    what = alarm_words.what(alarm)
    if alarm.state == State.UNACKNOWLEDGED and alarm.told_at is not None:
        return _("%(what)s (still not acknowledged)") % {"what": what}
    return _("%(what)s (gone again)") % {"what": what} if alarm.state == State.RETURNED else what


def _place(line: Line | None) -> str:
    return line.slug if line is not None else "Tollgate"


def _raised(now: datetime) -> dict[int, list[datetime]]:
    rows = AlarmChange.objects.filter(
        event__in=[Event.RAISED.value, Event.SUPPRESSED.value], changed_at__gt=now - timedelta(hours=1)
    )
    facts = rows.order_by("pk").values_list("alarm", "event", "state", "changed_at")
    return rules.standing_raises((alarm, Event(event), State(state), at) for alarm, event, state, at in facts)


def _urgent_told(now: datetime) -> list[datetime]:
    """Return when messages of late spoke of a new urgent alarm."""
    told = Alarm.objects.of_priority(Priority.P1).filter(told_at__gt=now - rules.URGENT_WITHIN)
    moments = told.order_by().values_list("told_at", flat=True).distinct()
    return [moment for moment in moments if moment is not None]


def _last_told(alarms: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Return when each of some alarms was last spoken of within the hour."""
    wanted, last = set(alarms), {}
    recent = Notice.objects.filter(written_at__gt=now - timedelta(hours=1)).order_by("written_at", "pk")
    for spoken_of, at in recent.values_list("alarms", "written_at"):
        last.update(dict.fromkeys(wanted.intersection(spoken_of), at))
    return last


def _last_written() -> datetime | None:
    return Notice.objects.order_by("-pk").values_list("written_at", flat=True).first()


def _last_flood(now: datetime) -> datetime | None:
    recent = Notice.objects.filter(written_at__gt=now - timedelta(hours=1)).order_by("-written_at", "-pk")
    return next((at for spoken_of, at in recent.values_list("alarms", "written_at") if FLOOD in spoken_of), None)
