"""What the renderer must know of one product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vision.drawn.canvas import Canvas, Pose
from vision.drawn.dirt import Soil
from vision.drawn.flaws import Flaw
from vision.drawn.optics import Optics

# The first generator decides the handset model, the second the light of this capture.
Scene = Callable[[np.random.Generator, Pose, np.random.Generator, Optics], Canvas]


@dataclass(frozen=True, kw_only=True)
class Product:
    """How a clean part looks, how it gets dirty, what can be wrong with it and how often."""

    scene: Scene
    soil: Soil
    flaws: Mapping[str, Flaw]
    mix: Mapping[str, float]
    play: tuple[float, float, float] = (9.0, 6.0, 0.9)  # spread of the pose: units, units, degrees
