"""What the streams of an epoch hold: a delta row per final call or ruling, folded each second, read as fold + tail."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from inspection.models import Bands, Epoch, Run
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
class Place:
    """Where a run's evidence belongs. Streams of the policy belong to their bands, its defects to their class."""

    stream: str
    shift: str
    person_id: int | None
    bands_id: int | None = None
    defect_class: str = ""


_PLACE = ("stream", "shift", "person_id", "bands_id", "defect_class")


@dataclass(frozen=True)
class Ledger:
    """All that was counted in one epoch, by place: what reports and gates read, in one statement."""

    places: dict[Place, Tally]

    def sums(self, stream: Stream, *, bands: Bands | None = None) -> Sums:
        """Return one stream. A stream of the policy is that of certain bands: without any it is empty."""
        return _total(self._of(stream, bands))

    def by_class(self, stream: Stream, *, bands: Bands | None) -> dict[str, Sums]:
        """Return one stream by the defect class of its parts."""
        places = self._of(stream, bands)
        classes = sorted({place.defect_class for place in places})
        return {code: _total({p: t for p, t in places.items() if p.defect_class == code}) for code in classes}

    def places_of(self, stream: Stream) -> dict[Place, Tally]:
        """Return one stream place by place, under whatever bands; places whose parts were all taken back are none."""
        return {place: tally for place, tally in self.places.items() if place.stream == stream and any(tally)}

    def _of(self, stream: Stream, bands: Bands | None) -> dict[Place, Tally]:
        bands_id = bands.pk if bands else None
        if stream.is_of_policy and bands_id is None:
            return {}
        of_policy = bands_id if stream.is_of_policy else None
        return {p: t for p, t in self.places.items() if p.stream == stream and p.bands_id == of_policy}


# Writing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted:
    """A run with its readings, read after `lock`, and the name of the call or ruling that asks for the count."""

    run: Run
    found: list[ItemReadings]
    cause: str


def lock(runs: Iterable[Run]) -> None:
    """Take the runs for this transaction: a ruling and the finaliser never write the same difference twice."""
    # In one order everywhere: two who take several wait for each other, never in a circle.
    taken = Run.objects.select_for_update(no_key=True).filter(pk__in=[run.pk for run in runs])
    list(taken.order_by("pk").values_list("pk"))


def count_run(run: Run, found: list[ItemReadings], *, cause: str, now: datetime) -> None:
    """Count one run as `count_runs` does."""
    count_runs([Counted(run, found, cause)], now=now)


def count_runs(counted: Iterable[Counted], *, now: datetime) -> None:
    """Write what each run adds to its streams beyond what was written before: nothing when nothing changed.

    A run that is not whole adds nothing yet, and one of a challenge part never: it says nothing of what the line
    makes. The first count of a run moves the disagreement chart of its epoch, in the order given. The statements are
    as many for one run as for a hundred.
    """
    natural = [one for one in counted if not one.run.part.is_challenge]
    written = _written([one.run for one in natural])
    deltas: list[CountDelta] = []
    charted: dict[int, list[Tally]] = defaultdict(list)
    for one in natural:
        due, before = _due(one.run, one.found), written[one.run.pk]
        for place in dict.fromkeys((*due, *before)):
            change = due.get(place, _NOTHING).minus(before.get(place, _NOTHING))
            if any(change):
                deltas.append(_delta(one.run, place, change, cause=one.cause, now=now))
        if not any(place.stream == Stream.AGREEMENT for place in before):
            charted[one.run.epoch_id] += _agreement(due)
    CountDelta.objects.bulk_create(deltas)
    for epoch_id, tallies in charted.items():
        _chart(epoch_id, tallies, now=now)


def backfill(runs: Iterable[Run]) -> None:
    """Count runs that were loaded whole, as the finaliser and the rulings would have, in the order given."""
    by_run = {run.pk: run for run in runs if not run.part.is_challenge}
    charted: dict[int, list[Tally]] = defaultdict(list)
    deltas = []
    for run_id, found in readings.of_runs(by_run.values()).items():
        run = by_run[run_id]
        due = _due(run, found)
        deltas += [_delta(run, place, tally, cause="loaded", now=run.opened_at) for place, tally in due.items()]
        charted[run.epoch_id] += _agreement(due)
    CountDelta.objects.bulk_create(deltas)
    for epoch_id, tallies in charted.items():
        _chart(epoch_id, tallies, now=max(run.opened_at for run in by_run.values()))


