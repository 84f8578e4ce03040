"""The guarantees of the statistics page at a reduced size; the full size is `make guarantees`."""

import json

import pytest

from bench import guarantees


@pytest.mark.slow
def test_every_guarantee_holds_at_a_reduced_size(tmp_path, capsys):
    assert guarantees.main(["--reduced", "--results", str(tmp_path)]) == 0
    stored = json.loads((tmp_path / "guarantees-reduced.json").read_text())["properties"]
    assert list(stored) == [f"P{number}" for number in range(1, 38)]
    assert "failing: none" in capsys.readouterr().out


def test_a_run_goes_on_where_it_stopped(tmp_path, capsys):
    assert guarantees.main(["--reduced", "--results", str(tmp_path), "--only", "P24"]) == 0
    file = tmp_path / "guarantees-reduced.json"
    stored = json.loads(file.read_text())
    stored["properties"] = dict.fromkeys(guarantees.CHECKS, stored["properties"]["P24"])
    file.write_text(json.dumps(stored))
    assert guarantees.main(["--reduced", "--results", str(tmp_path)]) == 0
    assert "37 properties" in capsys.readouterr().out


def test_a_broken_guarantee_is_said_and_ends_with_one(tmp_path, capsys):
    guarantees.main(["--reduced", "--results", str(tmp_path), "--only", "P24"])
    file = tmp_path / "guarantees-reduced.json"
    broken = json.loads(file.read_text().replace('"holds"', '"FAILS"'))
    broken["properties"] = dict.fromkeys(guarantees.CHECKS, broken["properties"]["P24"])
    file.write_text(json.dumps(broken))
    assert guarantees.main(["--reduced", "--results", str(tmp_path)]) == 1
    assert "failing: P1, P2" in capsys.readouterr().out
