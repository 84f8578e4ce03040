"""The chain of receipts as pure rules: what breaks it, where, and how a saved receipt is checked alone."""

import json
from dataclasses import replace

import pytest

from inspection.rules import receipts
from inspection.rules.receipts import GENESIS, Fault, Sealed, digest, faults, link, seal

LINE = "phone-glass"


def chain(count: int = 5) -> list[Sealed]:
    made, previous = [], GENESIS
    for n in range(1, count + 1):
        one = seal(
            {"verdict": "pass", "sequence": n},
            previous=previous,
            line=LINE,
            n=n,
            kind="run",
            subject=f"run-{n}",
            sealed_at="2026-11-23T12:00:00.000000Z",
        )
        made.append(one)
        previous = one.hash
    return made


def forged(one: Sealed) -> Sealed:
    """Return a receipt with other contents and the hash that belongs to them."""
    body = one.body.replace("pass", "reject")
    return replace(one, body=body, hash=link(one.previous, digest(body)))


def put(made: list[Sealed], n: int, one: Sealed) -> list[Sealed]:
    return [*made[: n - 1], one, *made[n:]]


def test_a_chain_as_it_was_sealed_has_no_fault():
    assert list(faults(chain())) == []


def test_no_receipts_are_no_fault():
    assert list(faults([])) == []


def test_contents_that_were_changed_with_their_hash_break_the_next_link():
    assert list(faults(put(chain(), 3, forged(chain()[2])))) == [Fault(4, "does not follow the receipt before it")]


def test_contents_that_were_changed_alone_do_not_give_the_hash():
    changed = replace(chain()[2], body=chain()[2].body.replace("pass", "reject"))
    assert [fault.n for fault in faults(put(chain(), 3, changed))] == [3]


@pytest.mark.parametrize(
    "change", [{"subject": "run-9"}, {"kind": "level"}, {"sealed_at": "2027-01-01T00:00:00.000000Z"}, {"line": "other"}]
)
def test_a_column_that_differs_from_the_contents_is_told(change):
    found = list(faults(put(chain(), 2, replace(chain()[1], **change))))
    assert found == [Fault(2, "is not the receipt its contents say")]


def test_a_gap_is_told_once():
    made = chain()
    assert list(faults([*made[:1], *made[3:]])) == [Fault(2, "is missing")]


def test_two_that_changed_places_are_told_from_the_first_on():
    made = chain()
    swapped = [made[0], replace(made[2], n=2), replace(made[1], n=3), *made[3:]]
    assert next(faults(swapped)).n == 2


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"n":1}'])
def test_contents_that_cannot_be_read_are_a_fault_and_no_error(body):
    torn = replace(chain()[0], body=body, hash=link(GENESIS, digest(body)))
    assert Fault(1, "is not the receipt its contents say") in list(faults([torn]))


def test_a_saved_receipt_leads_to_its_head():
    made = chain()
    saved = receipts.document(made[1], made[2:])
    assert receipts.document_fault(saved) == ""
    assert saved["head"] == made[-1].hash


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda saved: saved["receipt"]["facts"].update(verdict="reject"),
            "The contents do not give the receipt's hash.",
        ),
        (lambda saved: saved.update(head="f" * 64), "The receipts after it do not lead to the head."),
        (lambda saved: saved["following"].pop(), "The receipts after it do not lead to the head."),
    ],
)
def test_a_saved_receipt_that_was_spoilt_says_how(spoil, says):
    saved = json.loads(json.dumps(receipts.document(chain()[1], chain()[2:])))
    spoil(saved)
    assert receipts.document_fault(saved) == says


def test_the_program_beside_the_rules_checks_a_file(tmp_path, capsys):
    path = tmp_path / "receipt-2.json"
    path.write_text(json.dumps(receipts.document(chain()[1])), encoding="utf-8")
    assert receipts.main(str(path)) == 0
    assert capsys.readouterr().out.startswith("Receipt 2 of phone-glass holds.")
    path.write_text(path.read_text().replace("pass", "hold"), encoding="utf-8")
    assert receipts.main(str(path)) == 1
