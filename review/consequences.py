"""What follows when a reading becomes final: truth, a second reading, a case, the verdict to the line, the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inspection import dispositions
from inspection.dispositions import Given
from inspection.rules.words import DecidedBy, Label, Level, Purpose, Verdict
from review import adjudications, audits, comparisons, counts, queues, readings
from review.counts import Counted
from review.models import Decision, ReviewTask
from review.readings import ItemReadings
from review.rules import overlap

_VERDICTS = {Label.PASS: Verdict.PASS, Label.DEFECT: Verdict.REJECT, Label.CANNOT_JUDGE: Verdict.HOLD}


@dataclass(frozen=True)
class Final:
    """A reading that has just become final: its task, and the person's first call in it."""

    task: ReviewTask
    sealed: Decision


def follow(final: Sequence[Final], *, now: datetime) -> None:
    """Do everything that final readings ask for, by the draws that their runs were given at intake.

    Called once per reading by the finaliser, in the transaction that made it final, with each run at most once: a
    second reading of a run meets what the first one has left. What every reading asks for costs the same number of
    statements for one and for many. Tasks come with their item and with their run, its part, epoch and line.
    """
    queues.admit_again([(one.task, one.sealed.person_id) for one in final if _wants_second_reading(one)], now=now)
    runs = [one.task.run for one in final]
    counts.lock(runs)
    found = readings.of_runs(runs)
    mine = [_mine(one, found[one.task.run_id]) for one in final]
    adjudications.note_readings(mine, now=now)
    candidates = comparisons.candidate_calls(mine)
    for reading in mine:
        reading.candidate = candidates.get(reading.item.pk)
    adjudications.open_where_needed(mine, now=now)
    _tell_line(final, mine, now=now)
    counts.count_runs(
        [Counted(one.task.run, found[one.task.run_id], f"decision:{one.sealed.pk}") for one in final], now=now
    )
    comparisons.note([(run, found[run.pk]) for run in runs], now=now)
    _note_audits(final, now=now)


def _wants_second_reading(one: Final) -> bool:
    drawn = one.task.run.drawn_overlap
    return overlap.wants_second_reading(purpose=Purpose(one.task.purpose), drawn_overlap=drawn)


def _mine(one: Final, found: Sequence[ItemReadings]) -> ItemReadings:
    return next(reading for reading in found if reading.item.pk == one.task.item_id)


def _tell_line(final: Sequence[Final], mine: Sequence[ItemReadings], *, now: datetime) -> None:
    """Give each view its verdict; a run settles by the worst of its views once each has one."""
    told = zip(final, mine, strict=True)
    given = [_verdict(one.task, reading) for one, reading in told if one.task.purpose == Purpose.PRIMARY]
    dispositions.settle_views(given, at=now)


def _verdict(task: ReviewTask, found: ItemReadings) -> Given:
    label = Label(found.word.label)
    return Given(
        item=task.item,
        verdict=_VERDICTS[label],
        decided_by=DecidedBy.HUMAN,
        level=Level(task.level),
        reason=f"called {label.value.replace('_', ' ')}",
    )


def _note_audits(final: Sequence[Final], *, now: datetime) -> None:
    """Let the audits hear it, run by run in their order: a chart may take the line down at any of them."""
    drawn = [one.task.run for one in final if one.task.run.drawn_audit]
    # Read again: a case may have been opened just now.
    found = readings.of_runs(drawn)
    for run in drawn:
        audits.note(run, found[run.pk], now=now)
