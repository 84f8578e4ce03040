"""What the streams of an epoch hold: a delta row per final call or ruling, folded each second, read as fold + tail."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from inspection.models import Epoch, Run
from inspection.rules.ladder import DISAGREEMENT_R0, DISAGREEMENT_R1
from inspection.rules.shifts import shift_of
from inspection.rules.words import Stream
from review import readings
from review.models import Chart, Count, CountDelta
from review.readings import ItemReadings
from review.rules import counting
from review.rules.counting import Tally
from stats import cusum

FOLD_MAX = 2000
RECOUNT_BATCH = 200
_NOTHING = Tally()


@dataclass(frozen=True, kw_only=True)
class Sums:
    """One stream of one epoch: parts that succeeded and failed, cells, and how broad the evidence is.

    Cells are row x column: model (incumbent, first reader) x reference, p = pass, d = defect. A failure without a
    cell waits for a ruling, or nobody could judge.
    """

    s: int = 0
    f: int = 0
    pp: int = 0
    pd: int = 0
    dp: int = 0
    dd: int = 0
    shifts: int = 0
    days: int = 0
    people: int = 0


_TALLY = Tally._fields


@dataclass(frozen=True)
class _Place:
    """Where a run's evidence belongs."""

    stream: Stream
    shift: str
    person_id: int | None


# Writing --------------------------------------------------------------------------------------------------------


def lock(run: Run) -> None:
    """Take the run for this transaction: a ruling and the finaliser never write the same difference twice."""
    Run.objects.select_for_update(no_key=True).values_list("pk").get(pk=run.pk)


def count_run(run: Run, found: list[ItemReadings], *, cause: str, now: datetime) -> None:
    """Write what the run adds to its streams beyond what was written before: nothing when nothing changed.

    `found` are the run's readings, read after `lock`. `cause` names the call or ruling that asks. A run that is not
    whole adds nothing yet. The first count of a run moves the disagreement chart of its epoch.
    """
    due = _due(run, found)
    written = _written(run)
    changes = {place: tally.minus(written.get(place.stream, _NOTHING)) for place, tally in due.items()}
    for stream in written.keys() - {place.stream for place in due}:
        changes[_place_of(run, stream)] = _NOTHING.minus(written[stream])
    CountDelta.objects.bulk_create(
        _delta(run, place, change, cause=cause, now=now) for place, change in changes.items() if any(change)
    )
    if Stream.AGREEMENT not in written:
        _chart(run.epoch_id, [tally for place, tally in due.items() if place.stream == Stream.AGREEMENT], now=now)


def backfill(runs: Iterable[Run]) -> None:
    """Count runs that were loaded whole, as the finaliser and the rulings would have, in the order given."""
    by_run = {run.pk: run for run in runs}
    charted: dict[int, list[Tally]] = defaultdict(list)
    deltas = []
    for run_id, found in readings.of_runs(by_run.values()).items():
        run = by_run[run_id]
        for place, tally in _due(run, found).items():
            deltas.append(_delta(run, place, tally, cause="loaded", now=run.opened_at))
            if place.stream == Stream.AGREEMENT:
                charted[run.epoch_id].append(tally)
    CountDelta.objects.bulk_create(deltas)
    for epoch_id, tallies in charted.items():
        _chart(epoch_id, tallies, now=max(run.opened_at for run in by_run.values()))


def _delta(run: Run, place: _Place, change: Tally, *, cause: str, now: datetime) -> CountDelta:
    return CountDelta(
        line_id=run.line_id,
        epoch_id=run.epoch_id,
        run=run,
        stream=place.stream.value,
        cause=cause,
        shift=place.shift,
        person_id=place.person_id,
        created_at=now,
        **change._asdict(),
    )


def _due(run: Run, found: list[ItemReadings]) -> dict[_Place, Tally]:
    """Return what a run adds to each stream, empty while it is not whole."""
    if not readings.is_whole(run, found):
        return {}
    tallies = counting.tallies([reading.view() for reading in found], drawn_truth=run.drawn_truth)
    shift = str(shift_of(run.line.shift_pattern, run.line.time_zone, run.opened_at))
    person_id = found[0].first.person_id
    return {_Place(stream, shift, person_id): tally for stream, tally in tallies.items()}


def _written(run: Run) -> dict[Stream, Tally]:
    rows = CountDelta.objects.filter(run=run).order_by().values("stream")
    totals = rows.annotate(**{f"{name}_": Sum(name) for name in _TALLY})
    listed = totals.values_list("stream", *(f"{name}_" for name in _TALLY))
    return {Stream(stream): Tally(*numbers) for stream, *numbers in listed}


