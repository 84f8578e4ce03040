"""Whether the evidence opens a gate: every check with its reason, all of them, not the first."""

from functools import lru_cache
from math import exp, log

from inspection.rules.gates import (
    CONFIRM_ALPHA,
    CONFIRM_P0,
    COOL_DOWN_DAYS,
    DISAGREEMENT_DEMOTE,
    DISAGREEMENT_R0,
    DISAGREEMENT_R1,
    DISAGREEMENT_WARN,
    GATES,
    HARM,
    HARM_DELTA,
    HEALTH_ITEMS,
    HEALTH_MISSING_MAX,
    P_LEAST,
    RATE_LEAST,
    Condition,
    Evidence,
    Gate,
    Judgement,
    StreamCheck,
    Target,
)
from inspection.rules.words import GateStatus
from stats.bands import binom_p, defects_to_certify
from stats.eprocess import cs_lower, evidence_ratio, items_to_pass, log_e_above, log_e_below, stream_passes
from stats.policy import CLASS_P0, class_status
from stats.proportions import cp_lower, newcombe

__all__ = [
    "DISAGREEMENT_DEMOTE",
    "DISAGREEMENT_R0",
    "DISAGREEMENT_R1",
    "DISAGREEMENT_WARN",
    "GATES",
    "HARM",
    "HEALTH_ITEMS",
    "Condition",
    "Evidence",
    "Gate",
    "Judgement",
    "StreamCheck",
    "Target",
    "judge",
]


def judge(gate: Gate, evidence: Evidence) -> Judgement:
    """Say whether the evidence opens the gate, with every reason where it does not.

    Too little data is an answer of its own (`insufficient_data`) and never opens anything.
    """
    checks = tuple(_check(gate, target, evidence) for target in gate.targets)
    conditions = tuple(_conditions(gate, evidence))
    if all(check.passed for check in checks) and all(condition.passed for condition in conditions):
        status = GateStatus.OPEN
    elif any(condition.is_data and not condition.passed for condition in conditions):
        status = GateStatus.INSUFFICIENT
    else:
        status = GateStatus.SHUT
    return Judgement(status=status, checks=checks, conditions=conditions)


def _check(gate: Gate, target: Target, evidence: Evidence) -> StreamCheck:
    if target.stream != gate.detection or gate.route == "natural":
        return _stream_check(target, *evidence.streams.get(target.stream, (0, 0)))
    return (_list_check if gate.tests_list else _stream_check)(target, *evidence.bank, route="bank")


def _list_check(target: Target, s: int, f: int, *, route: str) -> StreamCheck:
    """Test a closed list once: exact, so that it needs fewer defects than a stream that is read all the time."""
    p = max(binom_p(f, s + f, 1 - target.p0), P_LEAST)
    return StreamCheck(
        stream=target.stream,
        successes=s,
        failures=f,
        p0=target.p0,
        alpha=target.alpha,
        log_e=-log(p),
        ratio=evidence_ratio(-log(p)),
        needed_ratio=exp(log(1 / target.alpha)),
        lower_bound=cp_lower(s, s + f, target.alpha),
        passed=p <= target.alpha,
        items_to_pass=max(0, defects_to_certify(1 - target.p0, target.alpha, f) - s - f),
        route=route,
    )


@lru_cache(maxsize=4096)
def _stream_check(target: Target, s: int, f: int, *, route: str = "natural") -> StreamCheck:
    # Kept, for most streams stand still between two readings, and the bound is searched for to its last bit.
    log_e = log_e_above(s, f, target.p0)
    return StreamCheck(
        stream=target.stream,
        successes=s,
        failures=f,
        p0=target.p0,
        alpha=target.alpha,
        log_e=log_e,
        ratio=evidence_ratio(log_e),
        needed_ratio=exp(log(1 / target.alpha)),
        lower_bound=cs_lower(s, f, target.alpha),
        passed=stream_passes(s, f, target.p0, target.alpha),
        items_to_pass=items_to_pass(s, f, target.p0, target.alpha),
        route=route,
    )


