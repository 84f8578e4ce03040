"""Audits of automatic decisions: what each showed, how each shift went, and what follows on the very next item."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from inspection import bulkheads
from inspection.models import Disposition, DispositionSequence, Freeze, Hold, Item, Line, Routing, Run
from inspection.rules.ladder import DISAGREEMENT_DEMOTE
from inspection.rules.shifts import shift_of
from inspection.rules.words import DECIDING, Call, Label, Level, Route
from review import amendments, watches
from review.audit_models import AuditFinding, AuditLot, MissResult, Watch, WatchChart
from review.models import Chart, Truth
from review.readings import ItemReadings
from review.rules import auditing, challenges, charts
from review.rules.auditing import AUDITED_REASONS, AuditedView, Finding, Kind, ShiftAudits
from review.rules.charts import CALL_FALL, CALL_RATE, ESCAPE, MISS, SILENCE
from stats import switching

CALLS_AT_ONCE = 500


# Findings -------------------------------------------------------------------------------------------------------


def note(run: Run, found: Sequence[ItemReadings], *, now: datetime) -> AuditFinding | None:
    """Keep what the audit of a run showed, once it is known, and let the charts hear it.

    Called wherever a reading or a ruling became final, in its transaction and under the run's lock.
    """
    if not run.drawn_audit or run.part.is_challenge:
        return None
    shown = auditing.finding([_view(reading) for reading in found])
    routing = found[0].routing if found else None
    watch = _watch_of(routing, now=now) if shown and routing else None
    if shown is None or watch is None or _is_known(run, shown):
        return None
    kept = _keep(run, watch, shown, now=now)
    amendments.ask_for_audit(kept)
    if kept.kind == Kind.AUTO_PASS:
        watches.feed(watch, ESCAPE, [(kept.pk, kept.is_bad)], now=now)
    if kept.is_critical:
        _fall(watch, reason=f"an audit found a critical escape: {kept.defect_class}", run=run, now=now)
    return kept


def _view(reading: ItemReadings) -> AuditedView:
    routing, first, known = reading.routing, reading.primary, reading.known
    differs = first is not None and routing is not None and first.label != routing.call
    return AuditedView(
        reason=routing.reason if routing else "",
        call=Call(routing.call) if routing and routing.call else None,
        first=Label(first.label) if first else None,
        ruling=known[0] if known else None,
        defect_class=first.defect_class if first else "",
        # A ruling that the draw asks for anyway is not waited for where reader and model agree.
        awaits_ruling=reading.open_cause is not None and differs and reading.physical is None,
    )


def _watch_of(routing: Routing, *, now: datetime) -> Watch | None:
    """Return the watch under which the model would have decided; the line may stand elsewhere by now.

    The line is the lock, so that findings reach the chart in the order of their ids.
    """
    line = Line.objects.select_for_update().get(pk=routing.item.line_id)
    if (line.epoch_id, line.level) == (routing.epoch_id, routing.level):
        return watches.current(line, now=now)
    mine = Watch.objects.filter(line=line, epoch=routing.epoch_id, level=routing.level)
    return mine.select_related("line").order_by("-pk").first()


def _is_known(run: Run, shown: Finding) -> bool:
    """A part that first looked right may turn out wrong later; nothing else is found twice."""
    known = set(AuditFinding.objects.filter(run=run).values_list("is_bad", flat=True))
    return shown.is_bad in known or True in known


def _keep(run: Run, watch: Watch, shown: Finding, *, now: datetime) -> AuditFinding:
    risks = dict(run.line.defect_classes.values_list("code", "risk_class"))
    shown = replace(shown, defect_class=_class_of(run, shown))
    return AuditFinding.objects.create(
        line_id=run.line_id,
        watch=watch,
        run=run,
        kind=shown.kind.value,
        is_bad=shown.is_bad,
        defect_class=shown.defect_class,
        is_critical=auditing.is_critical(shown, risks),
        found_at=now,
    )


def _class_of(run: Run, shown: Finding) -> str:
    """Return the kind of defect that stands: the adjudicator's word before the reader's."""
    if not shown.defect_class:
        return ""
    defects = Truth.objects.filter(item__run=run, label=Label.DEFECT.value).order_by("-n", "-pk")
    return defects.values_list("defect_class", flat=True).first() or shown.defect_class


def _fall(watch: Watch, *, reason: str, run: Run, now: datetime) -> None:
    line = Line.objects.select_for_update().get(pk=watch.line_id)
    if watches.is_of(watch, line):
        watches.step_down(line, reason=reason, detail={"run": str(run.pk)}, now=now)


# Known defects --------------------------------------------------------------------------------------------------


@transaction.atomic
def note_known_defect(
    line: Line, *, source: str, is_missed: bool, now: datetime, is_challenge: bool = False
) -> MissResult | None:
    """Keep whether a defect of the bank or a challenge part was passed, and let the miss chart hear it.

    `source` names the showing; the same one again changes nothing. A challenge part that was missed holds the line
    at once and contains what it passed. While a line is held, a miss is what the bands would have passed.
    None where no model decides on the line.
    """
    # The line is the lock, so that results reach the chart in the order of their ids.
    line = Line.objects.select_for_update(of=("self",)).select_related("epoch").get(pk=line.pk)
    watch = watches.current(line, now=now)
    if watch is None:
        return None
    kept, is_new = MissResult.objects.get_or_create(
        line=line, source=source, defaults={"watch": watch, "is_missed": is_missed, "shown_at": now}
    )
    if is_new:
        if is_missed and is_challenge:
            watches.hold_for_misses(watch, line, cause=f"challenge part missed: {source}", now=now)
        watches.feed(watch, MISS, [(kept.pk, is_missed)], now=now)
    return kept


# Each round -----------------------------------------------------------------------------------------------------


def follow(*, now: datetime) -> None:
    """Follow every line that decides by itself: its calls, its shifts, and people's disagreement at `assist`."""
    for line in Line.objects.filter(level__in=DECIDING, is_active=True, epoch__isnull=False):
        with bulkheads.around("follow the shifts of audits", line=line.pk):
            watch = watches.current(line, now=now)
            if watch is not None:
                _close_shift(watch, line, now=now)
    for chart in _behind():
        _hear_calls(chart, now=now)
    _fall_for_disagreement(now=now)


