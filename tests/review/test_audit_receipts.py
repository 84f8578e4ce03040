"""What an audit found is sealed: whoever softens, deletes or swaps a finding afterwards is found and named."""

import json

import pytest
from django.db import IntegrityError, transaction

from inspection import sql
from inspection.models import Receipt
from inspection.rules.words import Label
from review import receipts
from review.audit_models import AuditFinding
from review.finding_models import AmendmentDue
from tests.builders import NOON
from tests.review.deciding import audit, escape, make_deciding_line
from tests.review.sealed import drawn_by_salt, seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(ana, quinn):
    """A line with receipts 1 and 2 of two audited parts, one good and one an escape, 3 to 5 of what was found."""
    line = make_deciding_line()
    drawn_by_salt(audit(line, "A-1", ana, Label.PASS))
    drawn_by_salt(escape(line, "A-2", ana, quinn, minute=1))
    seal(minute=10)
    seal(minute=11)
    return line


def sealed() -> list[tuple[int, str]]:
    return list(Receipt.objects.order_by("n").values_list("n", "kind"))


def test_every_audit_finding_gets_its_receipt_behind_that_of_its_part(line):
    kinds = [kind for _, kind in sealed()]
    assert kinds == ["run", "run", "audit", "ruling", "audit"]
    assert [json.loads(one.body)["facts"]["is_bad"] for one in Receipt.objects.filter(kind="audit").order_by("n")] == [
        False, True,
    ]  # fmt: skip
    assert not AmendmentDue.objects.exists()
    assert receipts.first_fault(line) is None


@pytest.mark.parametrize(
    ("tamper", "first_bad", "says"),
    [
        (lambda bad: bad.update(is_bad=False), 5, "is at odds with its rows: is_bad"),
        (lambda bad: bad.update(defect_class="stain"), 5, "is at odds with its rows: class"),
        (lambda bad: bad.update(is_critical=True), 5, "is at odds with its rows: is_critical"),
        (lambda bad: bad.update(kind="auto_reject"), 5, "is at odds with its rows: kind"),
        (lambda bad: bad.update(found_at=NOON.replace(year=2020)), 5, "is at odds with its rows: at"),
        (lambda bad: bad.update(run=AuditFinding.objects.get(is_bad=False).run), 5, "is at odds with its rows: run"),
        (lambda bad: bad.delete(), 5, "speaks of a row that is gone"),
        (lambda _: AuditFinding.objects.filter(is_bad=False).delete(), 3, "speaks of a row that is gone"),
    ],
    ids=["made-good", "class", "critical", "kind", "time", "part", "deleted", "a-good-one-deleted"],
)
def test_an_audit_row_changed_behind_its_receipt_is_found(line, tamper, first_bad, says):
    sql.unprotect(sql.APPEND_ONLY)
    tamper(AuditFinding.objects.filter(is_bad=True))

    found = receipts.first_fault(line)
    assert (found.n, found.says) == (first_bad, says)


@pytest.mark.parametrize("table", [AuditFinding, Receipt])
def test_the_database_refuses_to_soften_what_is_sealed(line, table):
    for deed in (lambda rows: rows.update(line=line), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            deed(table.objects.all())