def _conditions(gate: Gate, evidence: Evidence) -> list[Condition]:
    conditions = [
        _at_least("parts", evidence.parts, gate.min_parts),
        _at_least("defects", evidence.defects, gate.min_defects),
        _at_least("natural_defects", sum(evidence.natural), gate.min_natural),
        _at_least("days", evidence.days, gate.min_days),
        _at_least("shifts", evidence.shifts, gate.min_shifts),
        _at_least("people", evidence.people, gate.min_people),
    ]
    conditions = [condition for condition in conditions if condition.needed]
    if gate.needs_health:
        conditions += _health(evidence.health)
    if gate.needs_bands:
        conditions.append(Condition(name="bands", counted=None, needed=None, passed=evidence.bands_certified))
    conditions += (
        _confirmation(gate, evidence)
        + _contradiction(gate, evidence)
        + _leaks(gate, evidence)
        + _accuracy(gate, evidence)
    )
    proven = conditions + _classes(gate, evidence) + _policy(gate, evidence)
    return proven + _challenges(gate, evidence) + _calm(gate, evidence)


def _at_least(name: str, counted: int, needed: int) -> Condition:
    return Condition(name=name, counted=counted, needed=needed, passed=counted >= needed, is_data=True)


def _health(health: tuple[int, int, float, float] | None) -> list[Condition]:
    """The stages are healthy: over the last stored images few predictions are missing and none are late."""
    items, missing, p95_ms, deadline_ms = health or (0, 0, 0.0, 0.0)
    enough = items >= HEALTH_ITEMS
    return [
        _at_least("health_items", items, HEALTH_ITEMS),
        Condition(
            name="health_missing",
            counted=missing / items if items else None,
            needed=HEALTH_MISSING_MAX,
            passed=enough and missing / items <= HEALTH_MISSING_MAX,
        ),
        Condition(name="health_p95_ms", counted=p95_ms, needed=deadline_ms, passed=enough and p95_ms <= deadline_ms),
    ]


def _contradiction(gate: Gate, evidence: Evidence) -> list[Condition]:
    """Natural defects must not contradict the detection target, whatever the route."""
    target = gate.target(gate.detection)
    if target is None:
        return []
    s, f = evidence.natural
    contradicted = log_e_below(s, f, target.p0) >= log(1 / target.alpha)
    return [Condition(name="natural_not_contradicting", counted=None, needed=None, passed=not contradicted)]


def _confirmation(gate: Gate, evidence: Evidence) -> list[Condition]:
    """The version runs as it was scored: live parts do not contradict what the archive has proven."""
    if not gate.confirms:
        return []
    s, f = evidence.streams.get(gate.confirms, (0, 0))
    contradicted = log_e_below(s, f, CONFIRM_P0) >= log(1 / CONFIRM_ALPHA)
    return [Condition(name="confirmed", counted=None, needed=None, passed=not contradicted)]


def _leaks(gate: Gate, evidence: Evidence) -> list[Condition]:
    """No known defect that is counted may have been learned from."""
    if gate.route != "bank":
        return []
    return [Condition(name="leaked", counted=evidence.leaked, needed=0, passed=evidence.leaked == 0)]


def _classes(gate: Gate, evidence: Evidence) -> list[Condition]:
    """Each defect class stands on its own: one that falls short bars the way, an unproven one where its risk asks."""
    alpha = next((target.alpha for target in gate.targets if target.stream == gate.detection), None)
    if not gate.proven_classes or alpha is None:
        return []
    return [
        _class(gate, code, risk, s, f, alpha=alpha, waived=code in evidence.waived)
        for code, (risk, s, f) in sorted(evidence.classes.items())
    ]


def _class(gate: Gate, code: str, risk: str, s: int, f: int, *, alpha: float, waived: bool) -> Condition:
    if gate.tests_list:
        more = max(0, defects_to_certify(1 - CLASS_P0[risk], alpha, f) - s - f)
        unproven = s + f < defects_to_certify(1 - CLASS_P0[risk], alpha)
    else:
        found = class_status(risk, s, f, alpha)
        more, unproven = found.needed, found.status == "unproven"
    spared = _spared(gate, risk, waived=waived) if unproven else ""
    return Condition(
        name=f"class_{risk}",
        counted=s + f,
        needed=s + f + more,
        passed=more == 0 or bool(spared),
        is_data=unproven,
        subject=code,
        spared=spared,
    )


