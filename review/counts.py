"""What the streams of an epoch hold: one delta row per final call or ruling, folded each second, read as fold + tail."""

from dataclasses import dataclass
from datetime import datetime

from inspection.models import Epoch
from inspection.rules.words import Stream


@dataclass(frozen=True, kw_only=True)
class Sums:
    """One stream of one epoch: parts that succeeded and failed, cells, and how broad the evidence is.

    Cells are row x column: model (incumbent, first reader) x reference, p = pass, d = defect.
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


def fold(*, now: datetime) -> int:
    """Add the deltas that are not folded yet to the counts. Return how many were folded."""
    raise NotImplementedError


def sums(epoch: Epoch, stream: Stream) -> Sums:
    """Return fold + tail of one stream, read in one statement so that nothing is counted twice or missed."""
    raise NotImplementedError


def recompute(epoch: Epoch) -> dict[Stream, Sums]:
    """Return the sums of every stream, recounted from decisions, predictions and rulings alone."""
    raise NotImplementedError
