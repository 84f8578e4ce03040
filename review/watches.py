"""What watches a line that decides by itself: one watch per stretch on a rung, and its charts.

A chart that reaches its limit acts in the transaction of the item that took it there, so the next item meets the
lower level or the hold.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from django.db import transaction

from inspection import automation
from inspection.models import DispositionSequence, Epoch, Hold, LevelChange, Line, Prediction, Routing, User
from inspection.rules.shifts import shift_of
from inspection.rules.words import DECIDING, Call, Level
from review import containment
from review.audit_models import Watch, WatchChart
from review.rules import charts
from review.rules.auditing import AUDIT_RATES
from review.rules.charts import CALL_FALL, CALL_RATE, ESCAPE, MISS, SILENCE, Limits

REFERENCE_ITEMS = 5000
REFERENCE_MIN = 200
ESCAPE_FREEZE, RISE_FREEZE, FALL_FREEZE = "escape-chart", "call-rate", "call-fall"

Item = tuple[int, bool | None]


def current(line: Line, *, now: datetime) -> Watch | None:
    """Return the watch of the stretch that the line is in, opened now if it is new. None where people decide."""
    if line.level not in DECIDING or line.epoch_id is None:
        return None
    newest = _newest(line)
    return newest if newest and is_of(newest, line) else _open(line, now=now)


def standing(line: Line) -> Watch | None:
    """Return the watch of the stretch that the line is in if a round has opened it: for pages, which change nothing."""
    newest = _newest(line) if line.level in DECIDING else None
    return newest if newest and is_of(newest, line) else None


@dataclass(frozen=True)
class Calm:
    """How quiet a line's charts are: W and warn level of each, and for how many days none of them has warned."""

    charts: dict[str, tuple[float, float]]
    quiet_days: float | None


def calm(line: Line, *, now: datetime) -> Calm:
    """Return what a gate asks of the charts. Nothing where no watch is open: that is no quiet."""
    watch = standing(line)
    if watch is None:
        return Calm({}, None)
    charts_of_watch = list(WatchChart.objects.filter(watch=watch).order_by("pk"))
    last = max([watch.opened_at, *(chart.warned_at for chart in charts_of_watch if chart.warned_at)])
    open_ones = {chart.name: (chart.w, chart.warn) for chart in charts_of_watch if chart.closed_at is None}
    return Calm(open_ones, (now - last).total_seconds() / 86400)


def is_of(watch: Watch, one: Line | Routing) -> bool:
    """Say whether the line still is where this watch was opened, or whether an image was routed there."""
    return (watch.epoch_id, watch.level) == (one.epoch_id, one.level)


def tighten(watch: Watch, *, now: datetime) -> None:
    """Audit at the tightened rate from the next part on; the way back counts from here."""
    set_state(watch, "tightened", now=now)
    Watch.objects.filter(pk=watch.pk).update(switched_at=now)
    watch.switched_at = now


def set_state(watch: Watch, state: str, *, now: datetime) -> None:
    """Put the audit into a state and the line's draws to its rate."""
    Watch.objects.filter(pk=watch.pk).update(state=state)
    watch.state = state
    if state in AUDIT_RATES:
        Line.objects.filter(pk=watch.line_id).update(audit_share=AUDIT_RATES[state])


# Charts ---------------------------------------------------------------------------------------------------------


def chart_of(watch: Watch, name: str) -> WatchChart | None:
    """Return the watch's standing chart of a name, locked until the transaction ends; None where it has none."""
    charts_of_watch = WatchChart.objects.select_for_update(of=("self",)).select_related("watch__line")
    return charts_of_watch.filter(watch=watch, name=name, closed_at=None).first()


