"""The clockwork deeds of one round, for whoever keeps the clock: the relay, or the factory simulator."""

from collections.abc import Callable
from datetime import datetime

from inspection import arm_counts, bulkheads, dispositions
from monitoring import drift
from review import (
    audits,
    challenges,
    containment,
    counts,
    decisions,
    gates,
    gold,
    held_rulings,
    queues,
    receipts,
    reconciling,
    rollbacks,
)
from review.evidence import Reading

_VERDICTS: tuple[Callable[..., object], ...] = (
    queues.admit_overdue,
    queues.sweep_expired,
    decisions.finalise_due,
    held_rulings.give_due,
    rollbacks.follow_all,
    reconciling.follow_due,
    dispositions.fail_safe_due,
    dispositions.sequence_due,
)


def go(
    *, now: datetime, looks: bool = True, seals: bool = True, gives: bool = True, each: bool = False
) -> list[Reading]:
    """Do what is due by now; `looks` at images for drift, `seals` receipts and `gives` gold items where it is time.

    Return the gates that were read: those of every line once a count has moved, or after `each` run that moved one.
    """
    deeds: list[Callable[..., object]] = [*_VERDICTS]
    deeds += [drift.check_all] if looks else []
    if seals:
        deeds += [challenges.follow, audits.follow, containment.list_due, receipts.seal_due, arm_counts.fold_due]
    deeds += [gold.give_due] if gives else []
    for deed in deeds:
        # One after the other, and none kept from its turn by another that fails.
        with bulkheads.around(f"{deed.__module__}.{deed.__name__}"):
            deed(now=now)
    along = gates.read_along(now=now) if each else []
    has_moved = counts.fold(now=now) > 0
    return gates.read_all(now=now) if has_moved and not each else along
