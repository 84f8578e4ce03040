"""Serving: two runtimes that agree, calls by the line's threshold, heat where the defect is, refusals."""

import hashlib
import json
import math
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.vision.conftest import CALIBRATOR, mark
from vision.decode import Decoder
from vision.preprocessing import PREPROCESSINGS
from vision.serving import ModelFailed, ModelMissing, Scorer, load, read_card


@pytest.fixture(scope="module")
def pictures(fitted):
    with Decoder() as decoder:
        return [decoder.decode(sample.path, renditions=False).pixels for sample in fitted.test.samples]


@pytest.fixture(scope="module")
def scorer(model):
    return load(model)


def test_serving_gives_the_scores_that_training_gave(scorer, pictures, fitted):
    served = [scored.raw_score for scored in scorer.score_many(pictures)]
    assert served == pytest.approx(fitted.test.raw_scores.tolist(), abs=1e-4)


def test_both_runtimes_agree_within_a_ten_thousandth(model, pictures):
    onnx, torch = (load(model, runtime).score_many(pictures) for runtime in ("onnx", "torch"))
    for ours, theirs in zip(onnx, torch, strict=True):
        assert abs(ours.raw_score - theirs.raw_score) <= 1e-4
        assert ours.heatmap == pytest.approx(theirs.heatmap, abs=1e-4)
        assert np.abs(ours.embedding - theirs.embedding).max() <= 1e-4
        assert ours.label == theirs.label


def test_one_by_one_and_in_batches_is_the_same(scorer, pictures):
    alone = [scorer.score(pixels).raw_score for pixels in pictures[:11]]
    assert [scored.raw_score for scored in scorer.score_many(pictures[:11])] == pytest.approx(alone, abs=1e-4)
    assert scorer.score_many([]) == []


def test_the_probability_is_the_cards_calibration_of_the_score(scorer, pictures):
    for scored in scorer.score_many(pictures):
        expected = 1 / (1 + math.exp(CALIBRATOR["a"] * scored.raw_score + CALIBRATOR["b"]))
        assert scored.probability == pytest.approx(expected)


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "defect"), (1.1, "pass")])
def test_the_lines_threshold_makes_the_call(scorer, pictures, threshold, label):
    for scored in scorer.score_many(pictures, call_threshold=threshold):
        assert scored.label == label
        assert (scored.defect_class in ("scratch", "chip")) == (label == "defect")


def test_a_probability_at_the_threshold_is_a_defect(scorer, pictures):
    p = scorer.score(pictures[0]).probability
    assert scorer.score(pictures[0], call_threshold=p).label == "defect"
    assert scorer.score(pictures[0], call_threshold=np.nextafter(p, 1)).label == "pass"


@pytest.mark.parametrize("kind", ["scratch", "chip"])
def test_the_heat_lies_where_the_defect_is(scorer, kind):
    good = Image.new("RGB", (192, 192), (120, 120, 120))
    hits = 0
    for seed in range(6):
        pixels = np.asarray(mark(good, kind, random.Random(seed)))
        found = scorer.score(pixels)
        changed = np.argwhere((pixels != np.asarray(good)).any(axis=2)) / 192
        row, column = np.unravel_index(found.heatmap.argmax(), found.heatmap.shape)
        hottest = (np.array([row, column]) + 0.5) / found.heatmap.shape
        hits += np.abs(changed - hottest).max(axis=1).min() < 0.15
    assert hits >= 5


def test_the_heat_map_is_small_lies_between_0_and_1_and_can_be_left_out(scorer, pictures):
    for scored in scorer.score_many(pictures):
        assert scored.heatmap.dtype == np.float32
        assert scored.heatmap.shape == (12, 12)
        assert 0 <= scored.heatmap.min() <= scored.heatmap.max() <= 1
    assert scorer.score(pictures[0], heatmap=False).heatmap is None


def test_a_picture_of_any_size_can_be_scored(scorer):
    for shape in ((1024, 768, 3), (64, 1024, 3), (1, 1, 3)):
        assert 0 <= scorer.score(np.full(shape, 90, np.uint8)).probability <= 1


class Answering:
    """A runtime that answers what it was told to."""

    def __init__(self, logits, maps, embedding):
        self._answer = tuple(np.asarray(part, dtype=np.float32) for part in (logits, maps, embedding))

    def run(self, batch):
        return self._answer


