"""What automation saves a line and what it costs, against what was promised when it was signed. Never per person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from inspection.models import Item, Line, Run
from inspection.rules import shifts
from inspection.rules.words import DECIDING, DecidedBy, Phase, Purpose, Stream
from review import counts, days
from review.band_models import BandsChange, Certification
from review.figures import Rate, rate
from review.forecasts import Forecast, forecast, reading_s, stays
from review.models import Adjudication, Decision

DAYS = 14
THIS_SHIFT, TODAY, TWO_WEEKS = "shift", "day", "fortnight"
WORK_DAYS = 250


@dataclass(frozen=True, kw_only=True)
class Day:
    """One local day: parts with a verdict, and how many of them the model decided alone."""

    day: date
    automatic: Rate


@dataclass(frozen=True, kw_only=True)
class Work:
    """The readings of a stretch: what people would read without the model, and what they read all the same.

    `again` are later readings of parts that the model decided, `ruled` rulings on them, `gold` known items. Parts
    that an audit or a draw gave to people are no part of `automatic`.
    """

    images: int
    automatic: int
    again: int
    ruled: int
    gold: int

    @property
    def saved(self) -> int:
        """May be negative: where audits and rulings cost more than was spared, that is what the page says."""
        return self.automatic - self.again - self.ruled - self.gold


@dataclass(frozen=True, kw_only=True)
class Money:
    """What readings were worth, what escapes and overkill cost, and the net with its range."""

    currency: str
    saved: Decimal
    escapes: Decimal
    overkill: Decimal
    net: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, kw_only=True)
class Year:
    """A year of the volume that the scope plans, at the share that the bands decide: what people need not read.

    `worth` is what those readings cost, before escapes and overkill; None where the scope names no cost.
    """

    parts: int
    parts_per_day: int
    spared: int
    share: float
    hours: int
    worth: int | None
    cost: Decimal | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Savings:
    """One stretch of a line. `signed` is the signature that put the bands in force, with what was promised then.

    Bands that came with the set-up of the line were put by nobody. `stays` names why parts stay with people under
    the bands, each with its share; empty without bands. `parts` are all of the stretch; `automatic` is of those whose
    verdict came on a rung where the model decides, as the promise is.
    """

    line: Line
    since: datetime
    parts: int
    automatic: Rate
    work: Work
    reading_s: float
    escapes: Rate
    overkill: Rate
    money: Money | None
    signed: BandsChange | None
    next_shift: Forecast | None
    year: Year | None
    stays: Mapping[str, float]
    days: Sequence[Day]

    @property
    def promised(self) -> float | None:
        """The share of parts that was promised at signing; None where that was not recorded."""
        kept = self.signed.forecast if self.signed else None
        return kept["automatic_share"] if kept else None

    @property
    def earlier(self) -> int:
        """How many parts had their verdict on a lower rung."""
        return self.parts - self.automatic.n

    @property
    def minutes(self) -> int:
        return round(self.work.saved * self.reading_s / 60)

    @property
    def minutes_of(self) -> int:
        return round(self.work.images * self.reading_s / 60)


def read(line: Line, stretch: str, *, now: datetime) -> Savings:
    """Return what the present shift, day or fortnight saved."""
    since = _since(line, stretch, now=now)
    parts, automatic = _automatic(line, since)
    work, seconds = _work(line, since), reading_s(line)
    escapes, overkill = _risks(line)
    certified = Certification.objects.filter(bands=line.bands_id).first() if line.bands_id else None
    shares = certified.outcome["shares"] if certified else None
    ahead = forecast(line, shares, now=now) if shares else None
    return Savings(
        line=line,
        since=since,
        parts=parts,
        automatic=automatic,
        work=work,
        reading_s=seconds,
        escapes=escapes,
        overkill=overkill,
        money=_money(line, automatic.n, work, escapes, overkill),
        signed=_signed(line),
        next_shift=ahead,
        year=_year(line, ahead.automatic_share, seconds) if ahead else None,
        stays=stays(line, shares) if shares else {},
        days=_days(line, now=now),
    )


def _signed(line: Line) -> BandsChange | None:
    """Return the signature under the bands in force."""
    if line.bands_id is None:
        return None
    return BandsChange.objects.filter(line=line, bands=line.bands_id).order_by("-put_at", "-pk").first()


def _since(line: Line, stretch: str, *, now: datetime) -> datetime:
    if stretch == THIS_SHIFT:
        return shifts.began(line.shift_pattern, line.time_zone, now)
    zone = ZoneInfo(line.time_zone)
    today = now.astimezone(zone).date()
    first = today if stretch == TODAY else today - timedelta(days=DAYS - 1)
    return datetime.combine(first, time.min, zone)


def _made(line: Line, since: datetime) -> QuerySet[Run]:
    """Return the runs with a verdict that the line made since: no known images, no challenge parts."""
    return Run.objects.natural().filter(line=line, opened_at__gte=since, is_settled=True)


def _decided(line: Line, since: datetime) -> dict[str, object]:
    """Return the filter of runs that the line made since and the model decided alone, seen from a run's rows."""
    made = {"run__line": line, "run__opened_at__gte": since, "run__part__is_challenge": False}
    return {**made, "run__disposition__decided_by": DecidedBy.MODEL.value}


