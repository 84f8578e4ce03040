"""Simulated people: they call what the camera drew, as an inspector would name it."""

import json

import pytest

from edge.people import REMEMBERED, Truths, read_people
from edge.shots import Picture
from vision.drawn import UNSEEN


def picture(defect_type=""):
    return Picture(
        source="s", content=b"", media_type="image/jpeg", defective=bool(defect_type), defect_type=defect_type
    )


@pytest.mark.parametrize(
    ("drawn", "label", "defect_class"),
    [("", "pass", None), ("scratch", "defect", "scratch"), (UNSEEN, "defect", "other")],
)
def test_a_part_is_called_what_it_is_and_a_kind_without_a_name_is_other(drawn, label, defect_class):
    truths = Truths()
    truths.add("A-1", picture(drawn))
    said = truths.call("A-1")
    assert (said["label"], said["defect_class"], bool(said["regions"])) == (label, defect_class, bool(drawn))


def test_nobody_judges_a_part_that_was_drawn_before_or_too_long_ago():
    truths = Truths()
    for n in range(REMEMBERED + 1):
        truths.add(f"A-{n}", picture())
    assert [truths.call(serial)["label"] for serial in ("B-1", "A-0", "A-1")] == [
        "cannot_judge",
        "cannot_judge",
        "pass",
    ]


def test_only_those_who_are_named_work(tmp_path):
    rows = [{"username": name, "token": f"t-{name}", "role": "inspector", "password": "x"} for name in ("ana", "andre")]
    (tmp_path / "people.json").write_text(json.dumps(rows))
    [andre] = read_people(tmp_path / "people.json", ["andre", "aria"])
    assert (andre.name, andre.token) == ("andre", "t-andre")