def _delta(run: Run, place: Place, change: Tally, *, cause: str, now: datetime) -> CountDelta:
    return CountDelta(
        line_id=run.line_id,
        epoch_id=run.epoch_id,
        run=run,
        cause=cause,
        created_at=now,
        **asdict(place),
        **change._asdict(),
    )


def _due(run: Run, found: list[ItemReadings]) -> dict[Place, Tally]:
    """Return what a run adds to each stream, empty while it is not whole."""
    if not readings.is_whole(run, found):
        return {}
    views, bands_id = [reading.view() for reading in found], readings.bands_of(found)
    tallies = {**counting.tallies(views, drawn_truth=run.drawn_truth), **counting.strata(views)}
    shift = str(shift_of(run.line.shift_pattern, run.line.time_zone, run.opened_at))
    place = partial(Place, shift=shift, person_id=found[0].first.person_id)
    due = {place(stream.value): tally for stream, tally in tallies.items() if not stream.is_of_policy}
    for stream, tally in tallies.items():
        if stream.is_of_policy and bands_id is not None:
            defect_class = counting.policy_class(views) if stream == Stream.POLICY_DETECTION else ""
            due[place(stream.value, bands_id=bands_id, defect_class=defect_class)] = tally
    return due


def _agreement(due: dict[Place, Tally]) -> list[Tally]:
    return [tally for place, tally in due.items() if place.stream == Stream.AGREEMENT]


def _written(runs: Iterable[Run]) -> dict[UUID, dict[Place, Tally]]:
    """Return by run what was written of it before, the deltas of each place added up."""
    before: dict[UUID, dict[Place, Tally]] = defaultdict(dict)
    rows = CountDelta.objects.filter(run__in=[run.pk for run in runs])
    for run_id, *row in rows.values_list("run", *_PLACE, *_TALLY):
        place, change = Place(*row[: len(_PLACE)]), Tally(*row[len(_PLACE) :])
        before[run_id][place] = before[run_id].get(place, _NOTHING).plus(change)
    return before


def _chart(epoch_id: int, tallies: list[Tally], *, now: datetime) -> None:
    """Move the disagreement chart of an epoch by parts in their order."""
    if not tallies:
        return
    chart, _ = Chart.objects.select_for_update().get_or_create(
        epoch_id=epoch_id, name=Chart.DISAGREEMENT, defaults={"updated_at": now}
    )
    for tally in tallies:
        chart.w = cusum.step(chart.w, bool(tally.f), DISAGREEMENT_R0, DISAGREEMENT_R1)
    chart.n, chart.updated_at = chart.n + len(tallies), now
    chart.save(update_fields=["w", "n", "updated_at"])


# Folding and reading --------------------------------------------------------------------------------------------


@transaction.atomic
def fold(*, now: datetime) -> int:
    """Add the deltas that are not folded yet to the counts. Return how many were folded."""
    tail = CountDelta.objects.select_for_update(skip_locked=True).filter(folded_at=None)
    rows = tail.order_by("pk").values_list("pk", "line", "epoch", *_PLACE, *_TALLY)[:FOLD_MAX]
    totals: dict[tuple[int, int, Place], Tally] = {}
    for _, line, epoch, *row in rows:
        key = line, epoch, Place(*row[: len(_PLACE)])
        totals[key] = totals.get(key, _NOTHING).plus(Tally(*row[len(_PLACE) :]))
    _add(totals)
    CountDelta.objects.filter(pk__in=[pk for pk, *_ in rows]).update(folded_at=now)
    return len(rows)


def _add(totals: dict[tuple[int, int, Place], Tally]) -> None:
    """Add to the counts, opening those that are not there yet."""
    mine = Count.objects.filter(
        epoch__in={epoch for _, epoch, _ in totals}, shift__in={place.shift for *_, place in totals}
    )
    there = {_key(count) for count in mine}
    # Opened, then locked, each in one order everywhere: two folders by mistake wait for each other, never in a circle.
    missing = sorted(totals.keys() - there, key=str)
    opened = [Count(line_id=line, epoch_id=epoch, **asdict(place)) for line, epoch, place in missing]
    Count.objects.bulk_create(opened, ignore_conflicts=True)
    locked = [count for count in mine.select_for_update().order_by("pk") if _key(count) in totals]
    for count in locked:
        for name in _TALLY:
            setattr(count, name, getattr(count, name) + getattr(totals[_key(count)], name))
    Count.objects.bulk_create(locked, update_conflicts=True, unique_fields=["id"], update_fields=_TALLY)


