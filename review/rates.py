"""What a line gives a day: read from the line itself where it has enough to show, else from its scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import median
from zoneinfo import ZoneInfo

from inspection.models import Line, LineScope, Run
from inspection.rules.words import Stream
from review import counts, days
from review.counts import Ledger, Sums
from review.figures import TOO_FEW
from stats.proportions import clopper_pearson

LOOKED_BACK = timedelta(days=14)
FEWEST_DAYS = 3
FEWEST_PARTS = 200
FROM_RUNS, FROM_TRUTH, FROM_PEOPLE, FROM_SCOPE, ASSUMED = "runs", "truth_draw", "double_readings", "scope", "assumed"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A rate, the range it may lie in, and where it comes from; `k` of `n` where it was counted."""

    low: float
    value: float
    high: float
    source: str
    k: int = 0
    n: int = 0

    @property
    def is_measured(self) -> bool:
        return self.source not in (FROM_SCOPE, ASSUMED)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What a plan rests on. None where neither the line nor its scope says it."""

    parts_per_day: Figure | None
    defect_rate: Figure | None
    agreement: Figure
    detection: Figure


def read(line: Line, scope: LineScope, *, now: datetime) -> Rates:
    """Return the rates of the line's present epoch and of its last two weeks."""
    ledger = counts.ledger(line.epoch) if line.epoch else Ledger({})
    return Rates(
        parts_per_day=_measured_parts(line, now=now) or _promised_parts(scope),
        defect_rate=_measured_defects(ledger) or _promised_defects(scope),
        agreement=_share(ledger.sums(Stream.AGREEMENT), Stream.AGREEMENT, fewest=FEWEST_PARTS, assumed=0.98),
        detection=_share(ledger.sums(Stream.DETECTION), Stream.DETECTION, fewest=TOO_FEW, assumed=0.95),
    )


# Parts a day ----------------------------------------------------------------------------------------------------


def _measured_parts(line: Line, *, now: datetime) -> Figure | None:
    """The median of whole days on which parts came; today is still running, and the first day began before."""
    zone = ZoneInfo(line.time_zone)
    today = now.astimezone(zone).date()
    runs = Run.objects.natural().filter(line=line, opened_at__gte=now - LOOKED_BACK)
    past = days.span(today - LOOKED_BACK, today - timedelta(days=1))
    whole = [parts for parts in days.counted(runs, "opened_at", past, zone) if parts][1:]
    return _spread(whole) if len(whole) >= FEWEST_DAYS else None


def _spread(parts: Sequence[int]) -> Figure:
    value = float(median(parts))
    return Figure(low=min(parts), value=value, high=max(parts), source=FROM_RUNS, k=sum(parts), n=len(parts))


def _promised_parts(scope: LineScope) -> Figure | None:
    parts = scope.parts_per_day
    return Figure(low=parts, value=parts, high=parts, source=FROM_SCOPE) if parts else None


# Defects --------------------------------------------------------------------------------------------------------


def _measured_defects(ledger: Ledger) -> Figure | None:
    """Defects among parts of known truth; before a model runs, among parts that two people read."""
    found, good = (_total(ledger.sums(stream)) for stream in (Stream.DETECTION, Stream.SPECIFICITY))
    return _among(found, found + good, FROM_TRUTH) or _by_people(ledger.sums(Stream.PEOPLE))


def _by_people(read_twice: Sums) -> Figure | None:
    """A part that only one of two readers calls a defect counts as half a one."""
    split = read_twice.pd + read_twice.dp
    return _among(read_twice.dd + split // 2, read_twice.pp + split + read_twice.dd, FROM_PEOPLE)


def _among(k: int, n: int, source: str) -> Figure | None:
    if k == 0 or k == n or n < TOO_FEW:
        return None
    low, high = clopper_pearson(k, n)
    return Figure(low=low, value=k / n, high=high, source=source, k=k, n=n)


def _promised_defects(scope: LineScope) -> Figure | None:
    low, high = scope.defect_rate_low, scope.defect_rate_high
    return Figure(low=low, value=sqrt(low * high), high=high, source=FROM_SCOPE) if low and high else None


# The model ------------------------------------------------------------------------------------------------------


def _share(counted: Sums, stream: Stream, *, fewest: int, assumed: float) -> Figure:
    """What the model reached so far, once there are enough parts to say so."""
    n = _total(counted)
    if n < fewest:
        return Figure(low=assumed, value=assumed, high=assumed, source=ASSUMED)
    low, high = clopper_pearson(counted.s, n)
    return Figure(low=low, value=counted.s / n, high=high, source=stream.value, k=counted.s, n=n)


def _total(counted: Sums) -> int:
    return counted.s + counted.f
