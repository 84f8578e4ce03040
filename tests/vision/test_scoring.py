"""Scores, probabilities and heat as numbers, and the layer people see."""

import io

import numpy as np
import pytest
from PIL import Image

from vision.heatmaps import heatmap_png
from vision.scoring import UNCALIBRATED, activation, heat, probability, raw_scores, uncertainty


@pytest.mark.parametrize(
    ("logits", "score"),
    [([0, 0], 0.0), ([1, 4], 3.0), ([0, 0, 0], np.log(2)), ([0, 1000, -1000], 1000.0), ([1000, 0], -1000.0)],
)
def test_the_score_sets_all_defect_classes_against_pass(logits, score):
    assert raw_scores(np.array([logits], np.float32))[0] == pytest.approx(score)


def test_the_score_is_the_log_odds_of_the_softmax():
    logits = np.random.default_rng(1).normal(0, 2, (50, 5)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert raw_scores(logits) == pytest.approx(np.log((1 - shares[:, 0]) / shares[:, 0]), abs=1e-4)


@pytest.mark.parametrize(
    ("score", "a", "b", "p"),
    [(0, -1, 0, 0.5), (2, -0.5, 1, 0.5), (1e9, -1, 0, 1.0), (-1e9, -1, 0, 0.0), (1, -1, 0, 0.731059)],
)
def test_platts_curve(score, a, b, p):
    assert probability(score, {"a": a, "b": b}) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(("p", "bits"), [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0), (0.11, 0.49992)])
def test_uncertainty_in_bits(p, bits):
    assert uncertainty(p) == pytest.approx(bits, abs=1e-4)


def test_uncalibrated_leaves_the_log_odds_alone():
    assert probability(np.log(3), UNCALIBRATED) == pytest.approx(0.75)


def test_heat_is_what_speaks_for_the_class_rather_than_for_pass():
    maps = np.array([[[1.0, 0.0]], [[0.0, 2.0]], [[5.0, 5.0]]], np.float32)
    assert activation(maps, 1).tolist() == [[0.0, 2.0]]
    assert heat(maps, 1, 4.0).tolist() == [[0.0, 0.5]]
    assert heat(maps, 1, 1.0).max() == 1.0


def layer(values, size=(2, 1)) -> np.ndarray:
    """The layer as height x width x (red, green, blue, alpha)."""
    shown = Image.open(io.BytesIO(heatmap_png(np.array(values, np.float32), size)))
    assert (shown.mode, shown.size) == ("RGBA", size)
    return np.asarray(shown).astype(int)


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        (0.2, (0x73, 0x1A, 0x6E)),
        (0.4, (0xC2, 0x33, 0x54)),
        (0.6, (0xF2, 0x73, 0x1F)),
        (0.8, (0xFC, 0xCC, 0x40)),
        (1.0, (0xFD, 0xFF, 0xB8)),
    ],
)
def test_the_ramp_and_its_opacity(value, colour):
    assert layer([[value, value]])[0, 0].tolist() == [*colour, round(value * 0.62 * 255)]


@pytest.mark.parametrize("value", [0.0, 0.1, 0.159])
def test_nothing_shows_below_the_floor(value):
    assert layer([[value, value]])[0, 0, 3] == 0


def test_the_ramp_rises_in_lightness_so_that_it_reads_without_hue():
    ramp = layer([np.linspace(0, 1, 64)], (64, 1))[0, :, :3]
    lightness = ramp @ (0.299, 0.587, 0.114)
    assert (np.diff(lightness) > 0).all()


def test_the_layer_has_the_size_of_the_image():
    assert layer(np.eye(12), (640, 480)).shape == (480, 640, 4)
