"""A small trained model, made once for all tests that only need some model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from vision import export
from vision.dataset import Sample
from vision.serving import read_card
from vision.training import Fitted, Progress, fit

CALIBRATOR = {"a": -0.8, "b": 0.3}


def mark(image: Image.Image, kind: str, rng: random.Random) -> Image.Image:
    """The part with a long scratch, a round chip, or nothing on it."""
    marked = image.copy()
    pen = ImageDraw.Draw(marked)
    x, y = rng.randint(30, 130), rng.randint(30, 130)
    if kind == "scratch":
        pen.line((x, y, x + 40, y + rng.randint(-30, 30)), fill=(250, 250, 250), width=3)
    if kind == "chip":
        pen.ellipse((x, y, x + 16, y + 16), fill=(10, 10, 10))
    return marked


def write_parts(folder: Path, count: int, *, seed: int = 0) -> list[Sample]:
    """Grey parts, every second one good, the others scratched or chipped in turn, with all three splits."""
    rng = random.Random(seed)
    samples = []
    for n in range(count):
        kind = ("", "scratch", "", "chip")[n % 4]
        plain = Image.new("RGB", (192, 192), (rng.randint(90, 150),) * 3)
        path = folder / f"{n}.png"
        mark(plain, kind, rng).save(path)
        split = ("train", "train", "train", "val", "test")[n // 4 % 5]
        samples.append(Sample(path=path, label="defect" if kind else "ok", defect_type=kind, split=split))
    return samples


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return write_parts(tmp_path_factory.mktemp("parts"), 160)


@pytest.fixture(scope="session")
def told() -> list[Progress]:
    """What the training of `fitted` said on its way."""
    return []


@pytest.fixture(scope="session")
def fitted(samples: list[Sample], told: list[Progress]) -> Fitted:
    return fit(
        samples, architecture="small-cnn", classes=["scratch", "chip"], seed=5, progress=told.append, minutes_cap=10
    )


@pytest.fixture(scope="session")
def model(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the exported model."""
    directory = tmp_path_factory.mktemp("model")
    export.save(fitted, directory, {"name": "grey-net", "version": 3, "calibrator": CALIBRATOR, "opset": "mine"})
    return directory


@pytest.fixture(scope="session")
def card(model: Path) -> dict[str, Any]:
    return read_card(model)
