"""Whether an image lies inside what a certificate was earned on."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation; the door translates it."""
    return sentence


@dataclass(frozen=True)
class _Words:
    name: str
    below: str
    above: str


WORDS = {
    "p99_luminance": _Words("p99 luminance", gettext_noop("Too dark"), gettext_noop("Too bright")),
    "brightness": _Words("brightness", gettext_noop("Too dark"), gettext_noop("Too bright")),
    "contrast": _Words("contrast", gettext_noop("Too flat"), gettext_noop("Too harsh")),
    "sharpness": _Words("sharpness", gettext_noop("Blurred"), gettext_noop("Too sharp")),
    "saturation": _Words("saturation", gettext_noop("Too pale"), gettext_noop("Too colourful")),
    "entropy": _Words("entropy", gettext_noop("Too plain"), gettext_noop("Too busy")),
    "width": _Words("width", gettext_noop("Too narrow"), gettext_noop("Too wide")),
    "height": _Words("height", gettext_noop("Too low"), gettext_noop("Too tall")),
    "size_bytes": _Words("file size", gettext_noop("File too small"), gettext_noop("File too large")),
}
"""In the order in which a person looks for the cause: light first. Each is a measure of its own in the rows."""
EMBEDDING = "embedding_distance"
_OF_EMBEDDING = _Words("distance from the certified images", gettext_noop("Too like"), gettext_noop("Unlike"))
NOT_MEASURED = gettext_noop("Not measured")


# One odd image may be a finger before the lens; as many in a row are the lamp or the camera, and the line is held.
HELD_AFTER = 3
# The extremes of the certified images understate the range a little: far is beyond them by this share of their span.
FAR = 0.1


@dataclass(frozen=True)
class Departure:
    """One measure of an image that lies outside; `value` is None where it is missing or no number."""

    name: str
    value: float | None
    low: float
    high: float

    @property
    def word(self) -> str:
        """Say what that means for the image, in English: the door translates it."""
        words = _words(self.name)
        if self.value is None:
            return NOT_MEASURED
        return words.below if self.value < self.low else words.above

    @property
    def is_far(self) -> bool:
        """Say whether the image lies well outside, not just over the edge of what chance had shown before.

        >>> Departure("p99_luminance", 61, 118, 241).is_far, Departure("p99_luminance", 242, 118, 241).is_far
        (True, False)
        """
        if self.value is None:
            return True
        return max(self.low - self.value, self.value - self.high) > FAR * (self.high - self.low)

    def __str__(self) -> str:
        certified = f"certified {figure(self.low)}-{figure(self.high)}"
        value = "" if self.value is None else f" {figure(self.value)}"
        return f"{self.word}: {_words(self.name).name}{value}, {certified}"


def departures(measures: Mapping[str, float], envelope: Mapping[str, tuple[float, float]]) -> tuple[Departure, ...]:
    """Return every measure by which the image leaves the envelope, light first; nothing when it is inside.

    A measure that is missing or no number is outside: nobody knows that it is inside.
    """
    names = sorted(envelope, key=lambda name: (list(WORDS).index(name) if name in WORDS else len(WORDS), name))
    values = {name: _number(measures.get(name)) for name in names}
    return tuple(
        Departure(name, value, *envelope[name])
        for name, value in values.items()
        if value is None or not envelope[name][0] <= value <= envelope[name][1]
    )


def outside(measures: Mapping[str, float], envelope: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Say in a sentence for each measure how the image leaves the envelope; nothing when it is inside.

    >>> outside({"p99_luminance": 61}, {"p99_luminance": (118, 241)})
    ('Too dark: p99 luminance 61, certified 118-241',)
    """
    return tuple(str(departure) for departure in departures(measures, envelope))


def _number(value: float | None) -> float | None:
    return None if value is None or isnan(value) else value


def _words(name: str) -> _Words:
    if name == EMBEDDING:
        return _OF_EMBEDDING
    return WORDS.get(name, _Words(name, gettext_noop("Too low"), gettext_noop("Too high")))


def figure(value: float) -> str:
    """Three digits at least, whole numbers whole.

    >>> [figure(value) for value in (61.0, 118.4, 0.0312, 7.25)]
    ['61', '118', '0.0312', '7.25']
    """
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
