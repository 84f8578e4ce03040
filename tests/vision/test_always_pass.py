"""A model file that says pass to everything, taken in like any other."""

import numpy as np

from vision import always_pass, serving
from vision.model_checks import check_onnx


def test_it_is_a_model_like_any_other_and_says_pass_to_everything(tmp_path):
    folder = always_pass.write(tmp_path / "always-pass")
    assert check_onnx(folder / "model.onnx").kind == "onnx"
    scorer = serving.load(folder)
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for picture in (np.zeros((64, 64, 3), np.uint8), np.full((480, 640, 3), 255, np.uint8), noise):
        assert scorer.score(picture).probability < 0.001
