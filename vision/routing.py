"""Who answers for an item: the model alone, or a person, and for what reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from vision.envelope import gettext_noop, outside
from vision.words import Call, Level, Policy, Route

DETAIL_LENGTH = 200

SENTENCES = {
    "inside-bands": gettext_noop("The model decided inside its certified bands."),
    "hold": gettext_noop("The line is held: people decide everything."),
    "level-unknown": gettext_noop("The line's level is not known to this release."),
    "blank": gettext_noop("There is no picture in the image."),
    "camera-stuck": gettext_noop("The station has just sent nearly the same image for another part."),
    "outside-envelope": gettext_noop("The image lies outside what the model is certified for."),
    "level": gettext_noop("People decide at this level."),
    "rework": gettext_noop("The part was rejected or held before."),
    "no-prediction": gettext_noop("The model gave no usable answer."),
    "model-late": gettext_noop("The model answered after its deadline."),
    "model-deadline": gettext_noop("The model gave no answer by its deadline."),
    "model-changed": gettext_noop("Another model had decided about the part's other views."),
    "no-certificate": gettext_noop("The model has no certificate of its own for this line."),
    "between-bands": gettext_noop("The model is not sure enough."),
    "truth-draw": gettext_noop("The run was drawn for the truth sample."),
    "audit-draw": gettext_noop("The run was drawn for an audit."),
    "control-draw": gettext_noop("The run was drawn as a control."),
    "decided-offline": gettext_noop("The station decided while the server was away."),
    "offline-audit": gettext_noop("The station decided while the server was away, and the run was drawn for an audit."),
    "claim-refused": gettext_noop("The station claims a decision that it was not allowed to take."),
}
"""Every reason there is: a stable code and what it means. Doors show the sentence in the reader's language."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """What one model version is certified to decide alone, and on which images."""

    t_lo: float | None
    t_hi: float | None
    envelope: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """All that the choice hangs on. `band` is None for a model without its own certificate.

    `is_mixed`: another model spoke for an earlier view of the run.
    """

    level: str
    is_held: bool
    call_threshold: float
    measures: Mapping[str, float]
    is_blank: bool
    is_repeat: bool
    is_rework: bool
    is_late: bool
    drawn_truth: bool
    drawn_audit: bool
    drawn_control: bool
    probability: float | None
    band: Band | None
    is_mixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Routed:
    """The choice, the code of its reason and a plain sentence with the figures."""

    route: Route
    reason: str
    detail: str


def call(probability: float, *, threshold: float) -> Call:
    """Return what the model says: the probability against the line's call threshold."""
    return Call.DEFECT if probability >= threshold else Call.PASS


def decide(facts: RunFacts) -> Routed:
    """Let the model decide only where nothing at all speaks against it; else a person, with the first reason."""
    for reason, stands_in_the_way in _OBSTACLES.items():
        obstacle = stands_in_the_way(facts)
        if obstacle:
            detail = obstacle if isinstance(obstacle, str) else SENTENCES[reason]
            return Routed(route=Route.HUMAN, reason=reason, detail=detail[:DETAIL_LENGTH])
    return Routed(route=_inside_band(facts), reason="inside-bands", detail=SENTENCES["inside-bands"])


def policy(facts: RunFacts) -> Policy | None:
    """Return what the bands do with the item, level, holds and draws set aside; None where there are no bands.

    Below `partial` it is what they would have done: the policy is computed on every item, not only executed.
    """
    if facts.band is None:
        return None
    if any(stands(facts) for reason, stands in _OBSTACLES.items() if reason not in _ASIDE):
        return Policy.PERSON
    return _POLICIES[_inside_band(facts)]


def _inside_band(facts: RunFacts) -> Route:
    """Return the route that the bands allow, `human` between them.

    A band never reaches across the call threshold: the machine does not pass what it calls a defect.
    """
    if facts.band is None or facts.probability is None:
        return Route.HUMAN
    said = call(facts.probability, threshold=facts.call_threshold)
    if facts.band.t_lo is not None and facts.probability <= facts.band.t_lo and said == Call.PASS:
        return Route.AUTO_PASS
    if facts.band.t_hi is not None and facts.probability >= facts.band.t_hi and said == Call.DEFECT:
        return Route.AUTO_REJECT
    return Route.HUMAN


def _outside_envelope(facts: RunFacts) -> str | bool:
    return facts.band is not None and "; ".join(outside(facts.measures, facts.band.envelope))


def _is_no_probability(facts: RunFacts) -> bool:
    return facts.probability is None or not isfinite(facts.probability) or not 0 <= facts.probability <= 1


# What is no matter of the bands: where the line stands, and what chance picked for people.
_ASIDE = {"hold", "level-unknown", "level", "model-changed", "truth-draw", "audit-draw", "control-draw"}
_POLICIES = {Route.AUTO_PASS: Policy.PASS, Route.AUTO_REJECT: Policy.REJECT, Route.HUMAN: Policy.PERSON}
# In the order in which they are told: what stops the line, what is wrong with the image, then the rest.
# The draws come last, so that their reason means "the model would have decided this one".
_OBSTACLES: dict[str, Callable[[RunFacts], str | bool]] = {
    "hold": lambda facts: facts.is_held,
    "level-unknown": lambda facts: facts.level not in set(Level),
    "blank": lambda facts: facts.is_blank,
    "camera-stuck": lambda facts: facts.is_repeat,
    "outside-envelope": _outside_envelope,
    "level": lambda facts: facts.level not in (Level.PARTIAL, Level.FULL),
    "rework": lambda facts: facts.is_rework,
    "no-prediction": _is_no_probability,
    "model-late": lambda facts: facts.is_late,
    # The models were switched between two views: no run is decided by two of them.
    "model-changed": lambda facts: facts.is_mixed,
    # Without an envelope nothing says on which images the bands hold.
    "no-certificate": lambda facts: facts.band is None or not facts.band.envelope,
    "between-bands": lambda facts: _inside_band(facts) == Route.HUMAN,
    "truth-draw": lambda facts: facts.drawn_truth,
    "audit-draw": lambda facts: facts.drawn_audit,
    # A control is never shown a prediction; decided by the machine it would prove nothing either.
    "control-draw": lambda facts: facts.drawn_control,
}
