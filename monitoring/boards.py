"""What the monitoring pages show: tiles of metrics, rows of alarms, alarm health. Plain values for templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from inspection import certificates
from inspection.models import Line, User
from inspection.permissions import lines_for, roles_of
from inspection.rules.words import Role
from monitoring import alarm_settings, owners, rollups, series
from monitoring.alarm_models import UNSEEN, AlarmQuerySet
from monitoring.alarm_words import STATES, WORDS, number, what
from monitoring.metric_models import MINUTE, MetricWindow
from monitoring.metric_words import METRIC_OF, NAMES
from monitoring.models import Alarm, AlarmChange
from monitoring.rules.alarm_rules import BY_CODE, Rule
from monitoring.rules.alarms import (
    AN_HOUR_AT_MOST,
    FLAP_MORE_THAN,
    FLAP_WITHIN,
    FLOOD_MORE_THAN,
    FLOOD_WITHIN,
    STALE_AFTER,
    Event,
    State,
    share_in_flood,
    share_of_loudest,
)
from monitoring.rules.metrics import METRICS, Kind, Metric
from monitoring.rules.summaries import Summary
from vision.envelope import EMBEDDING, Departure

LISTED_MAX = 500
STALE_S = 60
# A metric without a value for so long is not measured on this line just now.
SILENT = timedelta(minutes=60)
TILES = {
    Kind.SOFTWARE: ("stage_p95", "predict_ms", "queue_age", "loop_wait", "model_errors", "missing_predictions"),
    Kind.INPUT: ("p99_luminance", "brightness", "contrast", "sharpness", "missing_views"),
    Kind.OUTPUT: ("call_rate", "score", "decided_alone", "missed", "overkill"),
}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One metric in a row: its name, newest value, the last hour as a line, and whether it is stale.

    `limits` are that of an alarm and the range that is certified, as far as there are any.
    """

    metric: Metric
    word: str
    value: str
    values: list[float | None]
    """A value a minute, None where nothing was measured."""
    limits: list[str]
    stale_s: float | None
    state: str
    failures: list[str]


@dataclass(frozen=True, kw_only=True)
class AlarmRow:
    """One alarm as a list shows it."""

    alarm: Alarm
    priority: str
    what: str
    state: str
    unacknowledged: bool
    consequence: str
    todo: str
    beneath: int
    more: str
    owner: str

    @property
    def can_be_shelved(self) -> bool:
        return self.alarm.state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED)


@dataclass(frozen=True, kw_only=True)
class AlarmHealth:
    """How well the alarms of the last day served: too many ask for nothing.

    `flood_share` of them came in a flood, `loudest_share` from the ten alarms that came most often; None without any.
    """

    an_hour: float
    is_loud: bool
    flood_share: float | None
    loudest_share: float | None
    in_flood: bool
    stale: int
    chattering: int
    shelved: int


def tiles(line: Line | None, names: Sequence[str], *, now: datetime, failures: bool = False) -> list[Tile]:
    """Return a tile for each metric that was seen within the hour."""
    since = rollups.start(now, MINUTE) - SILENT
    rows = MetricWindow.objects.filter(line=line, metric__in=names, tier=MINUTE, began_at__gte=since)
    found: dict[str, list[MetricWindow]] = {}
    for row in rows.defer("sketch").order_by("began_at"):
        found.setdefault(row.metric, []).append(row)
    watched = owners.failures(line) if line is not None and failures else {}
    raised = {BY_CODE[alarm.rule].metric: alarm for alarm in Alarm.objects.filter(line=line, is_on=True)}
    limits, certified = _limits(line, raised), _certified(line)
    return [
        _tile(
            metric,
            found[metric.name],
            raised.get(metric.name),
            limits,
            certified.get(metric.name),
            watched.get(metric.name, []),
            now=now,
        )
        for metric in METRICS
        if metric.name in found
    ]


def alarms_for(user) -> AlarmQuerySet:
    """Return the alarms that a person answers for: of the lines they lead, and of the installation."""
    return Alarm.objects.filter(_answered_by(user)).select_related("line", "handled_by", "suppressed_by")


