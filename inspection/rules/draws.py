"""The draws of a run: made at intake, before model and person, and recomputable for ever."""

from collections.abc import Mapping
from dataclasses import dataclass

from stats.sampling import bucket, chosen

PURPOSES = ("truth", "overlap", "audit", "control", "check_defect", "second_look")


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What chance decided about one run. `canary_position` in [0, 1) is compared with a canary's share later."""

    truth: bool
    overlap: bool
    audit: bool
    control: bool
    check_defect: bool
    second_look: bool
    canary_position: float


def draw(run_id: str, salt: str, shares: Mapping[str, float]) -> Draws:
    """Make every draw of a run from its id, the line's secret salt and the shares in force.

    The same three always give the same draws. Each purpose has a salt of its own derived from the
    secret, so that no draw is nested in another. Raises ValueError for a salt with a colon (two ids
    could then hash alike), and KeyError for a missing share.

    >>> draw("0193", "5a17", dict.fromkeys(PURPOSES, 1.0)).audit
    True
    >>> draw("0193", "5a17", dict.fromkeys(PURPOSES, 0.0)).audit
    False
    """
    if ":" in salt:
        raise ValueError("The salt holds a colon, use one without.")
    drawn = {purpose: chosen(run_id, f"{purpose}/{salt}", shares[purpose]) for purpose in PURPOSES}
    return Draws(canary_position=bucket(run_id, f"canary/{salt}"), **drawn)
