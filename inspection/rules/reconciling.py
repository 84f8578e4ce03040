"""What the server makes of a decision that a station took alone."""

from dataclasses import dataclass
from enum import StrEnum

from vision import offline
from vision.offline import VERDICTS, Seen, Terms
from vision.routing import Routed

DECIDED_OFFLINE = "decided-offline"
OFFLINE_AUDIT = "offline-audit"
CLAIM_REFUSED = "claim-refused"


class Standing(StrEnum):
    """How a station's decision stands once the server has looked at the image itself."""

    AGREED = "agreed"
    """The station was allowed to, and the server would do the same now."""
    DIFFERS = "differs"
    """The station was allowed to, and the server would not do so now: what was passed is contained."""
    REFUSED = "refused"
    """The station claims more than its grant allowed: people decide, and somebody must look at the station."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What a station says. `terms` are those it names, None where it was never told them."""

    terms: Terms | None
    model_sha256: str
    verdict: str
    age_s: float
    was_in_time: bool


@dataclass(frozen=True)
class Judged:
    """The standing, and the code of the first reason for it; empty where there is none to give."""

    standing: Standing
    reason: str = ""


def judge(claimed: Claimed, seen: Seen | None, present: Routed) -> Judged:
    """Hold a claim against its grant, then against what the server would do with the image at `present`.

    `seen` is what the server found with the grant's own model, None where the file gives nothing to look at. An
    image that the model can no longer answer for was perhaps rightly decided: it is contained, nobody is accused.
    """
    if claimed.terms is None:
        return Judged(Standing.REFUSED, "unknown-grant")
    if claimed.model_sha256 != claimed.terms.model_sha256:
        return Judged(Standing.REFUSED, "other-model")
    if not claimed.was_in_time:
        return Judged(Standing.REFUSED, "grant-lapsed")
    if seen is None or seen.probability is None:
        return Judged(Standing.DIFFERS, "no-prediction")
    allowed = offline.decide(claimed.terms, seen, age_s=claimed.age_s)
    if VERDICTS.get(allowed.route) != claimed.verdict:
        return Judged(Standing.REFUSED, "other-verdict" if allowed.route in VERDICTS else allowed.reason)
    if VERDICTS.get(present.route) != claimed.verdict:
        return Judged(Standing.DIFFERS, present.reason)
    return Judged(Standing.AGREED)
