"""Windows in three tiers: minutes are written as facts come, hours and days are merged from them, old ones go."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from inspection import leftovers
from monitoring.metric_models import DAY, HOUR, MINUTE, MetricWindow
from monitoring.rules.metrics import BY_NAME, Fold
from monitoring.rules.summaries import Summary, merged
from monitoring.sources.seen import Seen

KEPT = {MINUTE: timedelta(days=2), HOUR: timedelta(days=90), DAY: timedelta(days=1100)}
LENGTH = {MINUTE: timedelta(minutes=1), HOUR: timedelta(hours=1), DAY: timedelta(days=1)}
BATCH = 400
# How much is merged at a time: a line has some fifty metrics, so an hour of a few lines ends within a minute.
ROLLED_MAX, LOOSE_MAX = 60, 4_000

_HELD = ["n", "total", "low", "high", "last", "sketch", "is_rolled"]

Key = tuple[int | None, str, datetime]


@transaction.atomic
def write(seen: Iterable[Seen], *, tier: str = MINUTE) -> int:
    """Put observations into their minutes. Return how many windows were touched.

    An hour's or a day's windows are written so only where nothing will come from the tier below.
    """
    fresh: dict[Key, Summary] = defaultdict(Summary)
    for line, metric, at, value in seen:
        fresh[line, metric, start(at, tier)].add(value, spread=BY_NAME[metric].fold == Fold.SPREAD)
    _merge_into(tier, fresh)
    return len(fresh)


def roll(*, now: datetime) -> int:
    """Merge minutes into hours and hours into days that have ended, some at a time. Return how many were written.

    Each in a transaction of its own: verdicts wait for the same lock. A window that gets a late value is merged
    again from all its parts, so rolling twice changes nothing.
    """
    return _roll(MINUTE, HOUR, now=now) + _roll(HOUR, DAY, now=now)


def prune(*, now: datetime) -> int:
    """Drop windows past their tier's life."""
    old = Q(tier=DAY, began_at__lt=now - KEPT[DAY])
    for tier in (MINUTE, HOUR):
        # What is not merged yet waits for it.
        old |= Q(tier=tier, began_at__lt=now - KEPT[tier], is_rolled=True)
    return leftovers.drop(MetricWindow.objects.filter(old))


def read(
    line: int | None, metric: str, *, since: datetime, until: datetime, tier: str
) -> list[tuple[datetime, Summary]]:
    """Return a metric's windows that began in a stretch, oldest first, those of the running hour or day included."""
    rows = MetricWindow.objects.filter(line=line, metric=metric, tier=tier, began_at__gte=since, began_at__lt=until)
    found = [(row.began_at, row.summary) for row in rows.order_by("began_at")]
    if tier == MINUTE:
        return found
    # What is not merged yet stands one tier below.
    last = found[-1][0] + LENGTH[tier] if found else since
    finer = read(line, metric, since=last, until=until, tier=MINUTE if tier == HOUR else HOUR)
    parts: dict[datetime, list[Summary]] = defaultdict(list)
    for began, summary in finer:
        parts[start(began, tier)].append(summary)
    return found + [(began, merged(of_window)) for began, of_window in sorted(parts.items())]


def newest(line: int | None, metrics: Sequence[str], *, now: datetime, minutes: int) -> dict[str, Summary]:
    """Return each metric's summary over the last minutes; a metric without a value is left out."""
    return _newest(MetricWindow.objects.filter(line=line), metrics, now=now, minutes=minutes).get(line, {})


def newest_by_line(
    lines: Sequence[int], metrics: Sequence[str], *, now: datetime, minutes: int
) -> dict[int | None, dict[str, Summary]]:
    """`newest` of many lines in one question."""
    return _newest(MetricWindow.objects.filter(line__in=lines), metrics, now=now, minutes=minutes)


def newest_of_all() -> datetime | None:
    """Return when the newest minute of anything began."""
    return MetricWindow.objects.filter(tier=MINUTE).aggregate(newest=Max("began_at"))["newest"]


def start(at: datetime, tier: str) -> datetime:
    """Return when the window began in which a moment lies; days are those of UTC."""
    minute = at.replace(second=0, microsecond=0)
    if tier == MINUTE:
        return minute
    return minute.replace(minute=0) if tier == HOUR else minute.replace(hour=0, minute=0)


def _newest(
    windows: QuerySet[MetricWindow], metrics: Sequence[str], *, now: datetime, minutes: int
) -> dict[int | None, dict[str, Summary]]:
    since = start(now, MINUTE) - timedelta(minutes=minutes - 1)
    parts: dict[int | None, dict[str, list[Summary]]] = defaultdict(lambda: defaultdict(list))
    for row in windows.filter(metric__in=metrics, tier=MINUTE, began_at__gte=since).order_by("began_at"):
        parts[row.line_id][row.metric].append(row.summary)
    return {line: {metric: merged(found) for metric, found in of_line.items()} for line, of_line in parts.items()}


def _roll(finer: str, coarser: str, *, now: datetime) -> int:
    ended = start(now, coarser)
    loose = MetricWindow.objects.filter(tier=finer, is_rolled=False, began_at__lt=ended).order_by("began_at")
    found = loose.values_list("line", "metric", "began_at")[:LOOSE_MAX]
    keys = list(dict.fromkeys((line, metric, start(began, coarser)) for line, metric, began in found))[:ROLLED_MAX]
    for key in keys:
        _roll_one(key, finer, coarser)
    return len(keys)


@transaction.atomic
def _roll_one(key: Key, finer: str, coarser: str) -> None:
    line, metric, began = key
    parts = MetricWindow.objects.filter(
        line=line, metric=metric, tier=finer, began_at__gte=began, began_at__lt=began + LENGTH[coarser]
    )
    whole = merged(row.summary for row in parts.order_by("began_at"))
    window = MetricWindow.objects.filter(line=line, metric=metric, tier=coarser, began_at=began).first()
    window = window or MetricWindow(line_id=line, metric=metric, tier=coarser, began_at=began)
    window.hold(whole)
    window.save()
    parts.update(is_rolled=True)


def _merge_into(tier: str, fresh: dict[Key, Summary]) -> None:
    known = MetricWindow.objects.select_for_update().filter(tier=tier, began_at__in={began for _, _, began in fresh})
    standing = {key: row for row in known if (key := (row.line_id, row.metric, row.began_at)) in fresh}
    changed = []
    for key, summary in fresh.items():
        row = standing.get(key)
        if row is None:
            line, metric, began = key
            row = MetricWindow(line_id=line, metric=metric, tier=tier, began_at=began)
            row.hold(summary)
        else:
            row.hold(merged((row.summary, summary)))
        changed.append(row)
    # One statement for all: an update of many rows by CASE costs five times as much.
    MetricWindow.objects.bulk_create(
        changed, batch_size=BATCH, update_conflicts=True, unique_fields=["pk"], update_fields=_HELD
    )
