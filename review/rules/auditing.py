"""Audits of automatic decisions: what one audited part showed, how a shift's audits went, how much to audit next.

Lot = shift. Source: Tollgate's statistics, sections 4.1 to 4.6; switching inspired by ISO 2859-1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inspection.rules.draws import TIGHTENED_AUDIT_SHARE
from inspection.rules.reconciling import OFFLINE_AUDIT
from inspection.rules.words import Call, Label, RiskClass

AUDITED_REASONS = frozenset({"truth-draw", "audit-draw", OFFLINE_AUDIT})
"""Routings whose reason means that the model would have decided, or had, and chance gave the item to a person."""

AUDIT_RATES = {"reduced": 0.02, "normal": 0.05, "tightened": TIGHTENED_AUDIT_SHARE}
# Audits below this share of the plan in two shifts running are no evidence any more.
STARVED_SHARE = 0.5
STARVED_SHIFTS = 2
# Below it chance alone may draw none.
FEWEST_EXPECTED = 10


class Kind(StrEnum):
    """What the model would have done with the audited part."""

    AUTO_PASS = "auto_pass"
    AUTO_REJECT = "auto_reject"


@dataclass(frozen=True, kw_only=True)
class AuditedView:
    """One image of a part that was drawn for an audit. `ruling` is the adjudicated label where there is one."""

    reason: str
    call: Call | None
    first: Label | None
    ruling: Label | None
    defect_class: str
    awaits_ruling: bool


@dataclass(frozen=True)
class Finding:
    """What an audit found out: `is_bad` is an escape of an automatic pass, an overkill of an automatic rejection."""

    kind: Kind
    is_bad: bool
    defect_class: str


def finding(views: Sequence[AuditedView]) -> Finding | None:
    """Return what the audited part showed; None while a reading or a ruling is missing, and where nobody can judge.

    A part counts once: it would have been passed if every image would have, and escapes if any shows a defect.
    """
    if not views or any(view.reason not in AUDITED_REASONS or view.call is None for view in views):
        return None
    if any(view.first is None or view.awaits_ruling for view in views):
        return None
    labels = [view.ruling or view.first for view in views]
    kind = Kind.AUTO_REJECT if any(view.call == Call.DEFECT for view in views) else Kind.AUTO_PASS
    defects = [view for view, label in zip(views, labels, strict=True) if label == Label.DEFECT]
    if not defects and Label.CANNOT_JUDGE in labels:
        return None
    is_bad = bool(defects) if kind == Kind.AUTO_PASS else not defects
    return Finding(kind, is_bad, defects[0].defect_class if defects else "")


def is_critical(found: Finding, risk_classes: dict[str, str]) -> bool:
    """Say whether the audit found a defect of a critical class that would have been passed."""
    return found.kind == Kind.AUTO_PASS and found.is_bad and risk_classes.get(found.defect_class) == RiskClass.CRITICAL


@dataclass(frozen=True, kw_only=True)
class ShiftAudits:
    """How the audits of one shift went: drawn, read to the end, and how many parts were decided in all."""

    drawn: int
    closed: int
    decided: int
    rate: float


def is_starved(shift: ShiftAudits) -> bool:
    """Say whether a shift's audits were closed for less than half of the plan.

    The plan is what was drawn, or what the rate says where nothing was drawn though much was decided.

    >>> is_starved(ShiftAudits(drawn=20, closed=9, decided=100, rate=0.2))
    True
    >>> is_starved(ShiftAudits(drawn=0, closed=0, decided=40, rate=0.2))
    False
    """
    expected = shift.rate * (shift.decided + shift.drawn)
    planned = shift.drawn or (expected if expected >= FEWEST_EXPECTED else 0)
    return planned > 0 and shift.closed < STARVED_SHARE * planned


def starvation(starved: Sequence[bool]) -> bool:
    """Say whether the last two shifts that had anything to audit were starved.

    >>> starvation([False, True, True]), starvation([True]), starvation([True, False])
    (True, False, False)
    """
    return len(starved) >= STARVED_SHIFTS and all(starved[-STARVED_SHIFTS:])
