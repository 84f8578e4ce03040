"""What is kept of a window: count, sum, ends, last value, and a sketch from which any quantile is read within 1 %.

Summaries of parts merge into the summary of the whole: an hour is sixty minutes, nothing is read twice.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from ddsketch import DDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as Message
from ddsketch.pb.proto import DDSketchProto

ACCURACY = 0.01


@dataclass
class Summary:
    """A window of one metric. `sketch` is None where the spread says nothing (shares, levels, counts)."""

    n: int = 0
    total: float = 0.0
    low: float = 0.0
    high: float = 0.0
    last: float = 0.0
    sketch: DDSketch | None = None

    @property
    def mean(self) -> float:
        """0.0 for an empty window."""
        return self.total / self.n if self.n else 0.0

    def add(self, value: float, *, spread: bool) -> None:
        """Take in one value, later than all before."""
        if spread:
            self.sketch = self.sketch or DDSketch(ACCURACY)
            self.sketch.add(value)
        self.low, self.high = (min(self.low, value), max(self.high, value)) if self.n else (value, value)
        self.n, self.total, self.last = self.n + 1, self.total + value, value

    def quantile(self, share: float) -> float:
        """Return the value below which a share of the window lies; the mean where no spread is kept."""
        found = self.sketch.get_quantile_value(share) if self.sketch is not None else None
        # Within the ends: the sketch names bins, and a bin's middle may lie beyond the only value in it.
        return self.mean if found is None else min(max(found, self.low), self.high)


def merged(parts: Iterable[Summary]) -> Summary:
    """Return one summary of windows in order of time. The parts stay as they are."""
    whole = Summary()
    for part in parts:
        if not part.n:
            continue
        ends = (min(whole.low, part.low), max(whole.high, part.high)) if whole.n else (part.low, part.high)
        whole.low, whole.high = ends
        whole.n, whole.total, whole.last = whole.n + part.n, whole.total + part.total, part.last
        if part.sketch is not None:
            whole.sketch = whole.sketch or DDSketch(ACCURACY)
            whole.sketch.merge(part.sketch)
    return whole


def packed(sketch: DDSketch | None) -> bytes | None:
    """Return a sketch as bytes. Its bins are mostly empty, so they are squeezed."""
    return None if sketch is None else zlib.compress(DDSketchProto.to_proto(sketch).SerializeToString(), 1)


def unpacked(kept: bytes | memoryview | None) -> DDSketch | None:
    """Return the sketch of `packed`."""
    if kept is None:
        return None
    message = Message()
    message.ParseFromString(zlib.decompress(bytes(kept)))
    return DDSketchProto.from_proto(message)
