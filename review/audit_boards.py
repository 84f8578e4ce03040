"""What the automation page shows of the audit: its state, its charts, its last shifts. Plain values for templates."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from inspection.models import Line
from review import boards, watches
from review.audit_models import AuditFinding, AuditLot, Watch, WatchChart
from review.rules.auditing import AUDIT_RATES, Kind
from review.rules.charts import CALL_FALL, CALL_RATE, ESCAPE, MISS, SILENCE
from review.sentences import chart_word
from stats.eprocess import cs_upper
from stats.proportions import wilson

SHOWN_LOTS = 5
LATELY_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ChartRow:
    """One chart as the page shows it: what it counts, W against its limits, and what it does there."""

    name: str
    word: str
    w: float
    warn: float
    act: float
    n: int
    bad: int
    state: str
    consequence: str


@dataclass(frozen=True)
class Lately:
    """Escapes among the audited passes of the last days, whatever the level was, with a plain interval: no test."""

    days: int
    escapes: int
    passes: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class AuditBoard:
    """The audit of a line that decides by itself. `upper` bounds the escaped fraction among audited passes."""

    watch: Watch
    state: str
    rate: float
    charts: list[ChartRow]
    lots: list[AuditLot]
    escapes: int
    passes: int
    upper: float
    lately: Lately
    parts_to_find: int


def of(line: Line, *, now: datetime) -> AuditBoard | None:
    """Return the board of the stretch that the line is in; None where people decide."""
    watch = watches.standing(line)
    if watch is None:
        return None
    found = AuditFinding.objects.filter(watch=watch, kind=Kind.AUTO_PASS.value)
    passes, escapes = found.count(), found.filter(is_bad=True).count()
    rate = AUDIT_RATES.get(watch.state, 0.0)
    charts = list(WatchChart.objects.filter(watch=watch, closed_at=None).order_by("pk"))
    target = next((chart.p0 for chart in charts if chart.name == ESCAPE), 0.0)
    return AuditBoard(
        watch=watch,
        state=state_word(watch.state),
        rate=rate,
        charts=[_row(chart) for chart in charts],
        lots=list(AuditLot.objects.filter(watch=watch).order_by("-closed_at", "-pk")[:SHOWN_LOTS]),
        escapes=escapes,
        passes=passes,
        upper=cs_upper(escapes, passes - escapes),
        lately=_lately(line, now=now),
        parts_to_find=round(1 / (rate * target)) if rate and target else 0,
    )


def as_plain(line: Line, *, now: datetime) -> dict[str, object]:
    """Return the audit as the API tells it."""
    board = of(line, now=now)
    freezes = [{"cause": one.cause, "reason": one.reason, "since": one.placed_at} for one in boards.freezes_of(line)]
    if board is None:
        return {"state": None, "rate": line.audit_share, "cusum": None, "charts": [], "lots": [], "freezes": freezes}
    standing = WatchChart.objects.filter(watch=board.watch, closed_at=None).order_by("pk")
    return {
        "state": board.watch.state,
        "rate": board.rate,
        "cusum": next((row.w for row in board.charts if row.name == ESCAPE), None),
        "escapes": board.escapes,
        "audited_passes": board.passes,
        "escaped_fraction_upper": board.upper,
        "charts": list(standing.values(*_CHART)),
        "lots": [{name: getattr(lot, name) for name in _LOT} for lot in board.lots],
        "freezes": freezes,
    }


_CHART = ("name", "w", "warn", "act", "n", "bad", "p0", "p1")
_LOT = ("shift", "rate", "decided", "drawn", "closed", "escapes", "is_starved", "state")


def state_word(state: str) -> str:
    words = {
        "reduced": _("reduced audit"),
        "normal": _("normal audit"),
        "tightened": _("tightened audit"),
        "discontinued": _("discontinued"),
    }
    return words[state]


def _lately(line: Line, *, now: datetime) -> Lately:
    """Return the audited passes of the last thirty days. A part that first looked right is one part."""
    found = AuditFinding.objects.filter(line=line, kind=Kind.AUTO_PASS.value)
    sums = found.filter(found_at__gt=now - timedelta(days=LATELY_DAYS)).aggregate(
        escapes=Count("pk", filter=Q(is_bad=True)), passes=Count("run", distinct=True)
    )
    return Lately(LATELY_DAYS, sums["escapes"], sums["passes"], *wilson(sums["escapes"], sums["passes"]))


def _row(chart: WatchChart) -> ChartRow:
    consequences = {
        ESCAPE: _("warns, then lowers one level"),
        MISS: _("holds the line, then lowers one level"),
        SILENCE: _("holds the line"),
        CALL_RATE: _("tightens the audit, freezes promotions"),
        CALL_FALL: _("tightens the audit, freezes promotions"),
    }
    state = "over" if chart.w >= chart.act else "warned" if chart.w >= chart.warn else "quiet"
    return ChartRow(
        name=chart.name,
        word=chart_word(chart.name),
        # Between two bad items W may lie just below zero; its floor acts at the next step.
        w=max(0.0, chart.w),
        warn=chart.warn,
        act=chart.act,
        n=chart.n,
        bad=chart.bad,
        state=state,
        consequence=consequences[chart.name],
    )
