"""What the demo's lines promise to show, asked of the demo's own model."""

import io

import numpy as np
import pytest
from PIL import Image

from review.demo_scenes import SCENES
from vision import drawn
from vision.demo_model import DIRECTORY
from vision.serving import load


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.mistaken], ids=lambda scene: scene.slug)
def test_the_model_is_mistaken_about_the_parts_that_fill_the_rare_cells(scene):
    model, mistakes = load(DIRECTORY), 0
    for number in scene.mistaken:
        picture = drawn.draw_random(number, product=scene.product, defect_rate=scene.pool_defects)
        seen = np.asarray(Image.open(io.BytesIO(drawn.encode(picture))))
        is_called = model.score(seen).probability >= scene.call_threshold
        mistakes += is_called != (picture.label == "defect")
    # Where numbers round otherwise, one that lies at the threshold may fall on the other side.
    assert mistakes >= len(scene.mistaken) - 1