def _place_of(run: Run, stream: Stream) -> _Place:
    first = CountDelta.objects.filter(run=run, stream=stream.value).order_by("pk")[0]
    return _Place(stream, first.shift, first.person_id)


def _chart(epoch_id: int, tallies: list[Tally], *, now: datetime) -> None:
    for tally in tallies:
        chart, _ = Chart.objects.select_for_update().get_or_create(
            epoch_id=epoch_id, name=Chart.DISAGREEMENT, defaults={"updated_at": now}
        )
        chart.w = cusum.step(chart.w, bool(tally.f), DISAGREEMENT_R0, DISAGREEMENT_R1)
        chart.n, chart.updated_at = chart.n + 1, now
        chart.save(update_fields=["w", "n", "updated_at"])


# Folding and reading --------------------------------------------------------------------------------------------


@transaction.atomic
def fold(*, now: datetime) -> int:
    """Add the deltas that are not folded yet to the counts. Return how many were folded."""
    tail = CountDelta.objects.select_for_update(skip_locked=True).filter(folded_at=None)
    rows = list(tail.order_by("pk")[:FOLD_MAX])
    totals: dict[tuple, Counter] = defaultdict(Counter)
    for row in rows:
        place = (row.line_id, row.epoch_id, row.stream, row.shift, row.person_id)
        totals[place].update({name: getattr(row, name) for name in _TALLY})
    # In one order everywhere: two folders by mistake wait for each other, never in a circle.
    for place in sorted(totals, key=str):
        _add(*place, total=totals[place])
    CountDelta.objects.filter(pk__in=[row.pk for row in rows]).update(folded_at=now)
    return len(rows)


def _add(line_id: int, epoch_id: int, stream: str, shift: str, person_id: int | None, *, total: Counter) -> None:
    count, _ = Count.objects.get_or_create(
        line_id=line_id, epoch_id=epoch_id, stream=stream, shift=shift, person_id=person_id
    )
    Count.objects.filter(pk=count.pk).update(**{name: F(name) + total[name] for name in _TALLY})


def sums(epoch: Epoch, stream: Stream) -> Sums:
    """Return fold + tail of one stream, read in one statement so that nothing is counted twice or missed."""
    folded = _grouped(Count.objects.filter(epoch=epoch, stream=stream.value))
    tail = _grouped(CountDelta.objects.filter(epoch=epoch, stream=stream.value, folded_at=None))
    places: dict[tuple, Counter] = defaultdict(Counter)
    for shift, person, *numbers in folded.union(tail, all=True):
        places[shift, person].update(dict(zip(_TALLY, numbers, strict=True)))
    return _total(places)


def _grouped(rows: QuerySet) -> QuerySet:
    return (
        rows.order_by()
        .values("shift", "person")
        .annotate(**{f"{name}_": Sum(name) for name in _TALLY})
        .values_list("shift", "person", *(f"{name}_" for name in _TALLY))
    )


def _total(places: dict[tuple, Counter]) -> Sums:
    total: Counter[str] = Counter()
    for counted in places.values():
        total.update(counted)
    held = [place for place, counted in places.items() if counted["s"] or counted["f"]]
    return Sums(
        **{name: total[name] for name in _TALLY},
        shifts=len({shift for shift, _ in held}),
        days=len({shift.partition("/")[0] for shift, _ in held}),
        people=len({person for _, person in held}),
    )


# Recounting -----------------------------------------------------------------------------------------------------


def recompute(epoch: Epoch) -> dict[Stream, Sums]:
    """Return the sums of every stream, recounted from calls, predictions and rulings alone."""
    streams: dict[Stream, dict[tuple, Counter]] = {stream: defaultdict(Counter) for stream in Stream}
    runs = Run.objects.filter(epoch=epoch).select_related("epoch", "line").order_by("pk")
    for batch in _batches(runs.iterator(RECOUNT_BATCH), RECOUNT_BATCH):
        for run_id, found in readings.of_runs(batch).items():
            run = next(run for run in batch if run.pk == run_id)
            for place, tally in _due(run, found).items():
                streams[place.stream][place.shift, place.person_id].update(tally._asdict())
    return {stream: _total(places) for stream, places in streams.items()}


def _batches(runs: Iterable[Run], size: int) -> Iterator[list[Run]]:
    batch: list[Run] = []
    for run in runs:
        batch.append(run)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
