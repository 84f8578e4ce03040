"""What a QA lead reads about a line: how the model, the people and an older system agree, and how sure that is.

Every rate comes with its counts and an interval. Three comparisons are never merged: model against the verdict of
record, person against person, an older system against the verdict of record.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from inspection import sql
from inspection.models import Epoch, Line
from inspection.rules import shifts
from inspection.rules.words import Level, Stream
from review import counts, estimates, evidence, scores, second_looks, sentences
from review.estimates import Estimate
from review.figures import Bin, ClassSlice, Comparison, Coverage, Point, Rate, Slice, rate
from review.models import Count, CountDelta
from review.rules import gaps
from review.rules.gaps import Hours
from review.second_looks import SecondLook
from stats import agreement as agreements
from stats.eprocess import cs_lower, cs_upper

CELLS = ("pp", "pd", "dp", "dd")
CHART_FROM = 26
# With fewer parts of one inspector a rate says more about chance than about the person.
INSPECTOR_FROM = 200


@dataclass(frozen=True)
class ProductSlice:
    """The comparison for one product, and the epoch in which it counts."""

    slice: Slice
    epoch: Epoch


@dataclass(frozen=True)
class Report:
    line: Line
    epoch: Epoch
    since: date | None
    until: date | None
    sentence: str
    reading: evidence.Reading | None
    model: Comparison
    people: Comparison
    incumbent: Comparison
    detection: Rate
    unjudged: Rate
    estimate: Estimate
    second_look: SecondLook
    hours: Hours
    timeline: list[Point]
    products: list[ProductSlice]
    shifts: list[Slice]
    inspectors: list[Slice]
    inspectors_few: int
    cameras: list[Slice]
    classes: list[ClassSlice]
    calibration: list[Bin]
    ece: float | None
    coverage: list[Coverage]
    scored: int
    is_partly_scored: bool
    """Whether cameras, classes and scores are told of the newest readings alone."""


def agreement(
    line: Line, epoch: Epoch, *, now: datetime, since: date | None = None, until: date | None = None
) -> Report:
    """Read the report of one epoch, by local days from `since` to `until` (both included)."""
    epochs = _epochs_by_product(epoch)
    rows = _rows(epochs.values(), since, until)
    mine = [row for row in rows if row["epoch"] == epoch.pk]
    by_stream = {stream: [row for row in mine if row["stream"] == stream] for stream in Stream}
    ledger = counts.ledger(epoch)
    reading = _reading(line, epoch, ledger, now=now)
    inspectors = _slices(by_stream[Stream.AGREEMENT], key=lambda row: row["person__username"] or "")
    detection, unjudged = _summed(by_stream[Stream.DETECTION]), _summed(by_stream[Stream.CANNOT_JUDGE])
    return Report(
        line=line,
        epoch=epoch,
        since=since,
        until=until,
        sentence=sentences.verdict(reading.judgement, reading.gate.to_level, line.class_names()) if reading else "",
        reading=reading,
        model=_comparison(by_stream[Stream.AGREEMENT]),
        people=_comparison(by_stream[Stream.PEOPLE]),
        incumbent=_comparison(by_stream[Stream.INCUMBENT]),
        detection=rate(detection["s"], detection["s"] + detection["f"]),
        unjudged=rate(unjudged["s"], unjudged["s"] + unjudged["f"]),
        estimate=estimates.of(ledger),
        second_look=second_looks.of(epoch, ledger.sums(Stream.DETECTION)),
        hours=_hours(epoch, by_stream[Stream.AGREEMENT], now=now),
        timeline=_timeline(by_stream[Stream.AGREEMENT]),
        products=_products(epochs, [row for row in rows if row["stream"] == Stream.AGREEMENT]),
        shifts=_slices(by_stream[Stream.AGREEMENT], key=lambda row: row["shift"].partition("/")[2]),
        inspectors=[one for one in inspectors if one.agreement.n >= INSPECTOR_FROM],
        inspectors_few=sum(one.agreement.n < INSPECTOR_FROM for one in inspectors),
        **scores.of(epoch, since=since, until=until),
    )


def _reading(line: Line, epoch: Epoch, ledger: counts.Ledger, *, now: datetime) -> evidence.Reading | None:
    """Read the next gate from the same counts as the figures, for the epoch the line is in."""
    to_level = Level(line.level).above
    if to_level is None or epoch.pk != line.epoch_id:
        return None
    return evidence.ask(line, to_level, now=now).read(ledger)


def _epochs_by_product(epoch: Epoch) -> dict[str, Epoch]:
    """Return the epoch, and of the line's other products the newest with the same model, by SKU: never merged."""
    beside = Epoch.objects.filter(line=epoch.line_id, model_version=epoch.model_version_id).select_related("product")
    newest = {one.product.sku: one for one in beside.order_by("opened_at", "pk")}
    return dict(sorted((newest | {epoch.product.sku: epoch}).items()))


