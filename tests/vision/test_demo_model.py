"""The demo's model: made of drawn parts by a command, small, whole, and neither blind nor perfect."""

import math

import numpy as np
import pytest

from vision import demo_model
from vision.demo_model import DIRECTORY, build, defect_classes
from vision.drawn import CLASSES, PRODUCTS, draw
from vision.serving import load, read_card
from vision.training import Scores


def test_the_command_makes_a_model_that_serves(tmp_path):
    card = build(tmp_path, seed=3, count=160, minutes_cap=0)
    assert card == read_card(tmp_path)
    assert card["name"] == "drawn-net"
    assert sum(sum(split.values()) for split in card["training"]["images"].values()) == 160
    part = np.asarray(draw(1, product="glass").image)
    assert 0 < load(tmp_path).score(part).probability < 1


def test_its_classes_are_those_of_all_products():
    codes = {known.code for product in PRODUCTS for known in CLASSES[product]}
    assert sorted(defect_classes()) == sorted(codes)
    assert defect_classes()[-1] == "other"


def test_the_committed_model_is_small_and_says_what_it_is():
    card = read_card(DIRECTORY)
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) <= 2 * 1024 * 1024
    assert card["classes"] == defect_classes()
    assert "drawn parts" in card["source"]
    assert 0.95 <= card["figures"]["auc"] <= 0.995


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_the_committed_model_finds_a_plain_crack_and_lets_a_good_part_pass(runtime):
    scorer = load(DIRECTORY, runtime)
    odds = {
        defect: [scorer.score(np.asarray(draw(n, defect=defect, visibility=vis).image)).raw_score for n in range(8)]
        for defect, vis in ((None, None), ("crack", 0.9))
    }
    assert np.median(odds["crack"]) > np.median(odds[None]) + 2


def scores(raw, labels) -> Scores:
    logits = np.stack([np.zeros(len(raw)), raw], axis=1).astype(np.float32)
    return Scores(samples=(), logits=logits, class_numbers=np.array(labels, dtype=np.int64))


def test_platts_calibration_of_the_published_example():
    p = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9, 0.97]
    raw = [2 * math.log(q / (1 - q)) for q in p]
    found = demo_model.platt(scores(raw, [0, 0, 0, 1, 0, 1, 0, 1, 1, 1]))
    assert (found["a"], found["b"]) == pytest.approx((-0.262233, -0.269573), abs=1e-4)
