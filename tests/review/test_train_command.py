"""Training from the command line: what it says when it can't, and the card when it can."""

import importlib.util
import io

import pytest
from django.core.management import CommandError, call_command

from inspection import registry, rollouts
from inspection.models import ModelVersion
from inspection.rules.words import RolloutStrategy
from review import bank
from tests.builders import NOON, make_line, make_model_version
from tests.inspection.test_training import easy_samples
from tests.review.rollout_scene import make_served_line

pytestmark = pytest.mark.django_db


def train(*arguments) -> str:
    written = io.StringIO()
    call_command("train", *map(str, arguments), stdout=written)
    return written.getvalue()


def test_without_torch_one_sentence_says_what_to_install(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else there(name))
    with pytest.raises(CommandError, match="Training needs torch"):
        train("phone-glass")


def test_an_unknown_line_an_empty_source_and_a_line_without_labels_are_named(tmp_path):
    with pytest.raises(CommandError, match="no line 'phone-glass'"):
        train("phone-glass")
    make_line()
    with pytest.raises(CommandError, match="holds no images"):
        train("phone-glass", "--source", tmp_path)
    with pytest.raises(CommandError, match="no labels to learn from"):
        train("phone-glass")


def test_an_unknown_architecture_is_refused(tmp_path):
    make_line()
    write_set(tmp_path, easy_samples(tmp_path)[:4])
    with pytest.raises(CommandError, match="use one of small-cnn"):
        train("phone-glass", "--source", tmp_path, "--architecture", "transformer-9000")


@pytest.mark.slow
def test_a_folder_becomes_a_model_and_its_card_is_printed(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    make_line()
    samples = easy_samples(tmp_path)
    write_set(tmp_path, samples)
    card = train("phone-glass", "--source", tmp_path, "--name", "light", "--minutes", "1")
    version = ModelVersion.objects.get()
    assert version.trained_on.count() == len(samples)
    assert registry.folder_of(version).joinpath("weights.safetensors").is_file()
    for row in ("light:1", "AUC", "escape at 1% overkill", "escape at 5% overkill", "of 8, 95 % interval", "ECE", "ms"):
        assert row in card


def test_a_version_that_learned_at_the_command_line_begins_in_shadow_as_any_that_learned_here():
    line = make_served_line()
    version = make_model_version("taught", card={"source": "a folder"})
    bank.note_training(version, [("ab" * 32, "")])
    for strategy in (RolloutStrategy.CANARY, RolloutStrategy.BLUE_GREEN):
        with pytest.raises(rollouts.OnlyShadows):
            rollouts.start(line, version, strategy=strategy, by=None, now=NOON)
    assert rollouts.start(line, version, strategy=RolloutStrategy.SHADOW, by=None, now=NOON).is_open


def write_set(folder, samples):
    rows = [f"{sample.path.name},{sample.label},{sample.defect_type},{sample.split}" for sample in samples]
    (folder / "manifest.csv").write_text("\n".join(["path,label,defect_type,split", *rows]))
