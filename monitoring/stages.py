"""The stages that a line's images pass, and whether every image that came is accounted for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inspection.models import Item, Line, Outbox, Routing, ViewVerdict
from inspection.rules.words import Purpose, Route, Stage
from monitoring import rollups
from monitoring.rules.summaries import Summary
from review.arrivals import LATE, RECEIVED
from review.models import ReviewTask

MINUTES = 5
FLOW_HOURS = 1
_STAGES = {Stage.DECODE: _("Decode"), Stage.QUALITY: _("Quality"), Stage.PREDICT: _("Predict")}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Images of the last hour by where they are now, each counted from rows of its own."""

    received: int
    predicting: int
    waiting: int
    final: int
    quarantined: int

    @property
    def lost(self) -> int:
        """Images of which no row says where they are. Always 0, unless something is broken."""
        return self.received - self.predicting - self.waiting - self.final - self.quarantined


WORDED_BELOW_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One box of the board: images a second, the time within which 95 % pass, and what stands before it."""

    name: str
    word: str
    rate: float | None
    p95_ms: float | None = None
    note: str = ""
    backlog: int | None = None
    oldest_s: float | None = None
    errors: int = 0
    state: str = ""

    @property
    def p95_word(self) -> str:
        """Empty where it is not known; in seconds where milliseconds would be digits that nobody reads."""
        if self.p95_ms is None:
            return ""
        return f"{self.p95_ms:.0f} ms" if self.p95_ms < WORDED_BELOW_MS else f"{self.p95_ms / 1000:.0f} s"


def flow(line: Line, *, now: datetime) -> Flow:
    """Count the images of the last hour by where they are, in one statement: they move on while it is asked."""
    came = Item.objects.filter(line=line, received_at__gt=now - timedelta(hours=FLOW_HOURS), received_at__lte=now)
    routed = Routing.objects.filter(item=OuterRef("pk"))
    place = Case(
        When(Exists(routed.filter(route=Route.QUARANTINE)), then=Value("quarantined")),
        When(Exists(ViewVerdict.objects.filter(item=OuterRef("pk"))), then=Value("final")),
        When(Exists(ReviewTask.objects.filter(item=OuterRef("pk"), purpose=Purpose.PRIMARY)), then=Value("waiting")),
        When(Exists(routed), then=Value("nowhere")),
        default=Value("unrouted"),
    )
    counted = came.annotate(place=place).order_by().values_list("place").annotate(count=Count("pk"))
    found = dict(counted)
    unrouted = found.get("unrouted", 0)
    return Flow(
        received=sum(found.values()),
        quarantined=found.get("quarantined", 0),
        final=found.get("final", 0),
        waiting=found.get("waiting", 0),
        predicting=unrouted - _forgotten(came.filter(~Exists(routed))) if unrouted else 0,
    )


def board(line: Line, *, now: datetime) -> list[StageRow]:
    """Return the boxes from the camera to the final verdict."""
    names = ["volume", "stage_p95", "outside_envelope", "queue_waiting", "queue_age", "time_to_verdict", "unreadable",
             "model_errors", "fail_safe", "arrival_lag", *(f"{stage.value}_ms" for stage in _STAGES)]  # fmt: skip
    seen = rollups.newest(line.pk, names, now=now, minutes=MINUTES)
    return [
        StageRow(name="capture", word=str(_("Capture")), rate=_rate(seen, "volume"), note=_cameras(line)),
        StageRow(
            name="intake", word=str(_("Intake")), rate=_rate(seen, "volume"), p95_ms=_p95(seen, "arrival_lag", 1000)
        ),
        *(_stage(stage, seen) for stage in _STAGES),
        StageRow(
            name="route", word=str(_("Route")), rate=_rate(seen, "stage_p95"), p95_ms=_p95(seen, "stage_p95", 1000)
        ),
        _queue(seen),
        _final(seen),
    ]


def _forgotten(unrouted: QuerySet[Item]) -> int:
    """Count the images without a routing that nobody is asked to look at, leaving out those routed meanwhile."""
    keys = {str(pk) for pk in unrouted.values_list("pk", flat=True)[:10_000]}
    asked = Outbox.objects.filter(topic__in=(RECEIVED, LATE), key__in=keys, done_at=None)
    left = keys.difference(asked.values_list("key", flat=True))
    return unrouted.filter(pk__in=left).count() if left else 0


def _stage(stage: Stage, seen: dict[str, Summary]) -> StageRow:
    failing = {Stage.DECODE: "unreadable", Stage.PREDICT: "model_errors", Stage.QUALITY: "outside_envelope"}[stage]
    failed = int(seen[failing].total) if failing in seen else 0
    crit = stage == Stage.QUALITY and failing in seen and seen[failing].mean > 0.5
    return StageRow(
        name=stage.value,
        word=str(_STAGES[stage]),
        rate=_rate(seen, f"{stage.value}_ms"),
        p95_ms=_p95(seen, f"{stage.value}_ms", 1),
        errors=failed,
        state="crit" if crit else "warn" if failed else "",
    )


def _queue(seen: dict[str, Summary]) -> StageRow:
    waiting, age = seen.get("queue_waiting"), seen.get("queue_age")
    return StageRow(
        name="queue",
        word=str(_("Queue")),
        rate=None,
        backlog=int(waiting.last) if waiting else None,
        oldest_s=age.last if age else None,
        state="warn" if age and age.last > 120 else "",
    )


def _final(seen: dict[str, Summary]) -> StageRow:
    """A part that the deadline gave its safe verdict still waits for a person, and is final in neither count."""
    safe = int(seen["fail_safe"].total) if "fail_safe" in seen else 0
    known = seen.get("time_to_verdict")
    words = ngettext("%(n)s safe verdict, waits on", "%(n)s safe verdicts, wait on", safe) % {"n": safe}
    return StageRow(
        name="final",
        word=str(_("Final")),
        rate=max(0, known.n - safe) / (60 * MINUTES) if known else None,
        p95_ms=None if safe else _p95(seen, "time_to_verdict", 1000),
        note=words if safe else "",
    )


def _cameras(line: Line) -> str:
    count = line.stations.filter(is_active=True).count()
    return ngettext("%(n)s station", "%(n)s stations", count) % {"n": count}


def _rate(seen: dict[str, Summary], metric: str) -> float | None:
    return seen[metric].n / (60 * MINUTES) if metric in seen else None


def _p95(seen: dict[str, Summary], metric: str, factor: float) -> float | None:
    return seen[metric].quantile(0.95) * factor if metric in seen else None
