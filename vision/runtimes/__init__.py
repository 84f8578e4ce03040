"""Ways to run a network. Each module offers `open_model(directory, card) -> Runtime`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Runtime(Protocol):
    """A loaded network."""

    def run(self, batch: Floats) -> tuple[Floats, Floats, Floats]:
        """N x 3 x side x side in; logits (N x classes), maps (N x classes x h x w), embedding (N x width) out."""
        ...
