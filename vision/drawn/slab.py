"""The outline of a handset or of anything with round corners, and the metal that runs around it."""

from dataclasses import dataclass

import numpy as np

from vision.drawn.canvas import Plane

METALS = ((1.0, 1.0, 1.01), (0.74, 0.75, 0.77), (1.02, 0.93, 0.82), (0.8, 0.86, 0.95), (0.9, 0.9, 0.94))


@dataclass(frozen=True)
class Outline:
    """Signed distance to the rim in units, negative inside; and how far the rim there faces up and left (-1 to 1)."""

    depth: Plane
    up: Plane
    left: Plane

    def cover(self, scale: float, *, inset: float = 0.0) -> Plane:
        """1 inside, 0 outside, in between on the rim's own pixels."""
        return np.clip(np.float32(0.5) - (self.depth + np.float32(inset)) * np.float32(scale), 0, 1)

    def lit(self) -> Plane:
        """Light on the metal of the rim: most from above, a little from the left."""
        return np.float32(0.6) + np.float32(0.34) * self.up + np.float32(0.05) * self.left

    def shadow(self, *, reach: float = 11.0, strength: float = 0.42) -> Plane:
        """The shadow it casts on what lies under it, heavier below."""
        near = np.exp(-np.maximum(self.depth, 0) / np.float32(reach))
        return near * (np.float32(strength) - np.float32(strength * 0.43) * self.up)


def outline(x: Plane, y: Plane, *, half: tuple[float, float], corner: float) -> Outline:
    """Outline of a box with round corners around the origin of x and y."""
    out_x = np.abs(x) - np.float32(half[0] - corner)
    out_y = np.abs(y) - np.float32(half[1] - corner)
    round_x, round_y = np.maximum(out_x, 0), np.maximum(out_y, 0)
    reach = np.sqrt(round_x * round_x + round_y * round_y)
    depth = reach + np.minimum(np.maximum(out_x, out_y), 0) - np.float32(corner)
    turn = 1 / np.maximum(reach, 1)
    return Outline(depth, -np.sign(y) * round_y * turn, -np.sign(x) * round_x * turn)