@transaction.atomic
def feed(watch: Watch, name: str, items: Sequence[Item], *, now: datetime) -> WatchChart | None:
    """Move a chart over items, each with its place in history, and act where it crosses a limit.

    Items at or before the chart's place are left out: feeding twice is feeding once. An item that says nothing
    (None) moves the place alone.
    """
    chart = chart_of(watch, name)
    fresh = [(place, bad) for place, bad in items if chart and place > chart.cursor]
    if chart is None or not fresh:
        return chart
    heard = [bad for _, bad in fresh if bad is not None]
    moved = charts.move(name, limits_of(chart), chart.w, heard)
    chart.w, chart.cursor = moved.w, fresh[-1][0]
    chart.n, chart.bad = chart.n + len(heard), chart.bad + moved.bad
    chart.warned_at = now if moved.warned else chart.warned_at
    chart.acted_at = now if moved.acted else chart.acted_at
    chart.save(update_fields=["w", "cursor", "n", "bad", "warned_at", "acted_at"])
    line = Line.objects.select_for_update().get(pk=watch.line_id)
    if is_of(watch, line):
        _react(chart, line, moved, now=now)
    return chart


def limits_of(chart: WatchChart) -> Limits:
    return Limits(p0=chart.p0, p1=chart.p1, warn=chart.warn, act=chart.act)


def restart(chart: WatchChart, *, now: datetime) -> WatchChart:
    """Begin a chart anew behind the last item it has seen."""
    WatchChart.objects.filter(pk=chart.pk).update(closed_at=now)
    return _chart(chart.watch, chart.name, limits_of(chart), place=chart.cursor, now=now)


@transaction.atomic
def step_down(line: Line, *, reason: str, detail: dict[str, object], now: datetime) -> LevelChange | None:
    """Take the line one rung down by rule, from the next item on.

    None where it has no rung below, or no longer stands where the rule has seen it.
    """
    standing = Line.objects.select_for_update().get(pk=line.pk)
    below = Level(line.level).below
    if below is None or (standing.epoch_id, standing.level) != (line.epoch_id, line.level):
        return None
    return lower(line, to_level=below, by=None, reason=reason, now=now, detail=detail)


@transaction.atomic
def lower(
    line: Line, *, to_level: Level, by: User | None, reason: str, now: datetime, detail: dict[str, object] | None = None
) -> LevelChange:
    """Take the line down, by a person or by rule. Raises automation.LevelOrder.

    Where the model decided, what it has passed since its audits were last good is contained, whoever lowers.
    """
    _contain(line, cause=reason, by=by, now=now)
    return automation.lower(line, to_level=to_level, by=by, reason=reason, now=now, detail=detail)


@transaction.atomic
def stop(line: Line, *, by: User, reason: str, now: datetime) -> Hold:
    """Give everything to people from the next item on; contains as `lower` does. Raises automation.AlreadyStopped."""
    placed = automation.stop(line, by=by, reason=reason, now=now)
    _contain(line, cause=reason, by=by, now=now)
    return placed


def hold_for_misses(watch: Watch, line: Line, *, cause: str, now: datetime) -> None:
    """Give the line's parts to people until somebody has looked, and contain what it passed before."""
    automation.place_hold(line, kind=Hold.CHALLENGE, reason=f"{cause[:1].upper()}{cause[1:]}.", now=now)
    containment.open_for(line, cause=cause, watch=watch, now=now)


def _contain(line: Line, *, cause: str, by: User | None, now: datetime) -> None:
    standing_line = Line.objects.select_for_update().get(pk=line.pk)
    if standing_line.level in DECIDING:
        containment.open_for(standing_line, cause=cause, by=by, watch=standing(standing_line), now=now)


def _react(chart: WatchChart, line: Line, moved: charts.Moved, *, now: datetime) -> None:
    """Do what the chart's crossing asks for."""
    sentence = f"{chart.name.replace('_', ' ')} chart {chart.w:.2f}, limit {chart.act:.2f}"
    if moved.acted and chart.name in (ESCAPE, MISS):
        step_down(line, reason=sentence, detail=_detail(chart), now=now)
    elif moved.acted and chart.name == SILENCE:
        automation.place_hold(line, kind=Hold.ALARM, reason=f"Too few defect calls: {sentence}.", now=now)
    elif moved.acted and chart.name == CALL_RATE:
        _warn(chart.watch, line, cause=RISE_FREEZE, reason=f"Too many defect calls: {sentence}.", now=now)
    elif moved.acted and chart.name == CALL_FALL:
        _warn(chart.watch, line, cause=FALL_FREEZE, reason=f"Fewer defect calls than ever: {sentence}.", now=now)
    elif moved.warned and chart.name == ESCAPE:
        _warn(chart.watch, line, cause=ESCAPE_FREEZE, reason=f"Audits find escapes: {sentence}.", now=now)
    elif moved.warned and chart.name == MISS:
        hold_for_misses(chart.watch, line, cause=f"known defects were passed: {sentence}", now=now)
    elif moved.calmed and chart.name == ESCAPE:
        automation.thaw(line, cause=ESCAPE_FREEZE, now=now)


