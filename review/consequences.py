"""What follows when a reading becomes final: truth, a second reading, a case, the verdict to the line, the counts."""

from datetime import datetime

from inspection import dispositions
from inspection.rules.words import DecidedBy, Label, Level, Purpose, Verdict
from review import adjudications, audits, comparisons, counts, queues, readings
from review.models import Decision, ReviewTask
from review.readings import ItemReadings
from review.rules import overlap

_VERDICTS = {Label.PASS: Verdict.PASS, Label.DEFECT: Verdict.REJECT, Label.CANNOT_JUDGE: Verdict.HOLD}


def follow(task: ReviewTask, sealed: Decision, *, now: datetime) -> None:
    """Do everything that a final reading asks for, by the draws that its run was given at intake.

    Called once per reading by the finaliser, in the transaction that made it final.
    """
    if overlap.wants_second_reading(purpose=Purpose(task.purpose), drawn_overlap=task.run.drawn_overlap):
        queues.admit_again(task, purpose=Purpose.OVERLAP, not_for=sealed.person, now=now)
    counts.lock(task.run)
    found = readings.of_run(task.run)
    mine = next(one for one in found if one.item.pk == task.item_id)
    adjudications.note_reading(mine, now=now)
    mine.candidate = comparisons.candidate_call(task.item)
    adjudications.open_where_needed(mine, now=now)
    if task.purpose == Purpose.PRIMARY:
        _tell_line(task, mine, now=now)
    counts.count_run(task.run, found, cause=f"decision:{sealed.pk}", now=now)
    comparisons.note(task.run, found, now=now)
    if task.run.drawn_audit:
        audits.note(task.run, readings.of_run(task.run), now=now)


def _tell_line(task: ReviewTask, found: ItemReadings, *, now: datetime) -> None:
    """Give the view its verdict; the run settles by the worst of its views once each has one."""
    label = Label(found.word.label)
    dispositions.settle_view(
        task.item,
        verdict=_VERDICTS[label],
        decided_by=DecidedBy.HUMAN,
        level=Level(task.level),
        reason=f"called {label.value.replace('_', ' ')}",
        at=now,
    )
