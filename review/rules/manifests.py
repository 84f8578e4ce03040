"""What a data set holds, as one hash: two that learn from the same are the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class LeftOut(StrEnum):
    """Why a label is not learned from. The first four measure the line's models."""

    BANK = "bank"
    GOLD = "gold"
    CHALLENGE = "challenge"
    TRUTH_DRAW = "truth-draw"
    ONE_VOICE = "one-voice"
    UNDECIDED = "undecided"
    COPY = "copy"
    OVER_CAP = "over-cap"


@dataclass(frozen=True, order=True)
class Entry:
    """One image of a data set: its bytes by their hash, its leakage group, what it shows, and which side it is on."""

    sha256: str
    group: str
    label: str
    defect_class: str
    split: str


def hash_of(entries: Iterable[Entry]) -> str:
    """Return the hash of a data set, whatever the order in which its images are named.

    >>> a, b = Entry("aa", "g", "pass", "", "train"), Entry("bb", "h", "defect", "scratch", "test")
    >>> hash_of([a, b]) == hash_of([b, a]) != hash_of([a])
    True
    """
    digest = sha256()
    for entry in sorted(entries):
        fields = (entry.sha256, entry.group, entry.label, entry.defect_class, entry.split)
        digest.update(("\t".join(fields) + "\n").encode())
    return digest.hexdigest()