def _warn(watch: Watch, line: Line, *, cause: str, reason: str, now: datetime) -> None:
    tighten(watch, now=now)
    automation.freeze(line, cause=cause, reason=reason, now=now)


def _detail(chart: WatchChart) -> dict[str, object]:
    """Return what the decision rests on, so that it can be made again from its row."""
    facts = asdict(limits_of(chart))
    return {"chart": chart.name, "w": chart.w, "n": chart.n, "bad": chart.bad, "cursor": chart.cursor, **facts}


# Opening --------------------------------------------------------------------------------------------------------


def _newest(line: Line) -> Watch | None:
    return Watch.objects.filter(line=line).select_related("line", "epoch").order_by("-pk").first()


@transaction.atomic
def _open(line: Line, *, now: datetime) -> Watch:
    """Open the watch of a stretch: references frozen, charts at nothing, audits tightened."""
    line = Line.objects.select_for_update(of=("self",)).select_related("epoch", "bands").get(pk=line.pk)
    newest = _newest(line)
    if newest and is_of(newest, line):
        return newest
    passed, called = _reference(line)
    watch = Watch.objects.create(
        line=line,
        epoch=cast(Epoch, line.epoch),
        level=line.level,
        opened_at=now,
        shift=str(shift_of(line.shift_pattern, line.time_zone, now)),
        shift_began_at=now,
        state="tightened",
        switched_at=now,
        target_ppm=line.target_escape_ppm,
        auto_pass_share=passed or 1.0,
        call_rate=called or None,
    )
    tighten(watch, now=now)
    for cause in (ESCAPE_FREEZE, RISE_FREEZE, FALL_FREEZE):
        automation.thaw(line, cause=cause, now=now)
    _open_charts(watch, now=now)
    return watch


def _open_charts(watch: Watch, *, now: datetime) -> None:
    sequence = DispositionSequence.objects.filter(line=watch.line_id).values_list("last", flat=True).first() or 0
    _chart(watch, ESCAPE, charts.escape_limits(watch.target_ppm, watch.auto_pass_share), place=0, now=now)
    _chart(watch, MISS, charts.miss_limits(), place=0, now=now)
    if watch.call_rate:
        _chart(watch, SILENCE, charts.silence_limits(watch.call_rate), place=sequence, now=now)
        _chart(watch, CALL_FALL, charts.fall_limits(watch.call_rate), place=sequence, now=now)
        rise = charts.rise_limits(watch.call_rate)
        if rise is not None:
            _chart(watch, CALL_RATE, rise, place=sequence, now=now)


def _chart(watch: Watch, name: str, limits: Limits, *, place: int, now: datetime) -> WatchChart:
    return WatchChart.objects.create(watch=watch, name=name, first=place, cursor=place, opened_at=now, **asdict(limits))


def _reference(line: Line) -> tuple[float, float]:
    """Return the share that the bands would have passed and the rate of defect calls, over the model's last items."""
    said = Prediction.objects.filter(item__line=line, model_version__epochs=line.epoch_id)
    last = list(said.order_by("-created_at", "-pk").values_list("probability", "call")[:REFERENCE_ITEMS])
    if len(last) < REFERENCE_MIN:
        return 0.0, 0.0
    t_lo = line.bands.t_lo if line.bands else None
    passed = sum(t_lo is not None and probability <= t_lo for probability, _ in last)
    return passed / len(last), sum(call == Call.DEFECT for _, call in last) / len(last)
