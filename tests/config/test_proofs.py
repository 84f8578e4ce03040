"""The documents name a proof for each promise to the people at the pages: every one of them exists."""

import re
from pathlib import Path

from tools import ui_checks

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs" / "ui.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (U\d\d) \|[^|]*\|(.*)\|$", re.MULTILINE)


def exists(proof: str) -> bool:
    """Say whether a file, or a test by its name, is there."""
    path, _, name = proof.partition("::")
    file = ROOT / path
    return file.is_file() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))


def test_each_promise_has_proofs_that_exist():
    rows = dict(ROW.findall(PAGES))
    assert list(rows) == [f"U{n:02}" for n in range(1, 28)]
    named = {place: re.findall(r"`([^`]+)`", proofs) for place, proofs in rows.items()}
    assert [place for place, proofs in named.items() if not proofs] == []
    assert [proof for proofs in named.values() for proof in proofs if not exists(proof)] == []


def test_each_promise_of_accessibility_is_asked_of_every_page_or_proved_by_a_test_that_exists():
    rows = ui_checks.REQUIREMENTS
    assert len(rows) == 18
    assert [row for row, (checks, tests) in rows.items() if not (checks or tests)] == []
    assert {check for checks, _ in rows.values() for check in checks} == set(ui_checks.CHECKS)
    assert [test for _, tests in rows.values() for test in tests if not exists(test)] == []
