"""Scoring files and registering models from the command line."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from inspection import registry
from tests.inspection.items import BRIGHT, DARK, picture
from tests.inspection.models import make_light_meter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    registry.forget_loaded()


def run(*arguments) -> str:
    written = io.StringIO()
    call_command(*map(str, arguments), stdout=written)
    return written.getvalue()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shots"
    folder.mkdir()
    for name, content in (("a.jpg", picture(DARK)), ("b.jpg", picture(BRIGHT)), ("c.jpg", b"no picture")):
        (folder / name).write_bytes(content)
    (folder / "notes.txt").write_text("not an image")
    return folder


def test_each_image_gets_one_json_line(folder):
    make_light_meter()
    good, bad, broken = (json.loads(line) for line in run("predict", "light-meter", folder, "--json").splitlines())
    assert list(good) == ["path", "score", "probability", "label", "class", "ms"]
    assert (good["path"], good["label"], good["class"]) == (str(folder / "a.jpg"), "pass", None)
    assert (bad["label"], bad["class"]) == ("defect", "scratch")
    assert bad["probability"] > 0.9 > 0.1 > good["probability"]
    assert bad["ms"] > 0
    assert (broken["label"], broken["score"], bool(broken["error"])) == (None, None, True)


def test_the_call_follows_the_threshold(folder):
    make_light_meter()
    (line,) = run("predict", "light-meter:1", folder / "b.jpg", "--json", "--call-threshold", "0.99999").splitlines()
    assert json.loads(line)["label"] == "pass"


def test_without_json_the_answer_is_a_sentence(folder):
    make_light_meter()
    assert run("predict", "light-meter", folder / "b.jpg").startswith(f"{folder / 'b.jpg'}: scratch (0.9")


def test_an_unknown_model_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(CommandError, match="no model 'light-meter'"):
        run("predict", "light-meter", tmp_path, "--json")
    make_light_meter()
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="holds no JPEG"):
        run("predict", "light-meter", tmp_path / "empty", "--json")


def test_a_model_is_registered_from_its_card():
    card = registry.folder_of(make_light_meter()) / "card.json"
    assert run("register_model", card, "--name", "lamp").startswith("Registered lamp:1 (small-cnn, sha256 ")


def test_a_model_that_is_refused_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"There is no .*card\.json"):
        run("register_model", tmp_path / "card.json")
    card = registry.folder_of(make_light_meter()) / "card.json"
    card.with_name("model.onnx").write_bytes(b"other")
    with pytest.raises(CommandError, match="sha256 differs"):
        run("register_model", card, "--name", "lamp")
