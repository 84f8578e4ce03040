"""Freezes, waivers, bands and containments are sealed: whoever edits, deletes or swaps one is found and named."""

import json
from datetime import timedelta

import pytest

from inspection import automation, sql, waivers
from inspection.models import Freeze, Receipt, Waiver
from inspection.rules.words import Level
from review import containment, findings, receipts
from review.containment_models import ContainedRun, Containment, ContainmentReach
from review.models import BandsChange
from review.rules.containment import Found
from tests.builders import NOON
from tests.review.deciding import make_deciding_line, passed
from tests.review.scene import later
from tests.review.sealed import drawn_by_salt, seal

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def line(quinn, quill):
    """A line with two freezes and two waivers, one of each completed, and a containment that was widened and closed."""
    line = make_deciding_line()
    BandsChange.objects.create(
        line=line, bands=line.bands, level="partial", certified_by=quinn, put_by=quill, put_at=NOON
    )
    automation.freeze(line, cause="drift", reason="Image drift.", now=NOON)
    automation.freeze(line, cause="escape-chart", reason="The chart warns.", now=NOON)
    automation.thaw(line, cause="escape-chart", by=quinn, now=later(1))
    for code in ("scratch", "crack"):
        waivers.ask(line, subject=code, until=(NOON + DAY).date(), reason="few", by=quinn, now=NOON)
    waivers.sign(Waiver.objects.get(subject="scratch"), by=quill, now=later(2))
    for n in (1, 2, 3):
        drawn_by_salt(passed(line, f"P-{n}", at=later(n)))
    contain(line, quinn)
    return line


def contain(line, lead):
    """Open a containment, widen it to before its beginning, list and close it, and seal what happened on the way."""
    opened = containment.open_for(line, cause="doubt", by=lead, since=later(2), now=later(60))
    containment.open_for(line, cause="worse", by=lead, since=NOON, now=later(90))
    containment.list_due(now=later(400))
    rows = list(containment.listed(opened))
    seal(minute=10)
    for row, found in zip(rows, (Found.GOOD, Found.LOST, Found.LOST), strict=True):
        findings.close_contained(row, found=found, note="looked", by=lead, now=later(700))
    seal(minute=12)
    containment.close(opened, by=lead, now=later(800))
    seal(minute=14)


def numbers(kind: str) -> list[int]:
    return list(Receipt.objects.filter(kind=kind).order_by("n").values_list("n", flat=True))


def said(kind: str) -> list[dict]:
    return [json.loads(one.body)["facts"] for one in Receipt.objects.filter(kind=kind).order_by("n")]


def test_each_deed_has_its_receipt(line, quinn, quill):
    assert [one["cause"] for one in said("freeze")] == ["drift", "escape-chart"]
    assert [(one["cause"], one["by"]) for one in said("thaw")] == [("escape-chart", quinn.pk)]
    assert [(one["subject"], one["by"]) for one in said("waiver")] == [("scratch", quinn.pk), ("crack", quinn.pk)]
    assert [(one["subject"], one["by"]) for one in said("waived")] == [("scratch", quill.pk)]
    assert [(one["certified_by"], one["by"]) for one in said("bands")] == [(quinn.pk, quill.pk)]
    assert {one["opened_for"] for one in said("containment")} == {"doubt"}
    assert [one["cause"] for one in said("containment")] == ["doubt", "worse"]
    assert [one["parts"] for one in said("listed")] == [2, 3]
    assert [(one["found"], one["by"]) for one in said("part_closed")] == [
        ("good", quinn.pk), ("lost", quinn.pk), ("lost", quinn.pk),
    ]  # fmt: skip
    assert said("contained")[0]["parts"] == {"all": 3, "open": 0, "good": 1, "bad": 0, "lost": 2}
    assert receipts.first_fault(line) is None


def test_a_round_with_nothing_new_seals_no_deed_again(line):
    assert seal(minute=20) == 0


