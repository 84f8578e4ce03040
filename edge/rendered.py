"""A simulated camera that draws its parts."""

from collections.abc import Collection
from random import Random

from edge.conditions import Conditions
from edge.shots import Picture
from vision.drawn import PRODUCTS, UNSEEN, Drawn, draw, draw_random, encode


class UnknownProductError(ValueError):
    """Parts of this product cannot be drawn; the message says of which they can."""


class DrawnParts:
    """Parts of one product, no two alike: the same seed draws the same parts, less those taken before."""

    def __init__(self, product: str, *, defect_rate: float, seed: int, taken: Collection[str] = ()) -> None:
        if product not in PRODUCTS:
            raise UnknownProductError(f"product is {product!r}, parts can be drawn of {', '.join(PRODUCTS)}.")
        self._product, self._defect_rate, self._taken = product, defect_rate, taken
        self._random = Random(f"{product}:{seed}")

    def next(self, conditions: Conditions) -> Picture:
        number = self._random.getrandbits(48)
        while _source(self._product, number) in self._taken:
            number = self._random.getrandbits(48)
        drawn = self._draw(number, conditions)
        return Picture(
            source=_source(self._product, number),
            content=encode(drawn),
            media_type="image/jpeg",
            defective=drawn.label == "defect",
            defect_type=drawn.defect_type or "",
        )

    def _draw(self, number: int, conditions: Conditions) -> Drawn:
        # The choice hangs on the part's own number, so that parts and order stay the same at any share.
        if Random(number).random() < conditions.new_scratch_share:
            return draw(number, product=self._product, defect=UNSEEN, optics=conditions.optics)
        return draw_random(number, product=self._product, defect_rate=self._defect_rate, optics=conditions.optics)


def _source(product: str, number: int) -> str:
    return f"drawn:{product}:{number:012x}"
