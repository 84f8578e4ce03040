"""The alarms that ship, and those that leads may add.

Which metric, how it is read, where it comes and goes, how loud it is, and what it does by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.rules.words import Priority
from monitoring.rules.alarms import Limits
from monitoring.rules.metrics import BY_NAME, METRICS, Fold, Metric, Worse


class Read(StrEnum):
    """How a window becomes one value: its last level, its mean (a share), its 95th percentile."""

    LAST = "last"
    MEAN = "mean"
    P95 = "p95"


class Action(StrEnum):
    """What an alarm does to its line by itself, with the cause recorded.

    Levels fall elsewhere, in the transaction of the item that shows why (charts, failing models), or by drift.
    """

    NOTHING = ""
    HOLD = "hold"
    FREEZE = "freeze"
    TIGHTEN = "tighten_audit"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One alarm. `least` values must have come within `minutes`; `under` names alarms that explain this one.

    One that is not `is_shipped` is on where a lead has added it. `since` is when somebody added it, or switched it on
    again: it judges nothing that was before; None for one that was always on.
    """

    code: str
    metric: str
    read: Read
    limits: Limits
    priority: Priority
    minutes: int = 5
    least: int = 1
    action: Action = Action.NOTHING
    under: tuple[str, ...] = ()
    is_shipped: bool = True
    since: datetime | None = None

    @property
    def of_line(self) -> bool:
        return BY_NAME[self.metric].of_line


def _above(raise_at: float, clear_at: float, *, on: float = 60.0, off: float = 120.0) -> Limits:
    return Limits(raise_at=raise_at, clear_at=clear_at, on_delay_s=on, off_delay_s=off)


def _below(raise_at: float, clear_at: float) -> Limits:
    return Limits(raise_at=raise_at, clear_at=clear_at, is_above=False)


_P1, _P2, _P3 = Priority.P1, Priority.P2, Priority.P3
_NOW = 0.0
_MACHINES = ("worker-silent", "broker-down")