def test_what_is_still_open_is_sealed_as_it_was_begun(line, quinn):
    second = containment.open_for(line, cause="again", by=quinn, now=later(900))
    seal(minute=16)
    assert (said("containment")[-1]["cause"], len(said("listed")), len(said("contained"))) == ("again", 2, 1)
    assert second.listed_at is None
    assert receipts.first_fault(line) is None


def swap(rows, column: str) -> None:
    """Let two rows say what the other one said."""
    one, two = rows.order_by("pk")
    first, second = getattr(one, column), getattr(two, column)
    rows.filter(pk=one.pk).update(**{column: second})
    rows.filter(pk=two.pk).update(**{column: first})


TAMPERINGS = {
    "a-waiver-lengthened": (lambda: Waiver.objects.update(until=(NOON + 9 * DAY).date()), "waiver", 0, "until"),
    "a-waiver-raised": (lambda: Waiver.objects.update(to_level=Level.FULL.value, reason="?"), "waiver", 0, "reason"),
    "waivers-swapped": (lambda: swap(Waiver.objects.all(), "subject"), "waiver", 0, "subject"),
    "a-signature-moved": (lambda: Waiver.objects.filter(subject="scratch").update(second_at=NOON), "waived", 0, "at"),
    "a-waiver-deleted": (lambda: Waiver.objects.filter(subject="crack").delete(), "waiver", 1, None),
    "a-freeze-excused": (lambda: Freeze.objects.filter(cause="drift").update(reason="none"), "freeze", 0, "reason"),
    "a-freeze-deleted": (lambda: Freeze.objects.filter(cause="escape-chart").delete(), "freeze", 1, None),
    "a-thaw-by-nobody": (lambda: Freeze.objects.update(lifted_by=None), "thaw", 0, "by"),
    "a-thaw-undone": (
        lambda: Freeze.objects.filter(cause="escape-chart").update(lifted_by=None, lifted_at=None), "thaw", 0, "at",
    ),
    "bands-of-another": (lambda: BandsChange.objects.update(level="assist"), "bands", 0, "level"),
    "a-containment-narrowed": (lambda: Containment.objects.update(since=later(2)), "containment", 1, "covered"),
    "a-reach-deleted": (lambda: ContainmentReach.objects.filter(cause="worse").delete(), "containment", 1, None),
    "parts-swapped": (
        lambda: swap(ContainedRun.objects.filter(found="lost"), "passed_at"), "part_closed", 1, "passed_at",
    ),
    "a-part-made-good": (
        lambda: ContainedRun.objects.filter(found="lost").update(found="good"), "part_closed", 1, "found",
    ),
    "a-closing-by-another": (lambda: Containment.objects.update(closed_by=None), "contained", 0, "by"),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "kind", "nth", "differs"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_deed_changed_behind_its_receipt_is_found(line, tamper, kind, nth, differs):
    sql.unprotect(sql.APPEND_ONLY)
    tamper()
    found = receipts.first_fault(line)
    assert found.n == numbers(kind)[nth]
    assert differs is None or differs in found.says
    assert differs is not None or found.says == "speaks of a row that is gone"


def test_a_part_taken_off_the_list_is_missed_before_anybody_closed_it(line, quinn):
    drawn_by_salt(passed(line, "P-4", at=later(900)))
    containment.open_for(line, cause="again", by=quinn, since=later(850), now=later(960))
    containment.list_due(now=later(1100))
    seal(minute=20)
    ContainedRun.objects.filter(run__part__serial="P-4").delete()
    found = receipts.first_fault(line)
    assert (found.n, found.says) == (numbers("listed")[-1], "is at odds with its rows: parts, runs_sha256")


def test_a_late_widening_leaves_what_was_sealed_as_it_is(line, quinn):
    drawn_by_salt(passed(line, "P-5", at=later(900)))
    containment.open_for(line, cause="first", by=quinn, since=later(850), now=later(960))
    containment.list_due(now=later(1100))
    seal(minute=20)
    containment.open_for(line, cause="second", by=quinn, since=NOON, now=later(1300))
    containment.list_due(now=later(1500))
    seal(minute=30)
    assert [one["parts"] for one in said("listed")[-2:]] == [1, 4]
    assert receipts.first_fault(line) is None
