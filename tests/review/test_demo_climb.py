"""What lets `phone-back` climb in the demo, whatever names its parts are given."""

import random
from collections import Counter

import pytest

from review.demo_climb import ASSIST, BANK, SHADOW
from review.demo_scenes import SCENES
from review.rules import certifying
from review.rules.certifying import KnownDefect, Part

SCENE = next(scene for scene in SCENES if scene.slug == "phone-back")
KNOWN = [KnownDefect(f"{code}-{n}", 0.9, code) for code, count in BANK.items() for n in range(count)]


@pytest.mark.parametrize("seed", range(100))
def test_the_evidence_certifies_bands_however_the_parts_fall_into_tuning_and_certifying(seed):
    rng = random.Random(seed)
    cells = Counter(SHADOW) + Counter(ASSIST)
    # A part's name is drawn anew in every demo; the scores are a good model's, mistaken where the cell says so.
    parts = [
        Part(f"{rng.getrandbits(128):032x}", rng.uniform(*_scores(cell)), int(cell[1] == "d"))
        for cell, count in cells.items()
        for _ in range(count)
    ]
    assert certifying.certify(parts, KNOWN, {}, threshold=SCENE.call_threshold).reason == "certified"


def _scores(cell: str) -> tuple[float, float]:
    return (0.0, 0.9 * SCENE.call_threshold) if cell[0] == "p" else (SCENE.call_threshold + 0.01, 1.0)
