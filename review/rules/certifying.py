"""From scores with known truth to certified bands: pure, so that a certificate can be made again from its inputs.

The truth draw's parts are split by hash: A tunes, B certifies. Known defects outside both are the closed list.
Source of both certificates: Tollgate's statistics, sections 3.1 and 3.4.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from stats.bands import Certificate, defects_to_certify, ltt_certified, ltt_learned_start
from stats.ltt import quantile_grid
from stats.policy import CLASS_P0
from stats.proportions import cp_upper
from stats.sampling import bucket

SPLIT_SALT = "bands-split-1"
CURVE_STEPS = 20
# A class too small to be tested holds no limit of its own; the limit of all defects binds it still.
NO_LIMIT = 0.999


class Part(NamedTuple):
    """One drawn part: its name for the split, the score of its worst image, 1 for a defect, and the defect's class."""

    name: str
    score: float
    label: int
    defect_class: str = ""


class KnownDefect(NamedTuple):
    """One distinct defect outside A and B: the score of the image in which it is hardest to see."""

    group: str
    score: float
    defect_class: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is certified, and how surely: risk among passed parts, misses among defects, good parts among rejected."""

    risk: float = 0.005
    miss: float = 0.05
    overkill: float = 0.05
    delta: float = 0.05


DEFAULTS = Limits()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The bands, why there is none where there is none, and what was seen on the way."""

    t_lo: float | None
    t_hi: float | None
    reason: str
    risk_vacuous: bool
    pass_trace: list[list[float]]
    reject_trace: list[list[float]]
    counts: dict[str, int]
    closed_list: dict[str, list[int]]
    shares: dict[str, float]
    curve: list[list[float]] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


def certify(
    parts: Sequence[Part],
    known: Sequence[KnownDefect],
    risk_classes: Mapping[str, str],
    *,
    threshold: float,
    natural_list: bool = False,
    limits: Limits = DEFAULTS,
) -> Outcome:
    """Return the bands that both certificates allow, never above the call threshold.

    `natural_list` takes the closed list from a third of its own of the drawn parts where a line has no bank: the
    split is by part, good ones included, so that B keeps its natural share of defects.
    """
    a, b, spare = split(parts, natural_list=natural_list)
    known = (
        [KnownDefect(one.name, one.score, one.defect_class) for one in spare if one.label] if natural_list else known
    )
    passing = _passing(a, b, known, risk_classes, threshold=threshold, limits=limits)
    t_hi, reject_trace = _rejecting(a, b, passing.threshold, threshold=threshold, limits=limits)
    return Outcome(
        t_lo=passing.threshold,
        t_hi=t_hi,
        reason=passing.reason,
        risk_vacuous=passing.risk_vacuous,
        pass_trace=passing.trace,
        reject_trace=reject_trace,
        counts={
            "tuning": len(a),
            "certifying": len(b),
            "defects": sum(one.label for one in (*a, *b)),
            "known": len(known),
        },
        closed_list=closed_list(known, passing.threshold),
        shares=shares([*a, *b], passing.threshold, t_hi),
        curve=curve([*a, *b], known, limits.delta),
    )


def split(parts: Iterable[Part], *, natural_list: bool) -> tuple[list[Part], list[Part], list[Part]]:
    """Divide the parts by the hash of their name: a third tunes, two certify; half is spared for a natural list."""
    first, second = (1 / 6, 1 / 2) if natural_list else (1 / 3, 1.0)
    sides: tuple[list[Part], list[Part], list[Part]] = ([], [], [])
    for part in sorted(parts):
        place = bucket(part.name, SPLIT_SALT)
        sides[0 if place < first else 1 if place < second else 2].append(part)
    return sides


def closed_list(known: Iterable[KnownDefect], t_lo: float | None) -> dict[str, list[int]]:
    """Count the known defects by class as [kept from passing, passed]."""
    if t_lo is None:
        return {}
    counted: dict[str, list[int]] = {}
    for defect in known:
        counted.setdefault(defect.defect_class, [0, 0])[int(defect.score <= t_lo)] += 1
    return dict(sorted(counted.items()))


def shares(parts: Sequence[Part], t_lo: float | None, t_hi: float | None) -> dict[str, float]:
    """Return which share of all parts the bands pass, reject and leave to people. Nothing to share: all to people."""
    if not parts:
        return {"pass": 0.0, "reject": 0.0, "person": 1.0}
    passed = sum(t_lo is not None and part.score <= t_lo for part in parts) / len(parts)
    rejected = sum(t_hi is not None and part.score >= t_hi for part in parts) / len(parts)
    return {"pass": passed, "reject": rejected, "person": 1.0 - passed - rejected}


def curve(parts: Sequence[Part], known: Sequence[KnownDefect], delta: float) -> list[list[float]]:
    """Return [threshold, share passed, escaped fraction, its upper limit, share of known defects passed] along the way.

    For reading, never for choosing: the certificate alone chooses.
    """
    if not parts:
        return []
    rows = []
    for t in quantile_grid([part.score for part in parts], 1 / CURVE_STEPS, CURVE_STEPS):
        passed = [part.label for part in parts if part.score <= t]
        missed = sum(defect.score <= t for defect in known)
        escaped = sum(passed)
        rows.append(
            [
                t,
                len(passed) / len(parts),
                escaped / len(passed),
                cp_upper(escaped, len(passed), delta),
                missed / len(known) if known else 0.0,
            ]
        )
    return rows


def envelope(measured: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return what the certified images span in each measure: outside it nobody knows that the bands hold."""
    names = measured[0].keys() if measured else ()
    return {name: [min(one[name] for one in measured), max(one[name] for one in measured)] for name in names}


def _passing(
    a: Sequence[Part],
    b: Sequence[Part],
    known: Sequence[KnownDefect],
    risk_classes: Mapping[str, str],
    *,
    threshold: float,
    limits: Limits,
) -> Certificate:
    if not a or not b:
        return Certificate(None, "too_few_items", [], False)
    testable = _testable(known, risk_classes, limits.delta)
    return ltt_certified(
        [part.score for part in a],
        [part.label for part in a],
        [part.score for part in b],
        [part.label for part in b],
        [defect.score for defect in known],
        limits.risk,
        limits.miss,
        limits.delta,
        threshold,
        groups=[defect.defect_class for defect in known] if known else None,
        group_miss=testable if known else None,
    )


def _testable(known: Iterable[KnownDefect], risk_classes: Mapping[str, str], delta: float) -> dict[str, float]:
    """Return the miss limit of each class of the list; a class too small for its own is left to the gate."""
    found = Counter(defect.defect_class for defect in known)
    limits = {code: 1 - CLASS_P0[risk_classes.get(code, "cosmetic")] for code in found}
    return {
        code: limit if found[code] >= defects_to_certify(limit, delta) else NO_LIMIT for code, limit in limits.items()
    }


def _rejecting(
    a: Sequence[Part], b: Sequence[Part], t_lo: float | None, *, threshold: float, limits: Limits
) -> tuple[float | None, list[list[float]]]:
    """Return the threshold from which parts may be rejected; off where it would reach below the call threshold."""
    if not a or not b:
        return None, []
    band = ltt_learned_start(
        [part.score for part in a],
        [part.label for part in a],
        [part.score for part in b],
        [part.label for part in b],
        limits.overkill,
        limits.delta,
        side="reject",
    )
    if band.threshold is None or band.threshold < threshold or (t_lo is not None and band.threshold <= t_lo):
        return None, band.trace
    return band.threshold, band.trace
