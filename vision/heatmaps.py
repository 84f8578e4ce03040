"""Shows a heat map over the image: one ramp of rising lightness, readable without hue."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STOPS = ("290d54", "731a6e", "c23354", "f2731f", "fccc40", "fdffb8")
_RAMP = np.array([list(bytes.fromhex(stop)) for stop in _STOPS], dtype=np.float32)
_OPAQUE = 0.62
_FLOOR = 0.16


def heatmap_png(heatmap: NDArray[np.float32], size: tuple[int, int]) -> bytes:
    """A transparent PNG of `size` (width, height) to lay over the image; nothing shows below .16."""
    values = np.clip(_enlarge(heatmap, size), 0.0, 1.0)
    place = values * (len(_RAMP) - 1)
    below = np.minimum(place.astype(np.intp), len(_RAMP) - 2)
    colours = _RAMP[below] + (_RAMP[below + 1] - _RAMP[below]) * (place - below)[..., None]
    alpha = np.where(values < _FLOOR, 0.0, values * _OPAQUE * 255)
    written = io.BytesIO()
    layer = np.dstack([colours, alpha]).round().astype(np.uint8)
    Image.fromarray(layer, "RGBA").save(written, "PNG", compress_level=4)
    return written.getvalue()


def _enlarge(heatmap: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(heatmap.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