def _behind() -> list[WatchChart]:
    """Return the charts of calls that have parts to hear, on lines that still stand where their watch was opened."""
    numbered = DispositionSequence.objects.filter(line=OuterRef("watch__line")).values("last")
    standing = WatchChart.objects.filter(
        name__in=(SILENCE, CALL_RATE, CALL_FALL),
        closed_at=None,
        watch__level=F("watch__line__level"),
        watch__epoch=F("watch__line__epoch"),
        cursor__lt=Subquery(numbered),
    )
    return list(standing.select_related("watch").order_by("pk"))


def _fall_for_disagreement(*, now: datetime) -> None:
    """Take a line from `assist` to `shadow` when its people and its model disagree too often."""
    loud = Chart.objects.filter(
        name=Chart.DISAGREEMENT,
        w__gte=DISAGREEMENT_DEMOTE,
        epoch=F("epoch__line__epoch"),
        epoch__line__level=Level.ASSIST.value,
    )
    for chart in loud.select_related("epoch__line"):
        reason = f"disagreement chart {chart.w:.2f}, limit {DISAGREEMENT_DEMOTE:.2f}"
        watches.step_down(chart.epoch.line, reason=reason, detail={"w": chart.w, "n": chart.n}, now=now)


def _hear_calls(chart: WatchChart, *, now: datetime) -> None:
    """Let a silence or call-rate chart hear the parts that got their place in the line's sequence."""
    if chart.acted_at and not _still_stands(chart.watch, chart.name):
        chart = watches.restart(chart, now=now)
    while calls := calls_after(chart.watch, chart.cursor):
        chart = watches.feed(chart.watch, chart.name, calls, now=now) or chart


def _still_stands(watch: Watch, name: str) -> bool:
    """Whether what the chart placed is in force: once a person has lifted it, the chart begins anew."""
    if name == SILENCE:
        return Hold.objects.in_force().filter(line=watch.line_id, kind=Hold.ALARM).exists()
    cause = watches.RISE_FREEZE if name == CALL_RATE else watches.FALL_FREEZE
    return Freeze.objects.in_force().filter(line=watch.line_id, cause=cause).exists()


def calls_after(watch: Watch, sequence: int, *, until: int | None = None) -> list[watches.Item]:
    """Return the next parts by sequence: whether the model called a defect on any image, None where it said nothing."""
    settled = Disposition.objects.filter(line=watch.line_id, sequence__gt=sequence)
    if until is not None:
        settled = settled.filter(sequence__lte=until)
    following = settled.order_by("sequence").values_list("run", "sequence")[:CALLS_AT_ONCE]
    places = {run_id: place for run_id, place in following if place is not None}
    # Challenge parts are called by design: among the line's own they would hide a model that has fallen silent.
    images = Item.objects.filter(run__in=places, run__part__is_challenge=False).values_list("pk", "run")
    run_of = dict(images)
    called: dict[int, bool | None] = dict.fromkeys(places.values())
    for routing in Routing.objects.filter(item__in=run_of).only("epoch", "level", "call"):
        if routing.call and watches.is_of(watch, routing):
            place = places[run_of[routing.item_id]]
            called[place] = bool(called[place]) or routing.call == Call.DEFECT
    return sorted(called.items())


# Shifts ---------------------------------------------------------------------------------------------------------


def _close_shift(watch: Watch, line: Line, *, now: datetime) -> None:
    """When a shift has ended, judge its audits: the next shift's rate, and down where nobody audits."""
    shift = str(shift_of(line.shift_pattern, line.time_zone, now))
    if shift != watch.shift:
        _judge_shift(watch, next_shift=shift, now=now)