def _rows(epochs: Iterable[Epoch], since: date | None, until: date | None) -> list[dict]:
    """Return fold + tail by epoch, stream, shift instance and person. Shift instances sort by local date."""
    days = Q()
    if since is not None:
        days &= Q(shift__gte=since.isoformat())
    if until is not None:
        days &= Q(shift__lt=f"{until.isoformat()}~")
    totals = {name: Sum(name) for name in ("s", "f", *CELLS)}
    group = ("epoch", "stream", "shift", "person__username")
    days &= Q(epoch__in=list(epochs))
    folded = Count.objects.filter(days).values(*group).annotate(**{f"{n}_": Sum(n) for n in totals})
    tail = CountDelta.objects.filter(days, folded_at=None).values(*group)
    tail = tail.annotate(**{f"{n}_": Sum(n) for n in totals})
    return [
        {key.rstrip("_") if key not in group else key: value for key, value in row.items()}
        for row in (*folded.order_by(*group), *tail.order_by(*group))
    ]


def _summed(rows: list[dict]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in ("s", "f", *CELLS)}


def _comparison(rows: list[dict]) -> Comparison:
    total = _summed(rows)
    table = [[total["pp"], total["pd"]], [total["dp"], total["dd"]]]
    n = total["s"] + total["f"]
    defects, good = total["pd"] + total["dd"], total["pp"] + total["dp"]
    seen = any(map(sum, table))
    called = 2 * total["dd"] + total["pd"] + total["dp"]
    beyond_chance = agreements.kappa(table) if seen else None
    return Comparison(
        table=table,
        unruled=n - sum(map(sum, table)),
        agreement=rate(total["s"], n),
        escape=rate(total["pd"], defects),
        overkill=rate(total["dp"], good),
        kappa=beyond_chance.kappa if beyond_chance else None,
        kappa_low=beyond_chance.low if beyond_chance else None,
        kappa_high=beyond_chance.high if beyond_chance else None,
        ac1=agreements.ac1(table).ac1 if seen else None,
        mcc=agreements.mcc(total["dd"], total["dp"], total["pd"], total["pp"]) if seen else None,
        positive_agreement=2 * total["dd"] / called if called else None,
    )


def _timeline(rows: list[dict]) -> list[Point]:
    """Return the running agreement at the end of each day; no point before there is enough for a band."""
    by_day: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        counted = by_day[row["shift"].partition("/")[0]]
        counted[0] += row["s"]
        counted[1] += row["f"]
    points, s, f = [], 0, 0
    for day in sorted(by_day):
        s, f = s + by_day[day][0], f + by_day[day][1]
        if s + f >= CHART_FROM:
            points.append(Point(date.fromisoformat(day), s, f, cs_lower(s, f), cs_upper(s, f)))
    return points


def _hours(epoch: Epoch, rows: list[dict], *, now: datetime) -> Hours:
    """Return which hours had parts of the line, and which are missing, on the days between which parts are counted."""
    line, days = epoch.line, sorted(row["shift"].partition("/")[0] for row in rows)
    if not days:
        return Hours(0, [])
    # A day ends with its last shift, as the counts do: at the next day's first start.
    zone, begins = ZoneInfo(line.time_zone), min(start for start, _ in shifts.starts_of(line.shift_pattern))
    first, last = (datetime.combine(date.fromisoformat(day), begins, zone) for day in (days[0], days[-1]))
    window = {"since": max(first, epoch.opened_at), "until": min(last + timedelta(days=1), now)}
    taken = sql.hours_with_parts(line_id=line.pk, **window)
    return gaps.hours(taken, pattern=line.shift_pattern, time_zone=line.time_zone)


def _products(epochs: Mapping[str, Epoch], rows: list[dict]) -> list[ProductSlice]:
    """Return the figures of each product that the line makes, each from an epoch of its own."""
    found = []
    for sku, epoch in epochs.items():
        compared = _comparison([row for row in rows if row["epoch"] == epoch.pk])
        found.append(ProductSlice(Slice(sku, compared.agreement, compared.escape, compared.overkill), epoch))
    return found


def _slices(rows: list[dict], *, key) -> list[Slice]:
    groups: dict[str, list[dict]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    slices = []
    for name in sorted(groups):
        compared = _comparison(groups[name])
        slices.append(Slice(name, compared.agreement, compared.escape, compared.overkill))
    return slices