def _spared(gate: Gate, risk: str, *, waived: bool) -> str:
    if risk not in gate.proven_classes:
        return "not_asked"
    return "waived" if waived else ""


def _policy(gate: Gate, evidence: Evidence) -> list[Condition]:
    """What is asked of a line that decides by itself: people who are not led, quiet charts, the promised ppm."""
    conditions = []
    if gate.max_harm is not None:
        conditions.append(_harm(gate.max_harm, evidence, waived=HARM in evidence.waived))
    if gate.asks_ppm:
        escapes, others = evidence.escapes
        alpha = gate.targets[0].alpha
        promised = min(max(evidence.target_ppm / 1e6, RATE_LEAST), 1 - RATE_LEAST)
        over = log_e_above(escapes, others, promised) >= log(1 / alpha)
        seen = 1e6 * escapes / (escapes + others) if escapes + others else None
        conditions.append(Condition(name="ppm", counted=seen, needed=evidence.target_ppm, passed=not over))
    if gate.quiet_days:
        days = evidence.quiet_days or 0
        quiet = days >= gate.quiet_days
        conditions.append(
            Condition(name="quiet_days", counted=days, needed=gate.quiet_days, passed=quiet, is_data=True)
        )
    for name, (w, warn) in sorted(evidence.charts.items()):
        conditions.append(Condition(name="watch", counted=w, needed=warn, passed=w < warn, subject=name))
    return conditions


def _challenges(gate: Gate, evidence: Evidence) -> list[Condition]:
    """Known defects sent through on purpose: they come by a calendar, and lately none of them would have passed."""
    if not gate.clean_shifts:
        return []
    calendar = Condition(name="calendar", counted=None, needed=None, passed=evidence.has_calendar, is_data=True)
    return [calendar, _at_least("clean_shifts", evidence.clean_shifts, gate.clean_shifts)]


def _harm(limit: float, evidence: Evidence, *, waived: bool) -> Condition:
    """The upper limit of what being told a wrong pass adds to the defects people pass, against those not told.

    Unknown is not low, but may be waived. Harm that is shown, in one arm against the other or by right calls given up,
    bars the way whatever was waived.
    """
    told, control = evidence.omission
    omission = newcombe(*told, *control) if told[1] and control[1] else None
    shown = cp_lower(*evidence.harm, HARM_DELTA) > limit or (omission is not None and omission.low > limit)
    low = omission is not None and omission.high <= limit and not shown
    return Condition(
        name="harm",
        counted=omission.high if omission else None,
        needed=limit,
        passed=low or (waived and not shown),
        is_data=not low and not shown,
        spared="waived" if waived and not low and not shown else "",
    )


def _accuracy(gate: Gate, evidence: Evidence) -> list[Condition]:
    """Agreement overstates by what both get wrong: the two-phase estimate must exceed the target too."""
    target = gate.target("agreement")
    if target is None:
        return []
    known = evidence.accuracy is not None
    passed = evidence.accuracy is not None and evidence.accuracy > target.p0
    return [Condition(name="accuracy", counted=evidence.accuracy, needed=target.p0, passed=passed, is_data=not known)]


def _calm(gate: Gate, evidence: Evidence) -> list[Condition]:
    conditions = [
        Condition(name="holds", counted=evidence.holds, needed=0, passed=evidence.holds == 0),
        Condition(name="freezes", counted=evidence.freezes, needed=0, passed=evidence.freezes == 0),
    ]
    if gate.targets or gate.confirms:
        fresh = evidence.chart < DISAGREEMENT_WARN
        conditions.append(Condition(name="chart", counted=evidence.chart, needed=DISAGREEMENT_WARN, passed=fresh))
    cooled = evidence.days_since_lowering is None or evidence.days_since_lowering >= COOL_DOWN_DAYS
    if not cooled:
        days = evidence.days_since_lowering
        conditions.append(Condition(name="cool_down", counted=days, needed=COOL_DOWN_DAYS, passed=False))
    return conditions
