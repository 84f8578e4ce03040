"""The words of the training loop, and when a line shall train by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Between two trainings that nobody asked for; a drifting line would otherwise learn without end.
PAUSE = timedelta(hours=12)


class Split(StrEnum):
    """Which side of a data set an image is on: learned from, calibrated on, judged on."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class State(StrEnum):
    """How far a training is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """Why a model was wished for."""

    PERSON = "person"
    TIME = "time"
    DRIFT = "drift"


@dataclass(frozen=True, kw_only=True)
class Occasions:
    """What a line's rule asks for: every so many days (None: never), and when its images drift."""

    every_days: int | None
    on_drift: bool


def cause_now(
    occasions: Occasions, *, last_at: datetime | None, drifted_at: datetime | None, set_at: datetime, now: datetime
) -> Cause | None:
    """Say why the line shall train now by itself, None for not now.

    `last_at` is when it last was asked to, by whomever; `drifted_at` when its present drift began. Days count from the
    last training, else from the day of the rule. One stretch of drift asks once.
    """
    if last_at is not None and now - last_at < PAUSE:
        return None
    if occasions.on_drift and drifted_at is not None and (last_at is None or last_at < drifted_at):
        return Cause.DRIFT
    since = set_at if last_at is None else max(last_at, set_at)
    if occasions.every_days is not None and now - since >= timedelta(days=occasions.every_days):
        return Cause.TIME
    return None
