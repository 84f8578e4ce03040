"""What parts themselves showed after their verdict: teardown, scrap bin, field return, containment.

A finding stands above every reading and ruling. It scores the old decision again: the counts are corrected, the audit
hears it, and a critical defect that the model passed takes the line down.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from inspection.models import Disposition, Item, Line, Run, User
from inspection.rules.words import DecidedBy, Label, RiskClass, TruthSource, Verdict
from review import amendments, audits, counts, readings, watches
from review.containment_models import ContainedRun
from review.finding_models import PhysicalFinding
from review.models import Truth
from review.rules.containment import Found
from review.rules.findings import How

_LABELS = {Found.GOOD: Label.PASS, Found.BAD: Label.DEFECT}


class AlreadyClosed(Exception):
    """A person has closed this part before."""


class NotSettled(Exception):
    """The run has no verdict yet that could be scored again."""


@transaction.atomic
def record(
    run: Run,
    *,
    how: How,
    found: Found,
    by: User,
    now: datetime,
    defect_class: str = "",
    view: str = "",
    note: str = "",
) -> PhysicalFinding:
    """Keep what the part showed as the newest truth of its images, with all that follows.

    `defect_class` is the kind of defect of a bad part, `view` the image that shows it (else all do). The same
    finding again gives the one that stands. Raises NotSettled.
    """
    counts.lock([run])
    run = Run.objects.select_related("epoch", "line", "disposition").get(pk=run.pk)
    if run.disposition.verdict is None:
        raise NotSettled(f"Run {run.pk} has no verdict yet.")
    facts = {"found": found.value, "defect_class": "", "view": ""}
    if found == Found.BAD:
        facts |= {"defect_class": defect_class, "view": view}
    standing = of_run(run)
    if standing and all(getattr(standing, name) == value for name, value in facts.items()):
        return standing
    kept = PhysicalFinding.objects.create(
        line_id=run.line_id, run=run, how=how.value, note=note[:200], found_by=by, found_at=now, **facts
    )
    _add_truths(kept, run, now=now)
    amendments.ask_for_finding(kept)
    _score_again(kept, run, now=now)
    return kept


@transaction.atomic
def close_contained(
    row: ContainedRun,
    *,
    found: Found,
    by: User,
    now: datetime,
    defect_class: str = "",
    view: str = "",
    note: str = "",
) -> ContainedRun:
    """Close one part of a containment. Good and bad are findings; a lost part proves nothing. Raises AlreadyClosed."""
    closed = ContainedRun.objects.filter(pk=row.pk, closed_at=None).update(
        found=found.value, note=note[:200], closed_by=by, closed_at=now
    )
    if not closed:
        raise AlreadyClosed(f"Run {row.run_id} was closed before.")
    amendments.ask_for_closed_part(row)
    if found in _LABELS:
        shown = {"defect_class": defect_class, "view": view, "note": note}
        record(row.run, how=How.CONTAINMENT, found=found, by=by, now=now, **shown)
    row.refresh_from_db()
    return row


def close_all(rows: Iterable[ContainedRun], *, by: User, now: datetime, **shown: Any) -> int:
    """Close several parts of a containment in the same way, each by itself. Return how many; closed ones stay."""
    closed = 0
    for row in rows:
        try:
            close_contained(row, by=by, now=now, **shown)
        except AlreadyClosed:
            continue
        closed += 1
    return closed


def of_run(run: Run) -> PhysicalFinding | None:
    """Return the finding that stands, None where the part itself has shown nothing."""
    return PhysicalFinding.objects.filter(run=run).order_by("-pk").first()


def runs_of(line: Line, serial: str) -> QuerySet[Disposition]:
    """Return what the line was told about each run of a part, the newest first."""
    told = Disposition.objects.filter(line=line, run__part__serial=serial, verdict__isnull=False)
    return told.select_related("run__part__lot", "run__epoch", "model_version").order_by("-run__n")


def _add_truths(finding: PhysicalFinding, run: Run, *, now: datetime) -> None:
    label = _LABELS[Found(finding.found)]
    shown = {"view": finding.view} if finding.view else {}
    for item in Item.objects.filter(run=run, **shown).order_by("pk"):
        Truth.objects.create(
            item=item,
            n=(item.truths.aggregate(last=Max("n"))["last"] or 0) + 1,
            label=label.value,
            defect_class=finding.defect_class,
            source=TruthSource.PHYSICAL.value,
            person_id=finding.found_by_id,
            finding=finding,
            created_at=now,
        )


def _score_again(finding: PhysicalFinding, run: Run, *, now: datetime) -> None:
    found = readings.of_run(run)
    counts.count_run(run, found, cause=f"finding:{finding.pk}", now=now)
    audits.note(run, found, now=now)
    if finding.found == Found.BAD and _was_passed_by_model(run):
        _answer_escape(finding, run, now=now)


def _was_passed_by_model(run: Run) -> bool:
    told = run.disposition
    return (told.verdict, told.decided_by) == (Verdict.PASS.value, DecidedBy.MODEL.value)


def _answer_escape(finding: PhysicalFinding, run: Run, *, now: datetime) -> None:
    """Take the line down where it still decides as it did then and the defect is of a critical class."""
    line = Line.objects.select_for_update().get(pk=run.line_id)
    critical = line.defect_classes.filter(code=finding.defect_class, risk_class=RiskClass.CRITICAL.value)
    if (line.epoch_id, line.level) == (run.epoch_id, run.disposition.level) and critical.exists():
        reason = f"a part that the model passed has a critical defect: {finding.defect_class}"
        watches.step_down(line, reason=reason, detail={"run": str(run.pk), "finding": finding.pk}, now=now)
