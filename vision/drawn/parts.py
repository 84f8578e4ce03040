"""Drawn parts: a picture with its truth, the same for the same seed."""

from dataclasses import dataclass
from io import BytesIO
from zlib import crc32

import numpy as np
from PIL import Image

from vision.drawn import back, frame, glass, lens
from vision.drawn.camera import expose
from vision.drawn.canvas import BASE_SIZE, Box, Canvas, Pose
from vision.drawn.dirt import soil
from vision.drawn.flaws import Flaw
from vision.drawn.optics import CLEAN, Optics
from vision.drawn.product import Product

HANDSET_MODELS = 8  # that run on a line
GOLDEN_MODEL = 0

_PRODUCTS: dict[str, Product] = {
    "glass": glass.PRODUCT,
    "lens": lens.PRODUCT,
    "frame": frame.PRODUCT,
    "back": back.PRODUCT,
}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One capture of one part. Boxes are x, y, width, height in pixels; a good part has none."""

    image: Image.Image
    label: str  # ok or defect
    defect_type: str | None
    boxes: list[Box]
    visibility: float | None


def draw(
    seed: int,
    *,
    product: str = "glass",
    defect: str | None = None,
    visibility: float | None = None,
    optics: Optics | None = None,
    size: tuple[int, int] = BASE_SIZE,
) -> Drawn:
    """Draw part number `seed`; with a defect it is the same part, damaged.

    A defect of visibility 0.3 or more can be found by a person at 100 %; near 0 nobody finds it.
    Without a visibility one is drawn at random.
    """
    recipe, optics = _recipe(product), optics or Optics()
    canvas = _scene(seed, product, optics, size)
    boxes: list[Box] = []
    if defect is not None:
        rng = _stream(seed, product, "flaw")
        visibility = _some_visibility(rng) if visibility is None else visibility
        boxes = _flaw(recipe, product, defect)(canvas, rng, visibility)
    soil(canvas, _stream(seed, product, "dirt"), recipe.soil, optics)
    image = expose(canvas, optics, _stream(seed, product, "sensor"))
    return Drawn(
        image=image,
        label="ok" if defect is None else "defect",
        defect_type=defect,
        boxes=boxes,
        visibility=None if defect is None else visibility,
    )


def draw_random(
    seed: int,
    *,
    product: str = "glass",
    defect_rate: float = 0.05,
    optics: Optics | None = None,
    size: tuple[int, int] = BASE_SIZE,
) -> Drawn:
    """Draw part number `seed` as the line makes it: defective at the given rate, classes in their usual mix."""
    return draw(seed, product=product, defect=choose_defect(seed, product, defect_rate), optics=optics, size=size)


def choose_defect(seed: int, product: str, defect_rate: float) -> str | None:
    """The defect `draw_random` gives to this part, or None."""
    rng = _stream(seed, product, "fate")
    if rng.random() >= defect_rate:
        return None
    mix = _recipe(product).mix
    shares = np.array(list(mix.values()))
    return list(mix)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def defects_of(product: str) -> tuple[str, ...]:
    """Every defect that can be drawn on a product, the unseen kind last."""
    return tuple(_recipe(product).flaws)


def golden(product: str = "glass", *, size: tuple[int, int] = BASE_SIZE) -> Image.Image:
    """The reference: a perfect, clean part, straight under the camera."""
    pose = Pose(size=size)
    rng = _stream(0, product, "golden")
    canvas = _recipe(product).scene(_model_stream(product, GOLDEN_MODEL), pose, rng, CLEAN)
    return expose(canvas, CLEAN, rng)


def encode(drawn: Drawn | Image.Image, *, quality: int = 90) -> bytes:
    """JPEG as a station sends it, without EXIF."""
    image = drawn.image if isinstance(drawn, Drawn) else drawn
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _scene(seed: int, product: str, optics: Optics, size: tuple[int, int]) -> Canvas:
    rng = _stream(seed, product, "pose")
    model = int(rng.integers(HANDSET_MODELS))
    recipe = _recipe(product)
    x, y, turn = rng.normal(0, 1, 3).clip(-2, 2) * recipe.play
    pose = Pose(size=size, shift_x=x, shift_y=y, angle=turn + optics.tilt, zoom=optics.zoom * rng.normal(1, 0.008))
    return recipe.scene(_model_stream(product, model), pose, _stream(seed, product, "light"), optics)


def _some_visibility(rng: np.random.Generator) -> float:
    return float(0.04 + 0.96 * rng.beta(2.8, 1.2))


def _recipe(product: str) -> Product:
    if product not in _PRODUCTS:
        raise ValueError(f"product is {product!r}, use one of {', '.join(_PRODUCTS)}.")
    return _PRODUCTS[product]


def _flaw(recipe: Product, product: str, defect: str) -> Flaw:
    if defect not in recipe.flaws:
        raise ValueError(f"defect is {defect!r}, {product} can have {', '.join(recipe.flaws)}.")
    return recipe.flaws[defect]


def _stream(seed: int, product: str, purpose: str) -> np.random.Generator:
    """Independent randomness a purpose, so that a defect changes nothing but itself."""
    return np.random.default_rng([seed, crc32(f"{product} {purpose}".encode())])


def _model_stream(product: str, model: int) -> np.random.Generator:
    return _stream(model, product, "model")
