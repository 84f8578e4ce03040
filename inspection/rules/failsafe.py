"""What the line gets when something fails. Never a pass: silence must not let a part through."""

from enum import StrEnum

from inspection.rules.words import Level, Verdict


class Fault(StrEnum):
    """Ways in which an answer may fail to come."""

    MODEL_SILENT = "model_silent"
    """No prediction by the model deadline, or one that is no number."""
    CAMERA_STUCK = "camera_stuck"
    """The picture is one the station has just sent for another part."""
    REVIEW_LATE = "review_late"
    """Nobody has judged the run by the review deadline."""
    VIEW_MISSING = "view_missing"
    """A view of the run has not come by the review deadline."""
    QUARANTINED = "quarantined"
    """The picture gives no pixels, or took a worker down three times."""
    SERVER_AWAY = "server_away"
    """The station has not heard from the server for longer than its heartbeat allows."""


def verdict(fault: str, *, level: str, fail_safe: str) -> Verdict | None:
    """Return what the line hears at once, or None where a person answers instead.

    A silent model and a stuck camera leave the part to people at every level. A late review gives
    the line's own fail-safe. Whatever leaves nothing to judge is a hold, and so is a fault or a
    level that this release does not know.
    """
    if level not in set(Level):
        return Verdict.HOLD
    if fault in (Fault.MODEL_SILENT, Fault.CAMERA_STUCK):
        return None
    if fault == Fault.REVIEW_LATE and fail_safe == Verdict.REJECT:
        return Verdict.REJECT
    return Verdict.HOLD