def _automatic(line: Line, since: datetime) -> tuple[int, Rate]:
    """Return all parts of the stretch, and how many of those on a deciding rung the model decided alone."""
    on_a_rung = Q(disposition__level__in=DECIDING)
    by_model = on_a_rung & Q(disposition__decided_by=DecidedBy.MODEL.value)
    found = _made(line, since).aggregate(
        parts=Count("pk"), n=Count("pk", filter=on_a_rung), k=Count("pk", filter=by_model)
    )
    return found["parts"], rate(found["k"], found["n"])


def _work(line: Line, since: datetime) -> Work:
    decided = _decided(line, since)
    calls = Decision.objects.filter(phase=Phase.INITIAL.value)
    on_decided = {f"task__{name}": value for name, value in decided.items()}
    gold = calls.filter(task__line=line, task__purpose=Purpose.GOLD.value, task__created_at__gte=since)
    return Work(
        images=Item.objects.filter(run__in=_made(line, since)).count(),
        automatic=Item.objects.filter(**decided).count(),
        again=calls.filter(**on_decided).count(),
        ruled=Adjudication.objects.filter(**decided, ruled_at__isnull=False).count(),
        gold=gold.count(),
    )


def _risks(line: Line) -> tuple[Rate, Rate]:
    """Return escapes of all inspected and overkill of the good, as the bands in force decide the truth draw."""
    ledger = counts.ledger(line.present_epoch)
    found, spared = (
        ledger.sums(stream, bands=line.bands) for stream in (Stream.POLICY_DETECTION, Stream.POLICY_SPECIFICITY)
    )
    return rate(found.f, found.s + found.f + spared.s + spared.f), rate(spared.f, spared.s + spared.f)


def _money(line: Line, parts: int, work: Work, escapes: Rate, overkill: Rate) -> Money | None:
    """Return the balance at the scope's costs; None where they are not all known or nothing was drawn yet."""
    costs = (line.cost_reading, line.cost_escape, line.cost_overkill)
    if None in costs or not escapes.n:
        return None
    a_reading, an_escape, an_overkill = (Decimal(cost or 0) for cost in costs)
    saved = a_reading * work.saved

    def lost(escaped: float, rejected: float) -> tuple[Decimal, Decimal]:
        return an_escape * Decimal(parts * escaped), an_overkill * Decimal(parts * rejected)

    escape_cost, overkill_cost = lost(escapes.share or 0.0, overkill.share or 0.0)
    return Money(
        currency=line.scope.currency if hasattr(line, "scope") else "EUR",
        saved=saved,
        escapes=escape_cost,
        overkill=overkill_cost,
        net=saved - escape_cost - overkill_cost,
        low=saved - sum(lost(escapes.high, overkill.high)),
        high=saved - sum(lost(escapes.low, overkill.low)),
    )


def _year(line: Line, share: float, seconds: float) -> Year | None:
    """Return a usual year; None where no scope plans a volume."""
    scope = line.scope if hasattr(line, "scope") else None
    if scope is None or not scope.parts_per_day:
        return None
    parts = scope.parts_per_day * WORK_DAYS
    spared = round(parts * share)
    return Year(
        parts=parts,
        parts_per_day=scope.parts_per_day,
        spared=spared,
        share=share,
        hours=round(spared * seconds / 3600),
        worth=None if line.cost_reading is None else round(line.cost_reading * spared),
        cost=line.cost_reading,
        currency=scope.currency,
    )


def _days(line: Line, *, now: datetime) -> list[Day]:
    """Return the last fourteen local days, those without parts among them: gaps stay gaps."""
    since, zone = _since(line, TWO_WEEKS, now=now), ZoneInfo(line.time_zone)
    settled = _made(line, since)
    shown = days.span(since.date(), since.date() + timedelta(days=DAYS - 1))
    all_parts = days.counted(settled, "opened_at", shown, zone)
    by_model = settled.filter(disposition__decided_by=DecidedBy.MODEL.value)
    automatic = days.counted(by_model, "opened_at", shown, zone)
    return [Day(day=day, automatic=rate(k, n)) for day, k, n in zip(shown, automatic, all_parts, strict=True)]
