"""In which order waiting readings are handed out.

Earliest deadline first: what is overdue comes before what is not, and among the rest the deadline carries both
priority and age, so nothing starves. No score, call or uncertainty enters, at any level: the order of the queue
tells a reader nothing about what a model said (docs/decisions/0025).
"""

from datetime import UTC, datetime, timedelta

from inspection.rules.words import Purpose

# A second reading serves evidence; the line does not wait for it.
EVIDENCE_PATIENCE = 2.0
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def due_at(purpose: Purpose, *, run_due_at: datetime, asked_at: datetime, deadline_s: float) -> datetime:
    """Return when a reading is overdue: the run's own deadline where the line waits, twice as long where not."""
    if purpose == Purpose.PRIMARY:
        return run_due_at
    return asked_at + timedelta(seconds=EVIDENCE_PATIENCE * deadline_s)


def rank(due: datetime, *, view: int = 0) -> int:
    """Return the place in the queue, smaller first: the deadline in microseconds since 2000.

    Views of a part have one deadline: `view` is the place of this one among them.
    """
    return (due - _EPOCH) // timedelta(microseconds=1) + view
