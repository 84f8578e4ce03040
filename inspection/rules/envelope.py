"""Whether an image lies inside what a certificate was earned on."""

from collections.abc import Mapping
from dataclasses import dataclass


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


def outside(measures: Mapping[str, float], envelope: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Say in a sentence for each measure how the image leaves the envelope; nothing when it is inside.

    A measure that is missing or no number is outside: nobody knows that it is inside.

    >>> outside({"p99_luminance": 61}, {"p99_luminance": (118, 241)})
    ('Too dark: p99 luminance 61, certified 118-241',)
    """
    names = sorted(envelope, key=lambda name: (list(WORDS).index(name) if name in WORDS else len(WORDS), name))
    sentences = (_sentence(name, measures.get(name), *envelope[name]) for name in names)
    return tuple(sentence for sentence in sentences if sentence)


def _sentence(name: str, value: float | None, low: float, high: float) -> str:
    known = {**WORDS, EMBEDDING: _OF_EMBEDDING}
    words = known.get(name, _Words(name, gettext_noop("Too low"), gettext_noop("Too high")))
    certified = f"certified {_figure(low)}-{_figure(high)}"
    if value is None or value != value:
        return f"{NOT_MEASURED}: {words.name}, {certified}"
    if low <= value <= high:
        return ""
    return f"{words.below if value < low else words.above}: {words.name} {_figure(value)}, {certified}"


def _figure(value: float) -> str:
    """Three digits at least, whole numbers whole.

    >>> [_figure(value) for value in (61.0, 118.4, 0.0312, 7.25)]
    ['61', '118', '0.0312', '7.25']
    """
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