GOOD = {"logits": np.zeros((1, 3)), "maps": np.zeros((1, 3, 4, 4)), "embedding": np.zeros((1, 8))}


@pytest.mark.parametrize(
    "change",
    [
        {"logits": [[0, math.nan, 0]]},
        {"logits": [[0, math.inf, 0]]},
        {"logits": [[0, 0]]},
        {"logits": np.zeros((2, 3))},
        {"maps": np.full((1, 3, 4, 4), math.nan)},
        {"maps": np.zeros((1, 2, 4, 4))},
        {"maps": np.zeros((1, 3))},
        {"embedding": [[math.nan]]},
    ],
    ids=str,
)
def test_an_unusable_answer_is_a_failure_never_a_pass(card, change):
    assert Scorer(card, Answering(**GOOD)).score(np.zeros((8, 8, 3), np.uint8)).raw_score == pytest.approx(math.log(2))
    with pytest.raises(ModelFailed):
        Scorer(card, Answering(**{**GOOD, **change})).score(np.zeros((8, 8, 3), np.uint8))


@pytest.fixture
def copy(model, tmp_path):
    return shutil.copytree(model, tmp_path / "copy")


@pytest.mark.parametrize(("runtime", "name"), [("onnx", "model.onnx"), ("torch", "weights.safetensors")])
def test_a_file_that_is_not_what_the_card_vouches_for_is_not_loaded(copy, runtime, name):
    path = copy / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelMissing, match="sha256 differs"):
        load(copy, runtime)


def test_a_missing_file_or_card_is_said(copy):
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelMissing, match=r"model\.onnx is not there"):
        load(copy)
    (copy / "card.json").unlink()
    with pytest.raises(ModelMissing, match=r"no card\.json"):
        load(copy)


@pytest.mark.parametrize("change", [{"architecture": "resnet"}, {"preprocessing": "crop-64/9"}])
def test_a_card_from_another_world_is_refused(copy, change):
    card = {**read_card(copy), **change}
    (copy / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelMissing, match="does not have"):
        load(copy)


def test_weights_that_answer_otherwise_than_the_graph_that_was_tried_are_not_loaded(copy):
    weights, card_file = copy / "weights.safetensors", copy / "card.json"
    save_file({name: values * 2 for name, values in load_file(weights).items()}, weights)
    card = json.loads(card_file.read_text())
    card["files"][weights.name]["sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    card_file.write_text(json.dumps(card))

    with pytest.raises(ModelMissing, match="do not answer as the graph"):
        load(copy, "torch")
    assert load(copy)


def test_an_unknown_runtime_is_a_mistake_of_the_caller(model):
    with pytest.raises(ValueError, match="use 'onnx' or 'torch'"):
        load(model, "tensorrt")


def test_serving_with_onnx_never_loads_torch(model):
    script = f"import sys, vision.serving; vision.serving.load({str(model)!r}); print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "onnxruntime" in loaded
    assert not loaded & {"torch", "sklearn", "scipy", "onnx"}


def test_importing_serving_loads_no_runtime():
    script = "import sys, vision.serving, vision.model_files, vision.measures; print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not set(told.stdout.split()) & {"torch", "onnxruntime", "onnx", "sklearn", "scipy"}


@pytest.mark.parametrize("recipe", PREPROCESSINGS.values(), ids=lambda recipe: recipe.id)
def test_a_recipe_gives_what_its_id_promises(recipe):
    square = recipe.prepare([np.full((480, 640, 3), 255, np.uint8), np.zeros((64, 64, 3), np.uint8)])
    assert square.shape == (2, 3, recipe.side, recipe.side)
    assert square.dtype == np.float32
    assert str(recipe.side) in recipe.id
    assert square[0].max() == pytest.approx((255 - recipe.centre) / recipe.spread)
    assert square[1].min() == pytest.approx(-recipe.centre / recipe.spread)


def test_a_hairline_fades_but_does_not_fall_between_samples():
    recipe = PREPROCESSINGS["squash-192/1"]
    for column in range(400, 410):
        picture = np.full((960, 960, 3), 100, np.uint8)
        picture[:, column] = 250
        assert recipe.shrink(picture).max() >= 118
