"""Every metric that is measured: what it is, how it is summed up over a window, and which way is worse.

Names are those of the sheet *what could go wrong* where it has one, so that the sheet can say what watches a failure.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    SOFTWARE = "software"
    INPUT = "input"
    OUTPUT = "output"


class Fold(StrEnum):
    """How a window is summed up: values with their spread, a share of yes and no, a level that was read, a count."""

    SPREAD = "spread"
    SHARE = "share"
    LEVEL = "level"
    COUNT = "count"


class Worse(StrEnum):
    HIGH = "high"
    LOW = "low"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric. `of_line` is False where the whole installation has one value."""

    name: str
    kind: Kind
    fold: Fold
    unit: str
    worse: Worse = Worse.HIGH
    of_line: bool = True


def _some(kind: Kind, fold: Fold, *rows: tuple[str, str, Worse], of_line: bool = True) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=name, kind=kind, fold=fold, unit=unit, worse=worse, of_line=of_line) for name, unit, worse in rows
    )


_HIGH, _LOW, _BOTH = Worse.HIGH, Worse.LOW, Worse.BOTH

# Each is one kind of work, whatever the number of its copies; the relay also sums up, seals and looks for drift.
PROCESSES = ("web", "worker", "second_worker", "training_worker", "relay", "broker")

METRICS: tuple[Metric, ...] = (
    *_some(
        Kind.INPUT,
        Fold.SPREAD,
        ("patch_luminance", "", _BOTH),
        ("p99_luminance", "", _BOTH),
        ("brightness", "", _BOTH),
        ("contrast", "", _BOTH),
        ("sharpness", "", _BOTH),
        ("saturation", "", _BOTH),
        ("entropy", "bit", _BOTH),
        ("image_size", "B", _BOTH),
        ("aspect", "", _BOTH),
        ("embedding_distance", "", _HIGH),
        ("arrival_lag", "s", _HIGH),
    ),
    *_some(
        Kind.INPUT,
        Fold.SHARE,
        ("blank", "", _HIGH),
        ("unreadable", "", _HIGH),
        ("duplicate", "", _HIGH),
        ("same_image", "", _HIGH),
        ("outside_envelope", "", _HIGH),
        ("missing_views", "", _HIGH),
        ("exif_missing", "", _HIGH),
        ("sequence_gap", "", _HIGH),
        ("rework", "", _HIGH),
    ),
    *_some(Kind.INPUT, Fold.COUNT, ("volume", "", _BOTH)),
    *_some(
        Kind.INPUT,
        Fold.LEVEL,
        ("image_age", "s", _HIGH),
        ("station_silence", "s", _HIGH),
        ("camera_age", "s", _HIGH),
        ("camera_dropped", "", _HIGH),
        ("spooled", "", _HIGH),
        ("clock_skew", "s", _HIGH),
        ("claims_refused", "", _HIGH),
        ("drift", "", _HIGH),
        ("certify_days", "d", _LOW),
        ("review_days", "d", _LOW),
    ),
    *_some(
        Kind.OUTPUT,
        Fold.SPREAD,
        ("score", "", _BOTH),
        ("uncertainty", "", _HIGH),
        ("time_to_verdict", "s", _HIGH),
    ),
    *_some(
        Kind.OUTPUT,
        Fold.SHARE,
        ("missing_predictions", "", _HIGH),
        ("call_rate", "", _BOTH),
        ("calls_critical", "", _BOTH),
        ("calls_major", "", _BOTH),
        ("calls_cosmetic", "", _BOTH),
        ("uncertain", "", _HIGH),
        ("decided_alone", "", _BOTH),
        ("rejected", "", _BOTH),
        ("held", "", _HIGH),
        ("fail_safe", "", _HIGH),
        ("overkill", "", _HIGH),
        ("missed", "", _HIGH),
        ("cannot_judge", "", _HIGH),
        ("escaped_fraction", "", _HIGH),
        ("challenge_misses", "", _HIGH),
        ("gold_misses", "", _HIGH),
        ("overturns", "", _LOW),
        ("people_agreement", "", _LOW),
    ),
    *_some(
        Kind.OUTPUT,
        Fold.LEVEL,
        ("silence", "", _HIGH),
        ("score_shift", "", _HIGH),
        ("escape_chart", "", _HIGH),
        ("on_hold", "", _HIGH),
    ),
    *_some(
        Kind.SOFTWARE,
        Fold.SPREAD,
        ("stage_p95", "s", _HIGH),
        ("decode_ms", "ms", _HIGH),
        ("quality_ms", "ms", _HIGH),
        ("predict_ms", "ms", _HIGH),
        ("calibrate_ms", "ms", _HIGH),
        ("explain_ms", "ms", _HIGH),
        ("loop_wait", "ms", _HIGH),
    ),
    *_some(Kind.SOFTWARE, Fold.SHARE, ("model_errors", "", _HIGH), ("loop_late", "", _HIGH)),
    *_some(
        Kind.SOFTWARE,
        Fold.LEVEL,
        ("queue_waiting", "", _HIGH),
        ("queue_age", "s", _HIGH),
        ("final_lag", "s", _HIGH),
    ),
    *_some(
        Kind.SOFTWARE,
        Fold.SPREAD,
        ("model_load", "s", _HIGH),
        ("web_time", "s", _HIGH),
        ("write_wait", "s", _HIGH),
        of_line=False,
    ),
    *_some(Kind.SOFTWARE, Fold.SHARE, ("web_errors", "", _HIGH), of_line=False),
    *_some(Kind.SOFTWARE, Fold.COUNT, ("web_requests", "", _BOTH), of_line=False),
    *_some(
        Kind.SOFTWARE,
        Fold.LEVEL,
        ("models_loaded", "", _BOTH),
        ("outbox_waiting", "", _HIGH),
        ("outbox_age", "s", _HIGH),
        ("storage_free", "ratio", _LOW),
        ("storage_days", "d", _LOW),
        ("database_ms", "ms", _HIGH),
        ("broker_down", "", _HIGH),
        ("worker_silence", "s", _HIGH),
        ("load", "", _HIGH),
        *((f"{name}_memory", "MB", _HIGH) for name in PROCESSES),
        *((f"{name}_processor", "", _HIGH) for name in PROCESSES),
        of_line=False,
    ),
)
BY_NAME = {metric.name: metric for metric in METRICS}


def days_left(free_before: float, free_now: float, *, elapsed_s: float) -> float | None:
    """Return in how many days a disk is full at the pace of what was seen. None where nothing was used.

    >>> days_left(120.0, 100.0, elapsed_s=86400.0)
    5.0
    """
    used = free_before - free_now
    if used <= 0 or elapsed_s <= 0:
        return None
    return free_now / used * elapsed_s / 86400
