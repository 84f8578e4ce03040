"""The clockwork deeds of one round, for whoever keeps the clock: the relay, or the factory simulator."""

from datetime import datetime

from inspection import dispositions
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

BATCH = 500


def go(
    *, now: datetime, looks: bool = True, seals: bool = True, gives: bool = True, each: bool = False
) -> list[Reading]:
    """Do what is due by now; `looks` at images for drift, `seals` receipts and `gives` gold items where it is time.

    Return the gates that were read: those of every line once a count has moved, or after `each` run that moved one.
    """
    queues.admit_overdue(now=now)
    queues.sweep_expired(now=now)
    decisions.finalise_due(now=now, limit=BATCH)
    held_rulings.give_due(now=now)
    rollbacks.follow_all(now=now)
    reconciling.follow_due(now=now)
    dispositions.fail_safe_due(now=now)
    dispositions.sequence_due(now=now)
    if looks:
        drift.check_all(now=now)
    if seals:
        challenges.follow(now=now)
        audits.follow(now=now)
        containment.list_due(now=now)
        receipts.seal_due(now=now)
    if gives:
        gold.give_due(now=now)
    along = gates.read_along(now=now) if each else []
    has_moved = counts.fold(now=now) > 0
    return gates.read_all(now=now) if has_moved and not each else along