def changes_for(user) -> QuerySet[AlarmChange]:
    """Return what happened to the alarms that a person answers for."""
    return AlarmChange.objects.filter(_answered_by(user, "alarm__"))


def rows(alarms: Iterable[Alarm]) -> list[AlarmRow]:
    """Return alarms as a list shows them, in the order given. What another explains is counted beneath it."""
    alarms = list(alarms)
    answering = owners.of_all(alarms)
    return [_alarm_row(alarm, answering[alarm.pk]) for alarm in alarms]


def active(alarms: AlarmQuerySet) -> AlarmQuerySet:
    """Return the active alarms, loudest first, each with how many it explains."""
    explained = Count("beneath", filter=Q(beneath__state=State.SUPPRESSED.value))
    return alarms.unexplained().annotate(beneath_count=explained).by_loudness()


def collapsed(alarms: AlarmQuerySet) -> list[AlarmRow]:
    """Return the loudest of each kind, with how many more stand behind it or are explained by one of them."""
    explained = alarms.filter(state=State.SUPPRESSED.value, suppressed_by__isnull=False)
    counted = explained.order_by().values("suppressed_by__rule").annotate(count=Count("pk"))
    beneath = dict(counted.values_list("suppressed_by__rule", "count"))
    firsts = list(alarms.unexplained().first_of_each_rule())
    behind = {alarm.pk: alarm.alike - 1 + beneath.get(alarm.rule, 0) for alarm in firsts}
    return [replace(row, beneath=behind[row.alarm.pk], more=_kind_address(row.alarm)) for row in rows(firsts)]


def of_kind(alarms: AlarmQuerySet, rule: str) -> list[AlarmRow]:
    """Return the alarms of one kind and what they explain, loudest first, so many at most."""
    return rows(alarms.of_kind(rule).by_loudness()[:LISTED_MAX])


def health(user, *, now: datetime) -> AlarmHealth:
    """Return how loud and how useful the alarms of the last day were."""
    day = changes_for(user).filter(event=Event.RAISED.value, changed_at__gt=now - timedelta(days=1))
    last_hour = day.filter(changed_at__gt=now - FLAP_WITHIN)
    standing = _asking(day.filter(changed_at__gt=now - FLOOD_WITHIN))
    flapping = last_hour.order_by().values("alarm").annotate(times=Count("pk")).filter(times__gt=FLAP_MORE_THAN)
    stale = Count("pk", filter=Q(is_on=True, raised_at__lt=now - STALE_AFTER))
    shelved = Count("pk", filter=Q(state=State.SHELVED.value))
    raised = list(day.values_list("alarm", "changed_at"))
    return AlarmHealth(
        an_hour=len(raised) / 24,
        is_loud=len(raised) / 24 > AN_HOUR_AT_MOST,
        flood_share=share_in_flood([at for _, at in raised]),
        loudest_share=share_of_loudest([alarm for alarm, _ in raised]),
        in_flood=standing[: FLOOD_MORE_THAN + 1].count() > FLOOD_MORE_THAN,
        chattering=flapping.count(),
        **Alarm.objects.filter(_answered_by(user)).aggregate(stale=stale, shelved=shelved),
    )


def by_kind(all_tiles: Iterable[Tile]) -> dict[Kind, list[Tile]]:
    kinds: dict[Kind, list[Tile]] = {kind: [] for kind in (Kind.INPUT, Kind.OUTPUT, Kind.SOFTWARE)}
    for tile in all_tiles:
        kinds[tile.metric.kind].append(tile)
    return kinds


def _asking(raises: QuerySet[AlarmChange]) -> QuerySet[AlarmChange]:
    """Return the raises that asked somebody: not those put aside, nor those that another alarm was found to explain."""
    explained = AlarmChange.objects.filter(alarm=OuterRef("alarm"), pk__gt=OuterRef("pk"), event=Event.SUPPRESSED.value)
    return raises.exclude(state__in=[state.value for state in State if state.is_aside]).exclude(Exists(explained))


def _answered_by(user, alarm: str = "") -> Q:
    mine = Q(**{f"{alarm}line__in": lines_for(user, Role.QA_LEAD, Role.ADMINISTRATOR)})
    if roles_of(user) & {Role.QA_LEAD, Role.ADMINISTRATOR}:
        mine |= Q(**{f"{alarm}line": None})
    return mine


