import csv
import json
from datetime import UTC, datetime
from random import Random

import pytest
from PIL import Image

from edge.conditions import Conditions, ControlFile
from edge.incumbent import SimulatedIncumbent
from edge.parts import neutral_serial
from edge.rendered import DrawnParts
from edge.shots import DataSetFolder, TruthFile, capture
from edge.trouble import Trouble
from tests.edge.builders import LOGGER, picture
from vision.dataset import DataSetError
from vision.drawn import UNSEEN, Optics

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def data_set(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [("path", "label", "defect_type", "note")]
    for number in range(8):
        name = f"{'scratch' if number % 2 else 'good'}_{number:04}.jpg"
        (folder / name).write_bytes(picture(number))
        rows.append((name, "defect" if number % 2 else "ok", "scratch" if number % 2 else "", "secret note"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def drain(source):
    pictures = []
    while shot := source.next(Conditions()):
        pictures.append(shot)
    return pictures


def test_a_data_set_is_shown_once_each_in_an_order_the_seed_decides(data_set):
    orders = [[shot.source for shot in drain(DataSetFolder(data_set, seed=seed))] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != sorted(orders[0])
    assert sorted(orders[0]) == sorted(orders[2])
    assert len(set(orders[0])) == 8


def test_what_was_shown_before_a_restart_is_not_shown_again(data_set):
    shown = [shot.source for shot in drain(DataSetFolder(data_set, seed=1))]
    rest = drain(DataSetFolder(data_set, seed=1, taken=set(shown[:3])))
    assert [shot.source for shot in rest] == shown[3:]


def test_nothing_that_is_sent_tells_what_the_picture_shows(data_set):
    for shot in drain(DataSetFolder(data_set, seed=1)):
        sent = capture(shot, incumbent=None, now=NOON)
        told = json.dumps([sent.serial, sent.view, sent.lot, sent.incumbent_verdict, sent.media_type, sent.captured_at])
        for word in ("scratch", "good", "defect", "note", "set"):
            assert word not in told


def test_a_folder_without_labels_is_told_in_a_sentence(tmp_path):
    with pytest.raises(DataSetError, match="holds no images"):
        DataSetFolder(tmp_path, seed=1)


def test_the_truth_is_written_on_this_machine_under_the_neutral_serial(data_set, tmp_path):
    shots = drain(DataSetFolder(data_set, seed=1))
    for part in (shots[:4], shots[4:]):
        truth = TruthFile(tmp_path / "truth.csv")
        for number, shot in enumerate(part):
            truth.add(f"P-{number}", shot)
    rows = list(csv.DictReader((tmp_path / "truth.csv").open()))
    assert len(rows) == 8
    assert {(row["label"], row["defect_type"]) for row in rows} == {("ok", ""), ("defect", "scratch")}


def test_neutral_serials_are_all_different_and_easy_to_read_out():
    serials = {neutral_serial() for _ in range(2000)}
    assert len(serials) == 2000
    assert not set("01OIL") & set("".join(serial[2:] for serial in serials))


@pytest.mark.parametrize(("defective", "share"), [(True, 0.8), (False, 0.1)])
def test_a_simulated_incumbent_errs_at_the_stated_rates(defective, share):
    incumbent = SimulatedIncumbent(miss_rate=0.2, false_alarm_rate=0.1, random=Random(1))
    rejected = sum(incumbent.judge(defective=defective) == "reject" for _ in range(5000))
    assert rejected / 5000 == pytest.approx(share, abs=0.02)


def draw_parts(**changes):
    return DrawnParts(**({"product": "glass", "defect_rate": 0.0, "seed": 1} | changes))


def brightness(shot, tmp_path):
    path = tmp_path / "shot.jpg"
    path.write_bytes(shot.content)
    with Image.open(path) as image:
        return sum(image.convert("L").resize((1, 1)).tobytes())


def test_the_same_seed_draws_the_same_part_and_no_two_parts_are_alike():
    first, second = draw_parts(), draw_parts()
    assert first.next(Conditions()) == second.next(Conditions())
    again = draw_parts(taken={draw_parts().next(Conditions()).source}).next(Conditions())
    assert again.source != draw_parts().next(Conditions()).source


def test_the_defect_rate_is_kept():
    assert all(draw_parts(defect_rate=1.0, seed=seed).next(Conditions()).defective for seed in range(3))
    assert not any(draw_parts(defect_rate=0.0, seed=seed).next(Conditions()).defective for seed in range(3))


def test_a_dimmed_light_dims_the_very_next_picture(tmp_path):
    bright = draw_parts().next(Conditions())
    dark = draw_parts().next(Conditions(optics=Optics(light=0.3)))
    assert brightness(dark, tmp_path) < 0.6 * brightness(bright, tmp_path)


def test_a_new_kind_of_scratch_appears_at_the_asked_share():
    parts = [draw_parts(seed=seed).next(Conditions(new_scratch_share=0.5)) for seed in range(12)]
    kinds = [part.defect_type for part in parts]
    assert set(kinds) == {"", UNSEEN}
    assert all(part.defective == (part.defect_type == UNSEEN) for part in parts)


@pytest.fixture
def control(tmp_path):
    return tmp_path / "optics.json"


def controls(path):
    return ControlFile(path, Trouble("Control file", LOGGER))


def test_each_line_has_its_conditions_and_the_star_stands_for_the_rest(control):
    control.write_text(
        '{"phone-back": {"light": 0.3, "focus": 0.5, "noise": 2, "new-scratch": true}, "*": {"paused": true}}'
    )
    back, other = controls(control).of("phone-back"), controls(control).of("phone-lens")
    assert back == Conditions(optics=Optics(light=0.3, focus=0.5, noise=2.0), new_scratch_share=0.5)
    assert other == Conditions(paused=True)


def test_no_control_file_means_a_healthy_line(control):
    assert controls(None).of("phone-back") == controls(control).of("phone-back") == Conditions()


def test_a_changed_control_file_is_obeyed_at_once(control):
    file = controls(control)
    for light in (0.9, 0.25, 1.0):
        draft = control.with_suffix(".part")
        draft.write_text(json.dumps({"phone-back": {"light": light}}))
        draft.rename(control)
        assert file.of("phone-back").optics.light == light
    control.unlink()
    assert file.of("phone-back") == Conditions()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"a": 1}', '{"a": {"light": -1}}', '{"a": {"colour": 1}}', '{"a": {"light": null}}']
)
def test_a_control_file_that_cannot_be_used_changes_nothing_and_is_told_once(control, caplog, content):
    file = controls(control)
    control.write_text('{"a": {"light": 0.5}}')
    assert file.of("a").optics.light == 0.5
    control.write_text(content)
    for _ in range(3):
        assert file.of("a").optics.light == 0.5
    assert caplog.text.count("cannot be used") == 1
