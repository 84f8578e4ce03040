"""The gates of the ladder: what each rung asks, and whether the evidence gives it.

Limits are those of the gate for one line x product x model x configuration (one epoch). A gate only allows:
two people sign. Source of the streams and limits: Tollgate's statistics, sections 0, 1.4, 2.2 and 2.3.
"""

from dataclasses import asdict, dataclass, field
from math import exp, log
from typing import Any

from inspection.rules.words import GateStatus, Level
from stats.cusum import design_r1
from stats.eprocess import cs_lower, evidence_ratio, items_to_pass, log_e_above, log_e_below, stream_passes

# The disagreement chart warns at a run length of about 10,000 parts at its tolerable rate of 5 %.
DISAGREEMENT_R0 = 0.05
DISAGREEMENT_R1 = design_r1(DISAGREEMENT_R0, 10)
DISAGREEMENT_WARN = 5.726
DISAGREEMENT_DEMOTE = 8.103
HEALTH_ITEMS = 200
HEALTH_MISSING_MAX = 0.005
# After a lowering nobody goes up again for three days.
COOL_DOWN_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class Target:
    """One stream of a gate: the rate that must be exceeded, and the chance of a false yes."""

    stream: str
    p0: float
    alpha: float


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What one rung asks. Shares in (0, 1); counts are parts, defects, days, shift instances and people.

    `proven_classes` are the risk classes whose every defect class must be proven, or waived by two people.
    """

    to_level: Level
    targets: tuple[Target, ...] = ()
    min_parts: int = 0
    min_defects: int = 0
    min_natural: int = 0
    min_days: int = 0
    min_shifts: int = 0
    min_people: int = 0
    needs_health: bool = False
    needs_bands: bool = False
    proven_classes: tuple[str, ...] = ()

    def target(self, stream: str) -> Target | None:
        return next((target for target in self.targets if target.stream == stream), None)

    @property
    def detection(self) -> str:
        """The stream that shows which defects are found: the policy's from `partial` on, else the model's label."""
        return next((target.stream for target in self.targets if target.stream.endswith("detection")), "detection")


GATES = {
    Level.SHADOW: Gate(to_level=Level.SHADOW, needs_health=True),
    Level.ASSIST: Gate(
        to_level=Level.ASSIST,
        targets=(
            Target(stream="agreement", p0=0.95, alpha=0.05),
            Target(stream="detection", p0=0.80, alpha=0.05),
        ),
        min_parts=200,
        min_defects=30,
        min_days=5,
        min_shifts=3,
        min_people=2,
    ),
    Level.PARTIAL: Gate(
        to_level=Level.PARTIAL,
        targets=(
            Target(stream="policy_detection", p0=0.95, alpha=0.05),
            Target(stream="policy_specificity", p0=0.95, alpha=0.05),
        ),
        min_parts=200,
        min_defects=30,
        min_natural=10,
        min_days=5,
        min_shifts=3,
        min_people=2,
        needs_bands=True,
        proven_classes=("critical",),
    ),
    Level.FULL: Gate(
        to_level=Level.FULL,
        targets=(
            Target(stream="policy_detection", p0=0.97, alpha=0.01),
            Target(stream="policy_specificity", p0=0.97, alpha=0.01),
        ),
        min_parts=200,
        min_defects=30,
        min_natural=30,
        min_days=30,
        min_shifts=3,
        min_people=2,
        needs_bands=True,
        proven_classes=("critical", "major", "cosmetic"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Counts of parts brought to a gate: blind final decisions set against the model's calls.

    `streams` holds [successes, failures] by name; `natural` the same for defects of the truth draw.
    `accuracy` is the two-phase point estimate, None where it is not defined yet. `chart` is W of the
    disagreement chart. `health` is (items, missing, p95 ms, deadline ms) of the last stored images.
    """

    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    natural: tuple[int, int] = (0, 0)
    parts: int = 0
    defects: int = 0
    days: int = 0
    shifts: int = 0
    people: int = 0
    accuracy: float | None = None
    chart: float = 0.0
    open_alarms: int = 0
    holds: int = 0
    days_since_lowering: float | None = None
    health: tuple[int, int, float, float] | None = None
    bands_certified: bool = False


@dataclass(frozen=True, kw_only=True)
class StreamCheck:
    """How one stream stands: ln E against ln(1/alpha), the any-time-valid bound, and how many more."""

    stream: str
    successes: int
    failures: int
    p0: float
    alpha: float
    log_e: float
    ratio: float
    needed_ratio: float
    lower_bound: float
    passed: bool
    items_to_pass: int

    @property
    def name(self) -> str:
        return self.stream


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One plain condition of a gate: what is counted, what is needed, whether it is met."""

    name: str
    counted: float | None
    needed: float | None
    passed: bool
    is_data: bool = False


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether the gate is open, every check behind it, and the names of all that fail."""

    status: GateStatus
    checks: tuple[StreamCheck, ...]
    conditions: tuple[Condition, ...]

    @property
    def is_open(self) -> bool:
        return self.status == GateStatus.OPEN

    @property
    def failing(self) -> tuple[StreamCheck | Condition, ...]:
        """Return everything that keeps the gate shut: people mend it together, not one by one."""
        every: tuple[StreamCheck | Condition, ...] = (*self.checks, *self.conditions)
        return tuple(check for check in every if not check.passed)

    def as_plain(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "checks": [asdict(check) for check in self.checks],
            "conditions": [asdict(condition) for condition in self.conditions],
        }


def judge(gate: Gate, evidence: Evidence) -> Judgement:
    """Say whether the evidence opens the gate, with every reason where it does not.

    Too little data is an answer of its own (`insufficient_data`) and never opens anything.
    """
    checks = tuple(_stream_check(target, evidence.streams.get(target.stream, (0, 0))) for target in gate.targets)
    conditions = tuple(_conditions(gate, evidence))
    if all(check.passed for check in checks) and all(condition.passed for condition in conditions):
        status = GateStatus.OPEN
    elif any(condition.is_data and not condition.passed for condition in conditions):
        status = GateStatus.INSUFFICIENT
    else:
        status = GateStatus.SHUT
    return Judgement(status=status, checks=checks, conditions=conditions)


def _stream_check(target: Target, counted: tuple[int, int]) -> StreamCheck:
    s, f = counted
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
    conditions += _contradiction(gate, evidence) + _accuracy(gate, evidence) + _calm(gate, evidence)
    return conditions


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
        Condition(name="alarms", counted=evidence.open_alarms, needed=0, passed=evidence.open_alarms == 0),
        Condition(name="holds", counted=evidence.holds, needed=0, passed=evidence.holds == 0),
    ]
    if gate.targets:
        fresh = evidence.chart < DISAGREEMENT_WARN
        conditions.append(Condition(name="chart", counted=evidence.chart, needed=DISAGREEMENT_WARN, passed=fresh))
    cooled = evidence.days_since_lowering is None or evidence.days_since_lowering >= COOL_DOWN_DAYS
    if not cooled:
        days = evidence.days_since_lowering
        conditions.append(Condition(name="cool_down", counted=days, needed=COOL_DOWN_DAYS, passed=False))
    return conditions
