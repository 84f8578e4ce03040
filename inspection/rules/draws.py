"""The draws of a run: made at intake, before model and person, and recomputable for ever."""

from collections.abc import Mapping
from dataclasses import dataclass

from stats.sampling import bucket, chosen

PURPOSES = ("truth", "overlap", "audit", "control", "check_defect", "second_look")

TIGHTENED_AUDIT_SHARE = 0.20


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


def offline_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares for a run that a station decided alone: audited at the tightened rate, evidence of no gate.

    >>> offline_shares({"truth": 0.05, "audit": 0.02, "control": 0.05, "overlap": 0.1})
    {'truth': 0.0, 'audit': 0.2, 'control': 0.0, 'overlap': 0.1}
    """
    return {**shares, "truth": 0.0, "control": 0.0, "audit": max(shares["audit"], TIGHTENED_AUDIT_SHARE)}


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
