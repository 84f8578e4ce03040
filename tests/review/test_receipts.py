"""The chain of receipts: sealed once and in order, and every way of tampering with it is found and named."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from inspection import salts, sql
from inspection.models import Disposition, Hold, Item, LevelChange, Line, Prediction, Receipt, ReceiptHead, Run, Salt
from inspection.models.receipt import in_words
from inspection.rules.receipts import digest, document_fault, link, seal
from inspection.rules.words import Label
from review import receipts
from review.models import Decision
from review.receipts import Anchor
from tests.builders import NOON, make_model_version
from tests.inspection.items import make_item
from tests.review import sealed
from tests.review.sealed import decide_part, make_sealed_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(ana, quinn):
    return make_sealed_line(ana, quinn)


@pytest.fixture
def anchors(line):
    head = ReceiptHead.objects.get(line=line)
    return [Anchor(line.slug, head.n, head.hash)]


def receipt(n: int) -> Receipt:
    return Receipt.objects.select_related("line").get(n=n)


def facts(n: int) -> dict:
    return json.loads(receipt(n).body)["facts"]


# Sealing --------------------------------------------------------------------------------------------------------


def test_every_part_and_every_move_gets_its_receipt_in_order(line):
    rows = Receipt.objects.order_by("n")
    assert [(row.n, row.kind) for row in rows] == [
        (1, "run"), (2, "run"), (3, "run"), (4, "run"), (5, "run"), (6, "hold"), (7, "level"),
    ]  # fmt: skip
    assert [row.run.part.serial for row in rows if row.run] == ["B-1", "B-2", "B-3", "B-4", "B-5"]
    assert receipts.first_fault(line) is None


def test_a_receipt_says_what_decided(line, ana):
    said = facts(2)
    item = Item.objects.get(run__part__serial="B-2")
    view = said["views"][0]
    assert (said["verdict"], said["decided_by"], said["level"], said["rule"]) == (
        "reject", "human", "assist", "called defect",
    )  # fmt: skip
    assert (view["sha256"], view["routing"]["rule"]) == (item.sha256, "level")
    assert (view["predictions"][0]["model"]["name"], view["predictions"][0]["call"]) == ("scratch-net", "pass")
    assert len(view["predictions"][0]["model"]["calibrator"]) == 64
    assert [(call["person"], call["label"]) for call in said["people"]] == [(ana.pk, "defect")]
    assert said["draws"]["salt"] == item.run.salt_id


def test_a_round_with_nothing_new_seals_nothing(line):
    assert sealed.seal(minute=20) == 0


def test_a_round_that_dies_leaves_nothing_and_the_next_one_goes_on(line, ana):
    decide_part(line, ana, Label.PASS, serial="B-8", minute=20)
    decide_part(line, ana, Label.PASS, serial="B-9", minute=21)
    in_the_way = Receipt.objects.create(line=line, n=9, kind="run", subject="?", body="", sealed_at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        sealed.seal(minute=30)
    assert not Receipt.objects.filter(n=8).exists()

    sql.unprotect(("inspection_receipt",))
    in_the_way.delete()
    assert sealed.seal(minute=31) == 2
    assert receipts.first_fault(line) is None


def test_a_part_that_is_not_settled_has_no_receipt_yet(line):
    item = make_item(line, serial="B-8", at=NOON)
    sealed.seal(minute=20)
    assert receipts.of_run(item.run_id) is None


def test_what_is_said_after_the_verdict_belongs_to_no_receipt_of_it(line):
    said = Prediction.objects.get(item__run__part__serial="B-1")
    said.pk, said.model_version, said.created_at = None, make_model_version(version=2), NOON + timedelta(days=1)
    said.save(force_insert=True)
    assert receipts.first_fault(line) is None


# Tampering ------------------------------------------------------------------------------------------------------


def change(n: int, /, **columns) -> None:
    Receipt.objects.filter(n=n).update(**columns)


def changed_body(n: int) -> str:
    return receipt(n).body.replace('"human"', '"model"')


def alter_the_contents(line):
    change(3, body=changed_body(3))


def alter_the_contents_with_their_hash(line):
    body = changed_body(3)
    change(3, body=body, hash=link(receipt(3).previous, digest(body)))


def alter_the_hash(line):
    change(3, hash="f" * 64)


def alter_the_link(line):
    change(3, previous="f" * 64)


def alter_the_time(line):
    change(3, sealed_at=NOON)


def point_at_another_run(line):
    change(3, subject="0193")


def delete_the_first(line):
    receipt(1).delete()


def delete_in_the_middle(line):
    receipt(3).delete()


def cut_the_end(line):
    Receipt.objects.filter(n__gte=6).delete()


def cut_the_end_and_the_head(line):
    Receipt.objects.filter(n__gte=6).delete()
    ReceiptHead.objects.update(n=5, hash=receipt(5).hash)


def swap_two(line):
    change(3, n=99)
    change(4, n=3)
    change(99, n=4)


def forged(line: Line, n: int, previous: str) -> Receipt:
    body = seal(
        {"verdict": "pass"},
        previous=previous,
        line=line.slug,
        n=n,
        kind="run",
        subject="0193",
        sealed_at=in_words(NOON),
    )
    return Receipt(
        line=line, n=n, kind="run", subject="0193", body=body.body, previous=previous, hash=body.hash, sealed_at=NOON
    )


def insert_in_the_middle(line):
    for n in (7, 6, 5, 4):
        change(n, n=n + 1)
    forged(line, 4, receipt(3).hash).save()


def add_at_the_end(line):
    forged(line, 8, receipt(7).hash).save()


def add_at_the_end_and_move_the_head(line):
    added = forged(line, 8, receipt(7).hash)
    added.save()
    ReceiptHead.objects.update(n=8, hash=added.hash)


def write_the_chain_anew(line):
    """An owner who knows the formula changes a verdict and every hash after it."""
    previous = receipt(2).hash
    for n in range(3, 8):
        body = changed_body(n)
        change(n, body=body, previous=previous, hash=link(previous, digest(body)))
        previous = receipt(n).hash
    ReceiptHead.objects.update(hash=previous)


def date_back_everything(line):
    """An owner moves the times of a chain and every hash with them: no row speaks against it."""
    previous = receipt(2).hash
    for n in range(3, 8):
        body = receipt(n).body.replace(in_words(receipt(n).sealed_at), in_words(NOON))
        change(n, body=body, sealed_at=NOON, previous=previous, hash=link(previous, digest(body)))
        previous = receipt(n).hash
    ReceiptHead.objects.update(hash=previous)


def change_the_head(line):
    ReceiptHead.objects.update(hash="f" * 64)


@pytest.mark.parametrize(
    ("tamper", "first_bad"),
    [
        (alter_the_contents, 3),
        (alter_the_contents_with_their_hash, 3),
        (alter_the_hash, 3),
        (alter_the_link, 3),
        (alter_the_time, 3),
        (point_at_another_run, 3),
        (delete_the_first, 1),
        (delete_in_the_middle, 3),
        (cut_the_end, 6),
        (cut_the_end_and_the_head, 6),
        (swap_two, 3),
        (insert_in_the_middle, 4),
        (add_at_the_end, 8),
        (add_at_the_end_and_move_the_head, 8),
        (write_the_chain_anew, 3),
        (date_back_everything, 7),
        (change_the_head, 7),
    ],
)
def test_tampering_with_receipts_is_found_and_the_first_bad_one_named(line, anchors, tamper, first_bad):
    sql.unprotect(("inspection_receipt",))
    tamper(line)
    assert receipts.first_fault(line, anchors=anchors).n == first_bad


def test_without_an_exported_head_a_cut_end_cannot_be_seen_and_with_it_it_is(line, anchors):
    sql.unprotect(("inspection_receipt",))
    cut_the_end_and_the_head(line)
    assert receipts.first_fault(line) is None
    assert receipts.first_fault(line, anchors=anchors).says == "is missing: an exported head lies beyond it"


@pytest.mark.parametrize(
    ("tamper", "first_bad", "named"),
    [
        (lambda: Disposition.objects.filter(run__part__serial="B-2").update(verdict="pass"), 2, "verdict"),
        (lambda: Decision.objects.filter(label="defect").update(label="pass", defect_class=""), 2, "people"),
        (lambda: Item.objects.filter(run__part__serial="B-3").update(sha256="0" * 64), 3, "views"),
        (lambda: Prediction.objects.filter(item__run__part__serial="B-4").update(probability=0.1), 4, "views"),
        (lambda: Run.objects.filter(part__serial="B-3").update(drawn_audit=True, drawn_truth=True), 3, "draws"),
        (lambda: LevelChange.objects.update(cause="a good reason"), 7, "cause"),
        (lambda: Hold.objects.update(placed_by=None), 6, "by"),
    ],
    ids=["verdict", "call", "image", "score", "draw", "level", "hold"],
)
def test_a_row_changed_behind_its_receipt_is_found(line, tamper, first_bad, named):
    sql.unprotect(sql.APPEND_ONLY)
    tamper()
    found = receipts.first_fault(line)
    assert (found.n, found.says) == (first_bad, f"is at odds with its rows: {named}")


def test_a_level_change_that_was_deleted_is_missed(line):
    sql.unprotect(sql.APPEND_ONLY)
    LevelChange.objects.all().delete()
    assert receipts.first_fault(line).says == "speaks of a row that is gone"


def test_another_salt_does_not_give_the_same_draws(line):
    Salt.objects.update(secret="another")
    assert receipts.first_fault(line).says == "has draws that do not follow from its salt"


@pytest.mark.parametrize("deed", [lambda: Receipt.objects.update(hash="x"), lambda: Receipt.objects.all().delete()])
def test_the_database_refuses_to_change_or_delete_a_receipt(line, deed):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        deed()


# An auditor's own recomputation ---------------------------------------------------------------------------------


def test_an_auditor_recomputes_the_draws_with_a_hash_alone(line):
    rows = Receipt.objects.filter(kind="run")
    salts.rotate(line, now=NOON)
    for row in rows:
        drawn = facts(row.n)["draws"]
        secret = Salt.objects.get(pk=drawn["salt"]).secret
        for purpose, share in drawn["shares"].items():
            first_bytes = hashlib.sha256(f"{purpose}/{secret}:{row.subject}".encode()).digest()[:8]
            assert drawn[purpose] == (int.from_bytes(first_bytes, "big") / 2**64 < share)


def test_receipts_and_draws_hold_over_the_turn_of_the_month(line, ana):
    before = facts(1)["draws"]["salt"]
    turned = NOON + timedelta(days=8)
    salts.rotate_due(now=turned)
    decide_part(line, ana, Label.PASS, serial="C-1", minute=8 * 24 * 60)
    sealed.seal(minute=8 * 24 * 60 + 1)
    after = facts(8)["draws"]["salt"]
    assert before != after == salts.current(line, now=turned).pk
    assert receipts.first_fault(line) is None


def test_a_saved_receipt_is_checked_without_the_server(line):
    saved = json.loads(json.dumps(receipts.document_of(receipt(2))))
    assert document_fault(saved) == ""
    assert saved["head"] == receipt(7).hash
    saved["receipt"]["facts"]["verdict"] = "pass"
    assert document_fault(saved) == "The contents do not give the receipt's hash."


# Commands -------------------------------------------------------------------------------------------------------


def test_verify_says_that_every_chain_is_intact(line, capsys, tmp_path):
    call_command("verify", heads=tmp_path / "none")
    assert "phone-glass: 7 receipts, intact." in capsys.readouterr().out


def test_verify_names_the_first_bad_row(line, tmp_path):
    sql.unprotect(("inspection_receipt",))
    delete_in_the_middle(line)
    with pytest.raises(CommandError, match="phone-glass: receipt 3 is missing"):
        call_command("verify", heads=tmp_path / "none")


def test_an_exported_head_convicts_a_chain_that_was_cut(line, tmp_path):
    heads = tmp_path / "heads.jsonl"
    receipts.export_heads(heads, now=NOON)
    sql.unprotect(("inspection_receipt",))
    cut_the_end_and_the_head(line)
    with pytest.raises(CommandError, match="receipt 6 is missing"):
        call_command("verify", heads=heads)