RULES: tuple[Rule, ...] = (
    # Machines that all lines share.
    Rule(code="worker-silent", metric="worker_silence", read=Read.LAST, limits=_above(30, 15), priority=_P1),
    Rule(code="broker-down", metric="broker_down", read=Read.LAST, limits=_above(0.5, 0.5), priority=_P1),
    Rule(
        code="outbox-old",
        metric="outbox_age",
        read=Read.LAST,
        limits=_above(60, 30, on=_NOW),
        priority=_P1,
        under=_MACHINES,
    ),
    Rule(code="disk-full", metric="storage_free", read=Read.LAST, limits=_below(0.10, 0.12), priority=_P1),
    Rule(
        code="disk-low",
        metric="storage_free",
        read=Read.LAST,
        limits=_below(0.20, 0.22),
        priority=_P2,
        under=("disk-full",),
    ),
    Rule(code="disk-days", metric="storage_days", read=Read.LAST, limits=_below(7, 10), priority=_P2),
    Rule(code="database-slow", metric="database_ms", read=Read.MEAN, limits=_above(200, 100), priority=_P2, least=3),
    Rule(code="worker-memory", metric="worker_memory", read=Read.LAST, limits=_above(3000, 2500), priority=_P2),
    # It does everything by the clock in one thread: beyond this it falls behind.
    Rule(code="relay-busy", metric="relay_processor", read=Read.MEAN, limits=_above(0.9, 0.7), priority=_P2, least=3),
    Rule(code="load-high", metric="load", read=Read.MEAN, limits=_above(4, 2), priority=_P3, least=3),
    # Stations and cameras.
    Rule(
        code="station-silent",
        metric="station_silence",
        read=Read.LAST,
        limits=_above(60, 30, on=_NOW),
        priority=_P1,
    ),
    Rule(
        code="no-images",
        metric="image_age",
        read=Read.LAST,
        limits=_above(600, 60),
        priority=_P2,
        under=("station-silent",),
    ),
    Rule(
        code="camera-silent",
        metric="camera_age",
        read=Read.LAST,
        limits=_above(600, 60),
        priority=_P2,
        under=("station-silent",),
    ),
    Rule(code="spool-grows", metric="spooled", read=Read.LAST, limits=_above(100, 10), priority=_P2),
    # One is enough: the station let a part go on that it was never allowed to judge.
    Rule(code="claim-refused", metric="claims_refused", read=Read.LAST, limits=_above(0.5, 0.5, on=_NOW), priority=_P1),
    Rule(code="clock-skew", metric="clock_skew", read=Read.LAST, limits=_above(60, 30), priority=_P3),
    # Images.
    # One part shown twice among the first few is no stuck camera.
    Rule(
        code="camera-stuck",
        metric="same_image",
        read=Read.MEAN,
        limits=_above(0.2, 0.0, on=_NOW),
        priority=_P1,
        minutes=2,
        least=6,
        action=Action.HOLD,
        under=("blank-images",),
    ),
    Rule(
        code="blank-images",
        metric="blank",
        read=Read.MEAN,
        limits=_above(0.5, 0.1, on=_NOW),
        priority=_P1,
        minutes=2,
        least=5,
        action=Action.HOLD,
    ),
    Rule(
        code="outside-envelope",
        metric="outside_envelope",
        read=Read.MEAN,
        limits=_above(0.5, 0.1, on=_NOW),
        priority=_P1,
        minutes=2,
        least=10,
        action=Action.TIGHTEN,
        under=("blank-images",),
    ),
    # Beyond 1 lies what is unlike every image of the certificate.
    Rule(
        code="images-unlike",
        metric="embedding_distance",
        read=Read.P95,
        limits=_above(1.0, 0.9),
        priority=_P2,
        least=20,
        under=("blank-images", "outside-envelope"),
    ),
    Rule(code="unreadable", metric="unreadable", read=Read.MEAN, limits=_above(0.05, 0.01), priority=_P2, least=20),
    Rule(
        code="views-missing", metric="missing_views", read=Read.MEAN, limits=_above(0.05, 0.01), priority=_P2, least=20
    ),
    Rule(
        code="sequence-gap",
        metric="sequence_gap",
        read=Read.MEAN,
        limits=_above(0.0, 0.0, on=_NOW),
        priority=_P2,
    ),
    Rule(code="certify-again", metric="certify_days", read=Read.LAST, limits=_below(1, 2), priority=_P3),
    Rule(code="review-due", metric="review_days", read=Read.LAST, limits=_below(1, 1), priority=_P3),
    Rule(code="image-drift", metric="drift", read=Read.LAST, limits=_above(1, 0.8), priority=_P2),
    # The model, and what people say about it.
    Rule(
        code="model-errors",
        metric="model_errors",
        read=Read.MEAN,
        limits=_above(0.05, 0.01, on=_NOW),
        priority=_P1,
        minutes=60,
        least=100,
    ),
    Rule(
        code="no-predictions",
        metric="missing_predictions",
        read=Read.MEAN,
        limits=_above(0.05, 0.01),
        priority=_P1,
        least=20,
        action=Action.FREEZE,
        under=("model-errors", *_MACHINES),
    ),
    Rule(
        code="model-slow",
        metric="stage_p95",
        read=Read.P95,
        limits=_above(2, 1.5),
        priority=_P2,
        least=20,
        under=_MACHINES,
    ),
    Rule(
        code="model-unsure",
        metric="uncertain",
        read=Read.MEAN,
        limits=_above(0.5, 0.3),
        priority=_P3,
        minutes=60,
        least=50,
    ),
    Rule(code="model-silent", metric="silence", read=Read.LAST, limits=_above(0.99, 0.5, on=_NOW), priority=_P1),
    Rule(code="audit-escapes", metric="escape_chart", read=Read.LAST, limits=_above(0.5, 0.3, on=_NOW), priority=_P1),
    Rule(
        code="challenge-missed",
        metric="challenge_misses",
        read=Read.MEAN,
        limits=_above(0.0, 0.0, on=_NOW),
        priority=_P1,
        minutes=60,
    ),
    Rule(
        code="people-find-more",
        metric="missed",
        read=Read.MEAN,
        limits=_above(0.05, 0.02),
        priority=_P2,
        minutes=60,
        least=50,
        action=Action.FREEZE,
    ),
    Rule(
        code="overkill-high",
        metric="overkill",
        read=Read.MEAN,
        limits=_above(0.5, 0.3),
        priority=_P3,
        minutes=60,
        least=30,
    ),
    Rule(
        code="cannot-judge",
        metric="cannot_judge",
        read=Read.MEAN,
        limits=_above(0.1, 0.05),
        priority=_P3,
        minutes=60,
        least=30,
    ),
    # Images of known truth come a few a day: a shift of them is looked at.
    Rule(
        code="advice-followed",
        metric="overturns",
        read=Read.MEAN,
        limits=_below(0.5, 0.6),
        priority=_P2,
        minutes=480,
        least=10,
        action=Action.TIGHTEN,
    ),
    Rule(
        code="gold-missed",
        metric="gold_misses",
        read=Read.MEAN,
        limits=_above(0.05, 0.03),
        priority=_P3,
        minutes=480,
        least=20,
    ),
    Rule(
        code="readers-differ",
        metric="people_agreement",
        read=Read.MEAN,
        limits=_below(0.8, 0.9),
        priority=_P3,
        minutes=480,
        least=30,
    ),
    # The queue and the line.
    Rule(code="queue-old", metric="queue_age", read=Read.LAST, limits=_above(120, 60), priority=_P2),
    # The finaliser comes several times a second: this long it waits only where it fails.
    Rule(code="calls-not-final", metric="final_lag", read=Read.LAST, limits=_above(30, 5, on=_NOW), priority=_P1),
    Rule(
        code="fail-safe",
        metric="fail_safe",
        read=Read.MEAN,
        limits=_above(0.05, 0.01),
        priority=_P2,
        least=20,
        under=("queue-old", "calls-not-final"),
    ),
    # Only while it is what placed the hold: `consequences.explains_holds`.
    Rule(
        code="line-held",
        metric="on_hold",
        read=Read.LAST,
        limits=_above(0.5, 0.5, on=_NOW, off=_NOW),
        priority=_P1,
        under=("blank-images", "camera-stuck", "outside-envelope", "model-silent"),
    ),
    # The web server. A few failures of a quiet hour are no share.
    Rule(code="web-errors", metric="web_errors", read=Read.MEAN, limits=_above(0.05, 0.01), priority=_P2, least=20),
)


def _offered() -> tuple[Rule, ...]:
    """Return what leads may add: for each metric of a line a limit above, below, or both, where that is worse."""
    sides = {Worse.HIGH: (True,), Worse.LOW: (False,), Worse.BOTH: (True, False)}
    measured = [metric for metric in METRICS if metric.of_line and metric.fold != Fold.COUNT]
    return tuple(_added(metric, is_above=is_above) for metric in measured for is_above in sides[metric.worse])


def _added(metric: Metric, *, is_above: bool) -> Rule:
    is_level = metric.fold == Fold.LEVEL
    return Rule(
        code=f"{metric.name}-{'above' if is_above else 'below'}",
        metric=metric.name,
        read=Read.LAST if is_level else Read.MEAN,
        limits=Limits(raise_at=0.0, clear_at=0.0, is_above=is_above),
        priority=_P3,
        # Shares are of rare things: an hour of them says something.
        minutes=60 if metric.fold == Fold.SHARE else 5,
        least=1 if is_level else 20,
        is_shipped=False,
    )


OFFERED = _offered()
CATALOGUE = (*RULES, *OFFERED)
BY_CODE = {rule.code: rule for rule in CATALOGUE}
