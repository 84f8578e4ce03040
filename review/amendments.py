"""Amendments: what was ruled, audited, contained or found out about a part, sealed behind the receipt of its run.

Each asks for its receipt in its own transaction. The sealer takes it once the run has its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from inspection.lineage import Facts, when
from inspection.models import Receipt
from inspection.models.receipt import in_words
from inspection.receipts import Due
from inspection.rules.words import ReceiptKind
from review.audit_models import AuditFinding
from review.containment_models import ContainedRun
from review.finding_models import AmendmentDue, PhysicalFinding
from review.models import Adjudication, Truth


def ask_for_rulings(cases: Iterable[Adjudication]) -> None:
    """Let each ruling have its receipt."""
    AmendmentDue.objects.bulk_create(
        AmendmentDue(line_id=case.line_id, run_id=case.run_id, kind=ReceiptKind.RULING.value, subject=str(case.pk))
        for case in cases
    )


def ask_for_finding(finding: PhysicalFinding) -> None:
    """Let the finding have its receipt."""
    AmendmentDue.objects.create(
        line_id=finding.line_id, run_id=finding.run_id, kind=ReceiptKind.FINDING.value, subject=str(finding.pk)
    )


def ask_for_audit(found: AuditFinding) -> None:
    """Let what an audit found have its receipt."""
    AmendmentDue.objects.create(
        line_id=found.line_id, run_id=found.run_id, kind=ReceiptKind.AUDIT.value, subject=str(found.pk)
    )


def ask_for_closed_part(row: ContainedRun) -> None:
    """Let the closing of a contained part have its receipt."""
    AmendmentDue.objects.create(
        line_id=row.run.line_id, run_id=row.run_id, kind=ReceiptKind.PART_CLOSED.value, subject=str(row.pk)
    )


# Sealing --------------------------------------------------------------------------------------------------------


def lines_due() -> set[int]:
    """Return the lines on which an amendment waits for its receipt."""
    return set(_ripe().values_list("line", flat=True).distinct())


def due(line_id: int, *, limit: int) -> list[Due]:
    """Return the next amendments of a line to be sealed, in the order in which they were asked for."""
    waiting = list(_ripe().filter(line=line_id).select_related("run").order_by("pk")[:limit])
    said = _facts((one.kind, one.subject) for one in waiting)
    return [
        Due(ReceiptKind(one.kind), one.subject, said[one.kind, one.subject], run=one.run)
        for one in waiting
        if (one.kind, one.subject) in said
    ]


def close(sealed: Iterable[Due]) -> None:
    """Take what has its receipt off the work list, in the transaction that sealed it."""
    subjects: dict[str, list[str]] = defaultdict(list)
    for one in sealed:
        subjects[one.kind.value].append(one.subject)
    for kind, named in subjects.items():
        AmendmentDue.objects.filter(kind=kind, subject__in=named).delete()


def again(receipts: Sequence[Receipt]) -> dict[int, Facts]:
    """Return by number what the rows behind some amendments say now. Rows that are gone are left out."""
    said = _facts((one.kind, one.subject) for one in receipts)
    return {one.n: said[one.kind, one.subject] for one in receipts if (one.kind, one.subject) in said}


def _ripe() -> QuerySet[AmendmentDue]:
    sealed = Receipt.objects.filter(run=OuterRef("run"), kind=ReceiptKind.RUN.value)
    return AmendmentDue.objects.filter(Exists(sealed))


# Facts ----------------------------------------------------------------------------------------------------------


def _facts(named: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Facts]:
    subjects: dict[str, list[str]] = defaultdict(list)
    for kind, subject in named:
        subjects[kind].append(subject)
    rulings = _rulings(_uuids(subjects[ReceiptKind.RULING]))
    findings = _findings(_numbers(subjects[ReceiptKind.FINDING]))
    closed = ContainedRun.objects.filter(pk__in=_numbers(subjects[ReceiptKind.PART_CLOSED]), closed_at__isnull=False)
    audits = AuditFinding.objects.filter(pk__in=_numbers(subjects[ReceiptKind.AUDIT]))
    return {
        **{(ReceiptKind.RULING.value, subject): facts for subject, facts in rulings.items()},
        **{(ReceiptKind.FINDING.value, subject): facts for subject, facts in findings.items()},
        **{(ReceiptKind.AUDIT.value, str(one.pk)): _audit_facts(one) for one in audits},
        **{(ReceiptKind.PART_CLOSED.value, str(one.pk)): _closed_facts(one) for one in closed},
    }


def _numbers(subjects: list[str]) -> list[int]:
    return [int(subject) for subject in subjects if subject.isdecimal()]


def _uuids(subjects: Iterable[str]) -> list[UUID]:
    """Return the subjects that can be ids: a receipt that was tampered with may hold anything."""
    keys = []
    for subject in subjects:
        with suppress(ValueError):
            keys.append(UUID(subject))
    return keys


def _rulings(keys: list[UUID]) -> dict[str, Facts]:
    made = dict(Truth.objects.filter(adjudication__in=keys).values_list("adjudication", "n"))
    cases = Adjudication.objects.filter(pk__in=keys, ruled_at__isnull=False)
    return {str(case.pk): {**_ruling_facts(case), "truth": made.get(case.pk)} for case in cases}


def _ruling_facts(case: Adjudication) -> Facts:
    return {
        "run": str(case.run_id),
        "item": str(case.item_id),
        "cause": case.cause,
        "label": case.label,
        "class": case.defect_class,
        "reason": case.reason,
        "first": str(case.first_id),
        "second": str(case.second_id) if case.second_id else None,
        "by": case.ruled_by_id,
        "at": when(case.ruled_at),
    }


def _findings(keys: list[int]) -> dict[str, Facts]:
    truths: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for truth in Truth.objects.filter(finding__in=keys).order_by("item", "n"):
        known = {"item": str(truth.item_id), "n": truth.n, "label": truth.label, "class": truth.defect_class}
        truths[truth.finding_id].append(known)
    findings = PhysicalFinding.objects.filter(pk__in=keys)
    return {str(one.pk): {**_finding_facts(one), "truths": truths[one.pk]} for one in findings}


def _finding_facts(one: PhysicalFinding) -> Facts:
    return {
        "run": str(one.run_id),
        "how": one.how,
        "found": one.found,
        "class": one.defect_class,
        "view": one.view,
        "note": one.note,
        "by": one.found_by_id,
        "at": in_words(one.found_at),
    }


def _audit_facts(one: AuditFinding) -> Facts:
    return {
        "run": str(one.run_id),
        "watch": one.watch_id,
        "kind": one.kind,
        "is_bad": one.is_bad,
        "class": one.defect_class,
        "is_critical": one.is_critical,
        "at": in_words(one.found_at),
    }


def _closed_facts(row: ContainedRun) -> Facts:
    return {
        "run": str(row.run_id),
        "containment": row.containment_id,
        "passed_at": in_words(row.passed_at),
        "found": row.found,
        "note": row.note,
        "by": row.closed_by_id,
        "at": when(row.closed_at),
    }
