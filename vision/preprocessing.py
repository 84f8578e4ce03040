"""From the decoder's working copy to the array a network takes. Every recipe has an id that never changes meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """One recipe: squash to a square, then (value - centre) / spread on 8-bit values."""

    id: str
    side: int
    centre: float
    spread: float

    def shrink(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The square picture, side x side x 3, still in 8 bits."""
        image = Image.fromarray(pixels)
        # Area-aware down-scaling: a hairline scratch fades, it does not fall between samples.
        square = image.resize((self.side, self.side), Image.Resampling.HAMMING)
        return np.asarray(square)

    def scale(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """N x side x side x 3 in 8 bits to N x 3 x side x side around zero."""
        planes = squares.transpose(0, 3, 1, 2).astype(np.float32)
        return np.ascontiguousarray((planes - np.float32(self.centre)) / np.float32(self.spread))

    def prepare(self, pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Working copies of any size to one batch for the network."""
        return self.scale(np.stack([self.shrink(pixels) for pixels in pictures]))


PREPROCESSINGS = {
    recipe.id: recipe
    for recipe in (
        Preprocessing(id="squash-192/1", side=192, centre=127.5, spread=64.0),
        # What EfficientNet-Lite was trained with.
        Preprocessing(id="squash-224-lite/1", side=224, centre=127.0, spread=128.0),
    )
}
