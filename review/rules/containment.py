"""What a person may find out about a contained part, and when a lot may leave its hold."""

from dataclasses import dataclass
from enum import StrEnum


class Found(StrEnum):
    """How a contained part was closed."""

    GOOD = "good"
    BAD = "bad"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class LotStanding:
    """Parts of one lot: how many in all, still open, drawn for an audit, and what audits said.

    `unsorted` of them the model passed, and nobody has read them as good or closed them since; it matters after an
    escape alone.
    """

    parts: int
    unsettled: int
    audits_drawn: int
    audits_closed: int
    escapes: int
    contained: int
    unsorted: int = 0


def release_obstacles(lot: LotStanding) -> tuple[str, ...]:
    """Say everything that keeps a lot on hold: its audit sample must be closed and accepted. Nothing: it may go.

    After an escape it goes once the rest of it was sorted.

    >>> release_obstacles(LotStanding(parts=9, unsettled=0, audits_drawn=2, audits_closed=2, escapes=0, contained=0))
    ()
    >>> release_obstacles(LotStanding(parts=9, unsettled=1, audits_drawn=2, audits_closed=1, escapes=0, contained=0))
    ('unsettled', 'audits-open')
    """
    stands = {
        "no-parts": lot.parts == 0,
        "unsettled": lot.unsettled > 0,
        "audits-open": lot.audits_closed < lot.audits_drawn,
        "escapes": lot.escapes > 0 and lot.unsorted > 0,
        "contained": lot.contained > 0,
    }
    return tuple(name for name, in_the_way in stands.items() if in_the_way)
