"""Drawn parts: one picture with its truth, the same for the same seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from types import ModuleType
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image

from vision.drawn import flaws, glass
from vision.drawn.camera import expose
from vision.drawn.canvas import BASE_SIZE, Box, Canvas, Pose
from vision.drawn.classes import PRODUCTS, UNSEEN
from vision.drawn.dirt import soil
from vision.drawn.flaws import Flaw
from vision.drawn.optics import CLEAN, Optics

MODELS = 8  # handset models that run on a line
