"""The search of the data page: `truth:defect class:scratch score:0.4..0.6` read into a filter, or what is wrong."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from inspection.rules.words import Call, Label

LENGTH_MAX = 400


@dataclass(frozen=True, kw_only=True)
class Search:
    """What readings are looked for; an empty value asks for nothing."""

    label: str = ""
    truth: str = ""
    model: str = ""
    disagree: str = ""
    defect_class: str = ""
    camera: str = ""
    inspector: str = ""
    serial: str = ""
    shift: str = ""
    score: tuple[float, float] | None = None
    date: tuple[dt.date | None, dt.date | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Token:
    """One word of the search, the field it fills, and the search without it."""

    text: str
    name: str
    without: str


@dataclass(frozen=True)
class Parsed:
    """The search, its tokens, and the words that could not be read."""

    search: Search
    tokens: tuple[Token, ...]
    refused: tuple[str, ...] = field(default=())


def parse(text: str) -> Parsed:
    """Read a search. A word without a name is a serial; of a name given twice the last one counts.

    >>> parse("truth:defect class:scratch A-17").search.serial
    'A-17'
    >>> parse("truth:perhaps colour:red").refused
    ('truth:perhaps', 'colour:red')
    """
    words = text[:LENGTH_MAX].split()
    search, tokens, refused = Search(), [], []
    for n, word in enumerate(words):
        name, colon, value = word.partition(":")
        name, value = (_NAMES.get(name, ""), value) if colon else ("serial", word)
        read = _READ[name](value) if name and value else None
        if read is None:
            refused.append(word)
            continue
        search = replace(search, **{name: read})
        tokens.append(Token(text=word, name=name, without=" ".join(words[:n] + words[n + 1 :])))
    return Parsed(search, tuple(tokens), tuple(refused))


def without(search: Search, name: str) -> Search:
    """Return the search without one of its fields."""
    return replace(search, **{name: getattr(Search(), name)})


# Fields ---------------------------------------------------------------------------------------------------------


def _one_of(words: set[str]) -> Callable[[str], str | None]:
    return lambda value: value if value in words else None


def _text(value: str) -> str:
    return value[:100]


def _shares(value: str) -> tuple[float, float] | None:
    """Read "0.4..0.6", either end open."""
    try:
        low, high = (float(end) if end else full for end, full in zip(_ends(value), (0.0, 1.0), strict=True))
    except ValueError:
        return None
    return (low, high) if 0 <= low <= high <= 1 else None


def _days(value: str) -> tuple[dt.date | None, dt.date | None] | None:
    """Read "2026-11-20..2026-11-22", either end open; one day alone is that day."""
    try:
        since, until = (dt.date.fromisoformat(end) if end else None for end in _ends(value))
    except ValueError:
        return None
    return (since, until) if since is None or until is None or since <= until else None


def _ends(value: str) -> tuple[str, str]:
    low, dots, high = value.partition("..")
    return (low, high) if dots else (value, value)


_LABELS = {word.value for word in Label}
_CALLS = {word.value for word in Call}
_READ: dict[str, Callable[[str], Any]] = {
    "label": _one_of(_LABELS),
    "truth": _one_of(_LABELS),
    "model": _one_of(_CALLS),
    "disagree": _one_of({"yes", "no"}),
    "defect_class": _text,
    "camera": _text,
    "inspector": _text,
    "serial": _text,
    "shift": _text,
    "score": _shares,
    "date": _days,
}
_NAMES = {name: name for name in _READ} | {"class": "defect_class", "call": "model"}
