"""What people are told of alarms, written for each channel and put on its way. Sending is another process's work."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inspection import zones
from inspection.models import Line, User
from inspection.rules.words import Priority
from monitoring import alarm_words, owners
from monitoring.models import Alarm, AlarmChange, Channel, Notice
from monitoring.rules import notices as rules
from monitoring.rules.alarm_rules import BY_CODE, RULES
from monitoring.rules.alarms import Event, State

FLOOD = "flood"
URGENT = frozenset(rule.code for rule in RULES if rule.priority == Priority.P1)
SHOWN, FACTS_MAX = 20, 500


@transaction.atomic
def write_due(*, now: datetime) -> int:
    """Write a message to each channel about the alarms that nobody was told of, also those that have gone again.

    Return how many were written.
    """
    fresh = Alarm.objects.unseen().filter(told_at=None).select_related("line")
    untold = {alarm.pk: alarm for alarm in fresh.order_by("raised_at", "pk")}
    if not untold:
        return 0
    letter = rules.letter(
        list(untold),
        _raised(now),
        urgent={pk for pk, alarm in untold.items() if alarm.rule in URGENT},
        urgent_told=_urgent_told(now),
        last_digest_at=_last_told(list(untold), now),
        last_flood_at=_last_flood(now),
        now=now,
    )
    if letter is None:
        return 0
    alarms = [untold[pk] for pk in letter.alarms]
    Alarm.objects.filter(pk__in=letter.alarms).update(told_at=now)
    channels = Channel.objects.filter(is_active=True).select_related("line")
    written = [_write(channel, alarms, is_flood=letter.is_flood, now=now) for channel in channels]
    return sum(notice is not None for notice in written)


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
    return Notice.objects.create(
        channel=channel,
        title=_("Tollgate: test alarm"),
        text=_("%(name)s sent a test. Nothing is wrong.") % {"name": by},
        alarms=[],
        next_at=now,
        written_at=now,
    )


def _write(channel: Channel, alarms: Sequence[Alarm], *, is_flood: bool, now: datetime) -> Notice | None:
    heard = [alarm for alarm in alarms if _is_heard(channel, alarm)]
    if not heard:
        return None
    loudest = sorted(heard, key=lambda alarm: (BY_CODE[alarm.rule].priority, alarm.raised_at, alarm.pk))
    with translation.override(settings.LANGUAGE_CODE):
        title = _flood_title(loudest) if is_flood and len(loudest) > 1 else _title(loudest)
        text = "\n\n".join(_paragraph(alarm) for alarm in loudest[:SHOWN])
    return Notice.objects.create(
        channel=channel,
        title=title[:200],
        text=text,
        alarms=[FLOOD] * is_flood + [alarm.pk for alarm in loudest],
        next_at=now,
        written_at=now,
    )


def _is_heard(channel: Channel, alarm: Alarm) -> bool:
    on_line = channel.line_id is None or channel.line_id == alarm.line_id
    return on_line and rules.reaches(Priority(channel.least), BY_CODE[alarm.rule].priority)


def _title(alarms: Sequence[Alarm]) -> str:
    first = alarms[0]
    more = f" (+{len(alarms) - 1})" if len(alarms) > 1 else ""
    return f"{_place(first.line)}: {BY_CODE[first.rule].priority} {_what(first)}{more}"


def _flood_title(alarms: Sequence[Alarm]) -> str:
    count = ngettext("%(n)s alarm within ten minutes", "%(n)s alarms within ten minutes", len(alarms))
    return f"{count % {'n': len(alarms)}}, {_('the loudest:')} {_title(alarms[:1])}"


def _paragraph(alarm: Alarm) -> str:
    words = alarm_words.WORDS[alarm.rule]
    owner = owners.of(alarm)
    lines = [
        f"{BY_CODE[alarm.rule].priority} {_place(alarm.line)}: {_what(alarm)}",
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
        "priority": BY_CODE[alarm.rule].priority.value,
        "state": alarm.state,
        "raised_at": alarm.raised_at.isoformat() if alarm.raised_at else None,
        "url": address(alarm),
    }


def _what(alarm: Alarm) -> str:
    what = alarm_words.what(alarm)
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
    told = Alarm.objects.filter(rule__in=URGENT, told_at__gt=now - rules.URGENT_WITHIN)
    moments = told.order_by().values_list("told_at", flat=True).distinct()
    return [moment for moment in moments if moment is not None]


def _last_told(alarms: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Return when each of some alarms was last spoken of within the hour."""
    wanted, last = set(alarms), {}
    recent = Notice.objects.filter(written_at__gt=now - timedelta(hours=1)).order_by("written_at", "pk")
    for spoken_of, at in recent.values_list("alarms", "written_at"):
        last.update(dict.fromkeys(wanted.intersection(spoken_of), at))
    return last


def _last_flood(now: datetime) -> datetime | None:
    recent = Notice.objects.filter(written_at__gt=now - timedelta(hours=1)).order_by("-written_at", "-pk")
    return next((at for spoken_of, at in recent.values_list("alarms", "written_at") if FLOOD in spoken_of), None)
