"""What a station may decide while its server is away: the terms it was granted, and the one rule over them.

Station and server read the same signed text and ask the same function, so that they cannot differ about what was
allowed. The text holds no draw, no share and no salt: whoever stands at the station cannot know what will be audited.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision import routing
from vision.embedding import Reference, Vector, distance
from vision.envelope import EMBEDDING
from vision.routing import Band, Routed, RunFacts
from vision.words import Level, Route, Verdict

SENTENCES = {
    "grant-lapsed": "The server has not been heard for longer than its grant allows.",
    "reject-offline": "At this level a station alone passes parts and rejects none.",
    "critical-class": "The model called a critical class: people decide.",
}
"""Why a station holds where the server's rule would have let it decide."""

VERDICTS = {Route.AUTO_PASS: Verdict.PASS, Route.AUTO_REJECT: Verdict.REJECT}

# Keeps a signed grant from ever being taken for a signed request, which begins with its method.
_PREFIX = "tollgate grant 1"


class TermsUnreadable(ValueError):
    """The text is no grant of this release: nothing is decided by it."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What one grant allows: under which level, with which model, inside which bands, and for how long."""

    level: str
    call_threshold: float
    band: Band
    reference: Reference | None
    patch: tuple[float, float, float, float] | None
    max_megapixels: int
    critical: frozenset[str]
    valid_for_s: float
    model_sha256: str
    card: Mapping[str, Any]
    text: str

    @property
    def id(self) -> str:
        return grant_id(self.text)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found out about one image. `probability` is None where the model gave no answer."""

    measures: Mapping[str, float]
    is_blank: bool
    embedding: Vector | None
    probability: float | None
    defect_class: str
    is_repeat: bool = False
    is_rework: bool = False


def grant_id(text: str) -> str:
    """Return the short name of a grant: the same terms always have the same one."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def signed_message(text: str, *, answers: str) -> bytes:
    """Return what is signed: the terms, and the `sent_at` of the heartbeat they answer, so that none is played back.

    >>> signed_message("{}", answers="2026-03-02T12:00:00.000Z")
    b'tollgate grant 1\\n2026-03-02T12:00:00.000Z\\n{}'
    """
    return f"{_PREFIX}\n{answers}\n{text}".encode()


def is_signed(text: str, *, answers: str, secret: str, signature: str) -> bool:
    """Say whether the holder of the secret signed these very terms in answer to this very heartbeat."""
    expected = hmac.new(secret.encode(), signed_message(text, answers=answers), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def write_terms(facts: Mapping[str, Any]) -> str:
    """Return the one text of a grant's facts: sorted keys, no spaces."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)


def read_terms(text: str) -> Terms:
    """Read a grant. Raises TermsUnreadable for anything that is none."""
    try:
        facts = json.loads(text)
        known = facts["reference"]
        return Terms(
            level=facts["level"],
            call_threshold=float(facts["call_threshold"]),
            band=_band(facts),
            reference=None if known is None else Reference.of_plain(known),
            patch=None if facts["patch"] is None else (*map(float, facts["patch"]),),  # type: ignore[arg-type]
            max_megapixels=int(facts["max_megapixels"]),
            critical=frozenset(facts["critical"]),
            valid_for_s=float(facts["valid_for"]),
            model_sha256=facts["model"]["sha256"],
            card=facts["model"]["card"],
            text=text,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TermsUnreadable(f"The grant cannot be read ({type(error).__name__}).") from error


def decide(terms: Terms, seen: Seen, *, age_s: float) -> Routed:
    """Let the station decide where the server's own rule would, its grant is young enough, and no caution forbids it.

    `age_s` counts from the last heartbeat that was answered. Everything else is `human`: held for people.
    """
    if not 0 <= age_s <= terms.valid_for_s:
        return _held("grant-lapsed")
    routed = routing.decide(facts_under(terms, seen))
    if routed.route == Route.AUTO_REJECT and terms.level == Level.PARTIAL:
        return _held("reject-offline")
    if routed.route == Route.AUTO_REJECT and seen.defect_class in terms.critical:
        return _held("critical-class")
    return routed


def facts_under(terms: Terms, seen: Seen) -> RunFacts:
    """Return the facts of the server's rule as they stand under a grant: no draw is known, no deadline runs."""
    measures = {**seen.measures}
    if terms.reference is not None and seen.embedding is not None:
        measures[EMBEDDING] = distance(seen.embedding, terms.reference)
    return RunFacts(
        level=terms.level,
        is_held=False,
        call_threshold=terms.call_threshold,
        measures=measures,
        is_blank=seen.is_blank,
        is_repeat=seen.is_repeat,
        is_rework=seen.is_rework,
        is_late=False,
        drawn_truth=False,
        drawn_audit=False,
        drawn_control=False,
        probability=seen.probability,
        band=terms.band,
    )


def _band(facts: Mapping[str, Any]) -> Band:
    envelope = {name: (float(low), float(high)) for name, (low, high) in facts["envelope"].items()}
    t_lo, t_hi = (None if facts[name] is None else float(facts[name]) for name in ("t_lo", "t_hi"))
    return Band(t_lo=t_lo, t_hi=t_hi, envelope=envelope)


def _held(reason: str) -> Routed:
    return Routed(route=Route.HUMAN, reason=reason, detail=SENTENCES[reason])
