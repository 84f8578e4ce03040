"""The plots of docs/statistics, from the stored results and exact calculation."""

from pathlib import Path
from typing import Any


def draw(done: dict[str, Any], folder: Path) -> None:
    """Write every plot in both languages."""