def _tile(
    metric: Metric,
    windows: list[MetricWindow],
    alarm: Alarm | None,
    limits: dict[str, str],
    certified: tuple[float, float] | None,
    failures,
    *,
    now: datetime,
) -> Tile:
    newest = series.headline(metric, _plain(windows[-1]))
    # A minute's window is as old as its end.
    age = (now - windows[-1].began_at).total_seconds() - 60
    state = _left(certified, newest)
    if alarm is not None and state != "crit":
        state = "crit" if alarm.priority == "P1" else "warn"
    said = [limits.get(metric.name), _span(metric.name, *certified) if certified else ""]
    return Tile(
        metric=metric,
        word=str(NAMES[metric.name]),
        value=number(metric.name, newest),
        values=_by_minute(metric, windows),
        limits=[one for one in said if one],
        stale_s=age if age > STALE_S else None,
        state=state,
        failures=[mode.local_failure for mode in failures],
    )


def _by_minute(metric: Metric, windows: list[MetricWindow]) -> list[float | None]:
    first, last = windows[0].began_at, windows[-1].began_at
    values: list[float | None] = [None] * (int((last - first).total_seconds()) // 60 + 1)
    for window in windows:
        values[int((window.began_at - first).total_seconds()) // 60] = series.headline(metric, _plain(window))
    return values


def _plain(window: MetricWindow):
    """Return the summary without its sketch: a headline needs none."""
    return Summary(window.n, window.total, window.low, window.high, window.last)


def _limits(line: Line | None, raised: Mapping[str, Alarm]) -> dict[str, str]:
    """Return the limit of each metric: that of the alarm that is raised, else that of its first rule."""
    in_force = {rule.code: rule for rule in alarm_settings.in_force(line)}
    said = {rule.metric: _limit(rule) for rule in reversed(in_force.values())}
    standing = {metric: alarm.rule for metric, alarm in raised.items() if alarm.rule in in_force}
    return said | {metric: _limit(in_force[code]) for metric, code in standing.items()}


def _certified(line: Line | None) -> dict[str, tuple[float, float]]:
    """Return between what each measure of the images lay when the model was certified; nothing without bands."""
    bands = certificates.standing(line, line.present_epoch.model_version_id) if line and line.epoch else None
    spans = certificates.band_of(bands).envelope if bands else {}
    return {METRIC_OF.get(name, name): span for name, span in spans.items() if name != EMBEDDING}


def _left(certified: tuple[float, float] | None, value: float) -> str:
    """Tell a value outside what is certified from one far outside, as the routing of a single image does."""
    if certified is None or certified[0] <= value <= certified[1]:
        return ""
    return "crit" if Departure("", value, *certified).is_far else "warn"


def _span(metric: str, low: float, high: float) -> str:
    return f"{number(metric, low)}–{number(metric, high)}"


def _limit(rule: Rule) -> str:
    return f"{'≤' if rule.limits.is_above else '≥'} {number(rule.metric, rule.limits.raise_at)}"


def _kind_address(alarm: Alarm) -> str:
    return f"{reverse('alarms')}?{urlencode({'kind': alarm.rule})}"


def _alarm_row(alarm: Alarm, answering: Sequence[User]) -> AlarmRow:
    words = WORDS[alarm.rule]
    beneath = getattr(alarm, "beneath_count", 0)
    return AlarmRow(
        alarm=alarm,
        priority=alarm.priority.value,
        what=what(alarm),
        state=_state(alarm),
        unacknowledged=alarm.state in UNSEEN,
        consequence=str(words.consequence),
        todo=str(words.todo),
        beneath=beneath,
        more=reverse("alarm", args=[alarm.pk]) + "#beneath",
        owner=owners.named(answering),
    )


def _state(alarm: Alarm) -> str:
    said = str(STATES[State(alarm.state)])
    if alarm.handled_by and alarm.state in (State.ACKNOWLEDGED, State.SHELVED):
        return _("%(state)s by %(name)s") % {"state": said, "name": alarm.handled_by}
    return said
