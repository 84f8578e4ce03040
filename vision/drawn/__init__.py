"""A seeded renderer of inspected smartphone parts: glass, lens, frame and back."""

from vision.drawn.classes import CLASSES, PRODUCTS, UNSEEN, DefectClass
from vision.drawn.optics import Optics
from vision.drawn.parts import Drawn, defects_of, draw, draw_random, encode, golden
from vision.drawn.sets import SetRow, write_set
from vision.drawn.surroundings import REFERENCE_PATCH

__all__ = [
    "CLASSES",
    "PRODUCTS",
    "REFERENCE_PATCH",
    "UNSEEN",
    "DefectClass",
    "Drawn",
    "Optics",
    "SetRow",
    "defects_of",
    "draw",
    "draw_random",
    "encode",
    "golden",
    "write_set",
]
