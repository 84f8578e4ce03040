"""One observation on its way into a window."""

from datetime import datetime
from typing import NamedTuple


class Seen(NamedTuple):
    """A value of a metric at a moment of the server's clock. `line` is None for the installation."""

    line: int | None
    metric: str
    at: datetime
    value: float