@transaction.atomic
def _judge_shift(watch: Watch, *, next_shift: str, now: datetime) -> None:
    line = Line.objects.select_for_update().get(pk=watch.line_id)
    if not watches.is_of(watch, line) or AuditLot.objects.filter(watch=watch, shift=watch.shift).exists():
        return
    lot = _lot(watch, now=now)
    state = _state_after(watch, lot)
    lot.state = state
    lot.save()
    Watch.objects.filter(pk=watch.pk).update(shift=next_shift, shift_began_at=now)
    watches.set_state(watch, state, now=now)
    if state == "discontinued":
        watches.step_down(line, reason="five shifts rejected under tightened audit", detail=_lots_of(watch), now=now)
    elif auditing.starvation(_starved(watch)):
        watches.step_down(line, reason="two shifts without enough audits", detail=_lots_of(watch), now=now)


def _lot(watch: Watch, *, now: datetime) -> AuditLot:
    mine = Q(epoch=watch.epoch_id, level=watch.level, item__run__part__is_challenge=False)
    routed = Routing.objects.filter(mine, routed_at__gte=watch.shift_began_at, routed_at__lt=now)
    drawn = _parts(routed.filter(item__run__drawn_audit=True, reason__in=AUDITED_REASONS))
    decided = _parts(routed.filter(route__in=[Route.AUTO_PASS.value, Route.AUTO_REJECT.value]))
    found = AuditFinding.objects.filter(watch=watch, found_at__gte=watch.shift_began_at, found_at__lt=now)
    escapes = found.filter(kind=Kind.AUTO_PASS.value, is_bad=True).count()
    closed = found.count()
    rate = auditing.AUDIT_RATES.get(watch.state, 0.0)
    shift = ShiftAudits(drawn=drawn, closed=closed, decided=decided, rate=rate)
    return AuditLot(
        watch=watch,
        shift=watch.shift,
        rate=rate,
        decided=decided,
        drawn=drawn,
        closed=closed,
        escapes=escapes,
        is_starved=auditing.is_starved(shift) or _lacks_challenges(watch, now=now),
        closed_at=now,
    )


def _lacks_challenges(watch: Watch, *, now: datetime) -> bool:
    """Whether the line has a calendar of challenge parts and too few came in the whole shift that ended."""
    line = watch.line
    began = watch.shift_began_at
    if not line.challenge_calendars.filter(set_at__lte=began).exists() or began == watch.opened_at:
        return False
    shown = line.challenge_showings.filter(shown_at__gte=began, shown_at__lt=now).count()
    return challenges.is_starved(shown)


def _parts(routed) -> int:
    return routed.order_by().values("item__run").distinct().count()


def _state_after(watch: Watch, lot: AuditLot) -> str:
    """Return the state that the switching rules give after this lot; a lot without audits is no lot."""
    if not lot.closed:
        return watch.state
    before = AuditLot.objects.filter(watch=watch, closed__gt=0, closed_at__gt=watch.switched_at)
    escapes = [*before.order_by("closed_at", "pk").values_list("escapes", flat=True), lot.escapes]
    return switching.levels(escapes, start="tightened")[-1]


def _starved(watch: Watch) -> list[bool]:
    had_audits = Q(drawn__gt=0) | Q(is_starved=True)
    lots = AuditLot.objects.filter(had_audits, watch=watch).order_by("closed_at", "pk")
    return list(lots.values_list("is_starved", flat=True))


def _lots_of(watch: Watch) -> dict[str, object]:
    lots = AuditLot.objects.filter(watch=watch).order_by("-closed_at", "-pk")[:10]
    return {"lots": [[lot.shift, lot.drawn, lot.closed, lot.escapes] for lot in lots]}


# Recounting -----------------------------------------------------------------------------------------------------


def recompute(chart: WatchChart) -> tuple[float, int, int]:
    """Return W, items and bad ones of a chart, walked again from the rows it was fed from."""
    items = _history_of(chart)
    moved = charts.move(chart.name, watches.limits_of(chart), 0.0, items)
    return moved.w, len(items), moved.bad


def _history_of(chart: WatchChart) -> list[bool]:
    seen = Q(watch=chart.watch_id, pk__gt=chart.first, pk__lte=chart.cursor)
    if chart.name == ESCAPE:
        found = AuditFinding.objects.filter(seen, kind=Kind.AUTO_PASS.value)
        return list(found.order_by("pk").values_list("is_bad", flat=True))
    if chart.name == MISS:
        return list(MissResult.objects.filter(seen).order_by("pk").values_list("is_missed", flat=True))
    items: list[bool] = []
    place = chart.first
    while calls := calls_after(chart.watch, place, until=chart.cursor):
        items += [called for _, called in calls if called is not None]
        place = calls[-1][0]
    return items
