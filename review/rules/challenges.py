"""Challenge parts: when they are due, when they are late, and which of them the model let through."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from inspection.rules.words import Call, Level, Policy

GRACE = timedelta(minutes=30)
FEWEST_A_SHIFT = 6


def is_missed(views: Sequence[tuple[str, str]], *, level: Level) -> bool:
    """Say whether a known defect would have passed: every view of it, as (policy, call).

    Where the model decides, what the bands pass is missed, also while the line is held. Below, where there may be
    no bands, the model's call stands in. Without any view nothing has been missed.

    >>> is_missed([("pass", "pass"), ("person", "pass")], level=Level.PARTIAL)
    False
    >>> is_missed([("", "pass")], level=Level.SHADOW), is_missed([("", "pass")], level=Level.PARTIAL)
    (True, False)
    """
    decides = level in (Level.PARTIAL, Level.FULL)
    passed = [policy == Policy.PASS if policy or decides else call == Call.PASS for policy, call in views]
    return bool(passed) and all(passed)


def is_overdue(due_at: datetime, *, now: datetime) -> bool:
    """Say whether parts that were due should have come by now: half an hour is nobody's fault."""
    return now >= due_at + GRACE


def is_starved(shown: int) -> bool:
    """Say whether too few challenge parts came in a shift to hear a model that has died."""
    return shown < FEWEST_A_SHIFT


def clean_shifts(shifts: Iterable[tuple[int, int]]) -> int:
    """Count the shifts without a miss, given as (shown, missed) from the newest back, up to the first with one.

    A shift in which too few came tells only of its misses.

    >>> clean_shifts([(12, 0), (3, 0), (12, 0), (12, 1), (12, 0)])
    2
    >>> clean_shifts([(2, 1), (12, 0)]), clean_shifts([])
    (0, 0)
    """
    heard = [missed for shown, missed in shifts if missed or not is_starved(shown)]
    return next((n for n, missed in enumerate(heard) if missed), len(heard))
