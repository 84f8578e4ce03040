"""The scope of a demo line: agreed, measured and signed before its past begins."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from inspection import risks, scopes
from inspection.models import DefectClass, FailureMode, Line, Station, User
from inspection.risks import Watch
from inspection.rules.words import ChangeKind, Decider, Pace, Priority
from review import demo_limits

# Three shifts of one reader each, at six seconds a part.
PARTS_PER_DAY = 12_000
TARGETS = {
    "target_escape_ppm": 500.0,
    "target_overkill_share": 0.03,
    "currency": "EUR",
    "cost_escape": Decimal("40.00"),
    "cost_overkill": Decimal("1.20"),
    "cost_reading": Decimal("0.06"),
}
# Fed by no sensor: somebody looks at each changeover and answers for it by name.
UNWATCHED = {
    "lens-swapped": "the shift leader checks the lens number at each changeover",
    "coating-changed": "the buyer tells quality before the first lot of another coating",
}

_TRIED = {"lens-swapped": "image_size", "coating-changed": "saturation"}


def agree(
    line: Line,
    product: str,
    station: Station,
    people: Mapping[str, User],
    *,
    has_system: bool,
    has_lots: bool,
    amber: bool,
    now: datetime,
) -> None:
    """Fill the five steps, with drawn parts of a product as limit samples, and sign them.

    With `has_lots` its lots leave by signature. `amber` then takes two metrics away, as after a quarter of false
    alarms.
    """
    by = people["quinn"]
    facts = {name: getattr(line, name) for name in scopes.PLACE}
    scopes.describe(line, facts={**facts, **_description(now)}, by=by, now=now)
    for kind in line.defect_classes.all():
        scopes.keep_class(line, code=kind.code, facts=_limits(kind), by=by, now=now)
    demo_limits.picture(line, product, station, people, by=by, now=now - timedelta(hours=4))
    scopes.aim(line, facts={**TARGETS, "lot_release": has_lots}, by=by, now=now)
    _measure(line, has_system=has_system, by=by, now=now)
    due_on = (now + timedelta(days=90)).date()
    scopes.plan_change(line, kind=ChangeKind.SUPPLIER, due_on=due_on, what="second glass supplier", by=by, now=now)
    risks.preload(line, by=by, now=now)
    for mode in line.failure_modes.filter(code__in=UNWATCHED):
        _answer(mode, amber=amber, by=by, now=now)
    scopes.sign(line, by=by, now=now)
    if amber:
        for metric in _TRIED.values():
            risks.prune(line, metric, reason="false alarms at every changeover", by=by, now=now)


def _description(now: datetime) -> dict[str, Any]:
    return {
        "definition": "Marks that a customer sees at arm's length under office light.",
        "parts_per_day": PARTS_PER_DAY,
        "defect_rate_low": 0.003,
        "defect_rate_high": 0.008,
        "pace": Pace.CONSUMER.value,
        "recertify_by": (now + timedelta(days=180)).date(),
    }


def _limits(kind: DefectClass) -> dict[str, Any]:
    return {
        "name": kind.name,
        "name_ko": kind.name_ko,
        "risk_class": kind.risk_class,
        "key": kind.key,
        "still_good": "not seen at 40 cm",
        "already_bad": "seen at 40 cm, or longer than 2 mm",
        "kept_as": f"LS-{kind.code}-1, LS-{kind.code}-2",
    }


def _measure(line: Line, *, has_system: bool, by: User, now: datetime) -> None:
    decider = Decider.SYSTEM if has_system else Decider.PEOPLE
    scopes.say_who_decides(line, decider=decider, system_name="rule-based AOI" if has_system else "", by=by, now=now)
    facts = {"method": "50 parts × 3 people, microscope as truth", "measured_on": now.date()}
    people = {"judge": Decider.PEOPLE.value, "defects": 75, "missed": 12, "good": 75, "rejected": 3}
    scopes.measure(line, facts={**facts, **people}, by=by, now=now)
    if has_system:
        system = {"judge": Decider.SYSTEM.value, "defects": 50, "missed": 7, "good": 600, "rejected": 48}
        scopes.measure(line, facts={**facts, **system, "method": "one week against the microscope"}, by=by, now=now)


def _answer(mode: FailureMode, *, amber: bool, by: User, now: datetime) -> None:
    if not amber:
        risks.accept(mode, reason=UNWATCHED[mode.code], by=by, now=now)
        return
    tried = Watch(metric=_TRIED[mode.code], threshold="±3 sd", priority=Priority.P3, action="look", owner=by)
    risks.watch(mode, tried, reason="tried for a quarter", by=by, now=now)