def _key(row: Count) -> tuple[int, int, Place]:
    return row.line_id, row.epoch_id, Place(*(getattr(row, name) for name in _PLACE))


def ledger(epoch: Epoch) -> Ledger:
    """Return fold + tail of every stream, read in one statement so that nothing is counted twice or missed."""
    folded = _grouped(Count.objects.filter(epoch=epoch))
    tail = _grouped(CountDelta.objects.filter(epoch=epoch, folded_at=None))
    return Ledger(_listed(folded.union(tail, all=True)))


def along(epoch: Epoch) -> Iterator[Ledger]:
    """Yield the ledger after each run of the tail, in their order: the last one is the ledger as it stands.

    Two statements: for whoever is alone with the database, as a simulation is.
    """
    places = _listed(_grouped(Count.objects.filter(epoch=epoch)))
    # The tail is short. Asked for one epoch's in their order, a database goes through all that was ever counted.
    tail = sorted(
        CountDelta.objects.filter(folded_at=None).values_list("pk", "epoch", "run", "cause", *_PLACE, *_TALLY)
    )
    mine = [row[2:] for row in tail if row[1] == epoch.pk]
    for _, changes in groupby(mine, key=lambda row: row[:2]):
        for _, _, *row in changes:
            place, change = Place(*row[: len(_PLACE)]), Tally(*row[len(_PLACE) :])
            places[place] = places.get(place, _NOTHING).plus(change)
        yield Ledger(dict(places))


def sums(epoch: Epoch, stream: Stream, *, bands: Bands | None = None) -> Sums:
    """Return one stream of an epoch."""
    return ledger(epoch).sums(stream, bands=bands)


def _grouped(rows: QuerySet) -> QuerySet:
    totals = rows.order_by().values(*_PLACE).annotate(**{f"{name}_": Sum(name) for name in _TALLY})
    return totals.values_list(*_PLACE, *(f"{name}_" for name in _TALLY))


def _listed(rows: Iterable[tuple]) -> dict[Place, Tally]:
    places: dict[Place, Tally] = {}
    for row in rows:
        place, tally = Place(*row[: len(_PLACE)]), Tally(*row[len(_PLACE) :])
        places[place] = places.get(place, _NOTHING).plus(tally)
    return places


def _total(places: dict[Place, Tally]) -> Sums:
    numbers = [sum(column) for column in zip(*places.values(), strict=True)] if places else [0] * len(_TALLY)
    held = [place for place, tally in places.items() if tally.s or tally.f]
    return Sums(
        **dict(zip(_TALLY, numbers, strict=True)),
        shifts=len({place.shift for place in held}),
        days=len({place.shift.partition("/")[0] for place in held}),
        people=len({place.person_id for place in held}),
    )


# Recounting -----------------------------------------------------------------------------------------------------


def recompute(epoch: Epoch) -> Ledger:
    """Return the ledger of an epoch, recounted from calls, predictions, routings and rulings alone."""
    places: dict[Place, Counter] = defaultdict(Counter)
    runs = Run.objects.natural().filter(epoch=epoch).select_related("epoch", "line").order_by("pk")
    for batch in _batches(runs.iterator(RECOUNT_BATCH), RECOUNT_BATCH):
        by_id = {run.pk: run for run in batch}
        for run_id, found in readings.of_runs(batch).items():
            for place, tally in _due(by_id[run_id], found).items():
                places[place].update(tally._asdict())
    return Ledger({place: Tally(**counted) for place, counted in places.items()})


def chart(epoch: Epoch) -> tuple[float, int]:
    """Return the state of the disagreement chart: W and how many parts it has seen."""
    kept = Chart.objects.filter(epoch=epoch, name=Chart.DISAGREEMENT).first()
    return (kept.w, kept.n) if kept else (0.0, 0)


def rechart(epoch: Epoch) -> tuple[float, int]:
    """Return what the chart stands at when it is drawn anew from the first count of each run, in their order."""
    rows = CountDelta.objects.filter(epoch=epoch, stream=Stream.AGREEMENT.value).order_by("pk")
    w, seen = 0.0, set()
    for run_id, failures in rows.values_list("run", "f").iterator():
        if run_id not in seen:
            w = cusum.step(w, bool(failures), DISAGREEMENT_R0, DISAGREEMENT_R1)
        seen.add(run_id)
    return w, len(seen)


def _batches(runs: Iterable[Run], size: int) -> Iterator[list[Run]]:
    batch: list[Run] = []
    for run in runs:
        batch.append(run)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
