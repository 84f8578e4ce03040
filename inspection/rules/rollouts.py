"""What a rollout does next: its step and the evidence in, one move with all its reasons out.

Guardrails compare the candidate with the incumbent by failures alone and may be read at any time (`stats.canary`).
Where the candidate speaks for a share of the runs, that share is the split. Where both versions see every run, a
failure counts if the other version did not fail on that run; latency and call rate, whose limits lie above the
incumbent's own rate, are split by halves of the runs' positions instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log, log1p

from inspection.rules.words import RolloutStrategy
from stats.canary import log_e_noninferior, log_e_paired, log_e_shift, log_e_worse
from stats.eprocess import log_e_below

BREACH = log(100)
"""ln E at which a guardrail acts: alpha .01."""
FIT = log(20)
"""ln E from which the candidate counts as no worse."""
RHO_FIT = 2.0
EVEN = 0.5
UNANSWERED_MAX = 3
DAY_H = 24.0


class Phase(StrEnum):
    """What the candidate does meanwhile: watch silently, speak for a share, stand warm, or serve under watch."""

    SHADOW = "shadow"
    CANARY = "canary"
    WARM = "warm"
    WATCH = "watch"

    @property
    def is_paired(self) -> bool:
        """Whether both versions see every run."""
        return self != Phase.CANARY


class Arm(StrEnum):
    CANDIDATE = "candidate"
    INCUMBENT = "incumbent"


class Guard(StrEnum):
    """A kind of failure, at most one a run and version."""

    ERRORS = "errors"
    LATENCY = "latency"
    OVERTURNS = "overturns"
    ESCAPES = "escapes"
    RULINGS = "rulings"
    CALLS = "calls"


class Shift(StrEnum):
    """Which way a candidate's calls differ from the incumbent's."""

    MORE = "more"
    FEWER = "fewer"


class Move(StrEnum):
    """What `advance` asks for. Only a person moves a rollout forward; PROPOSE tells them that it may."""

    WAIT = "wait"
    PAUSE = "pause"
    PROPOSE = "propose"
    ROLL_BACK = "roll_back"
    COMPLETE = "complete"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How a guardrail is judged: worse than `rho` times the incumbent; below `harmless` nobody minds."""

    rho: float
    harmless: float
    pauses: bool = False


LIMITS: Mapping[Guard, Limit] = {
    Guard.ERRORS: Limit(rho=1.0, harmless=0.01),
    Guard.LATENCY: Limit(rho=1.2, harmless=0.05),
    Guard.OVERTURNS: Limit(rho=1.0, harmless=0.05),
    Guard.ESCAPES: Limit(rho=1.0, harmless=0.01),
    Guard.RULINGS: Limit(rho=1.0, harmless=0.05),
    Guard.CALLS: Limit(rho=1.25, harmless=0.10, pauses=True),
}
BY_HALVES = frozenset({Guard.LATENCY, Guard.CALLS})
OF_READERS = frozenset({Guard.OVERTURNS, Guard.ESCAPES, Guard.RULINGS})


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stretch of a plan, and the least it must have seen before it may end."""

    phase: Phase
    share: float
    min_parts: int = 200
    min_hours: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is known of one version in a step: runs seen, runs read by people, failures, and those compared."""

    seen: int = 0
    read: int = 0
    failures: Mapping[Guard, int] = field(default_factory=dict)
    compared: Mapping[Guard, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that a step has shown so far. `unanswered` counts the candidate's last runs in a row without an answer."""

    candidate: Tally = field(default_factory=Tally)
    incumbent: Tally = field(default_factory=Tally)
    hours: float = 0.0
    unanswered: int = 0


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a rollout stands. The first model of a line has no incumbent.

    `reviewed`: what a person has answered of the guardrail that pauses, for the whole of this rollout.
    """

    step: Step
    has_incumbent: bool = True
    is_paused: bool = False
    reviewed: frozenset[Shift] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One guardrail with its numbers: failures and runs of both versions, and ln E that it is worse, and fit.

    `leans`: where one that pauses is breached, which way of those that nobody has answered yet.
    """

    guard: Guard
    candidate: tuple[int, int]
    incumbent: tuple[int, int]
    log_e_worse: float
    log_e_fit: float
    leans: Shift | None = None

    @property
    def is_breached(self) -> bool:
        return self.log_e_worse >= BREACH

    @property
    def is_fit(self) -> bool:
        return self.log_e_fit >= FIT


@dataclass(frozen=True, kw_only=True)
class Action:
    """The move, every reason for it by its code, and what each guardrail read."""

    move: Move
    reasons: tuple[str, ...]
    readings: tuple[Reading, ...]

    @property
    def calls(self) -> Reading:
        return next(reading for reading in self.readings if reading.guard == Guard.CALLS)


# Plans ----------------------------------------------------------------------------------------------------------

CANARY_HOURS: Mapping[float, float] = {0.05: DAY_H, 0.20: 3 * DAY_H, 0.50: DAY_H}
_WATCH = Step(phase=Phase.WATCH, share=1.0, min_hours=DAY_H)
_WARM = Step(phase=Phase.WARM, share=1.0, min_parts=20)


def plan(strategy: RolloutStrategy, *, share: float | None = None, has_incumbent: bool = True) -> tuple[Step, ...]:
    """Return the steps from a strategy to the end: each goes on to serving, and ends after a day under watch.

    `share` is the sampled share of a shadow, or the first share of a canary. A line's first model only shadows.

    >>> [step.phase.value for step in plan(RolloutStrategy.BLUE_GREEN)]
    ['warm', 'watch']
    >>> [step.share for step in plan(RolloutStrategy.CANARY, share=0.2)]
    [0.2, 0.5, 1.0]
    """
    if strategy == RolloutStrategy.BLUE_GREEN:
        return (_WARM, _WATCH)
    if strategy == RolloutStrategy.CANARY:
        return (*_canary(share if share is not None else min(CANARY_HOURS)), _WATCH)
    shadow = Step(phase=Phase.SHADOW, share=1.0 if share is None else share)
    return (shadow, *_canary(min(CANARY_HOURS)), _WATCH) if has_incumbent else (shadow,)


def _canary(first: float) -> list[Step]:
    shares = [first, *(share for share in CANARY_HOURS if share > first)]
    return [Step(phase=Phase.CANARY, share=share, min_hours=CANARY_HOURS.get(share, DAY_H)) for share in shares]


# Judging --------------------------------------------------------------------------------------------------------


def advance(state: State, evidence: Evidence) -> Action:
    """Say what the rollout does now.

    Guardrails come before everything else, in every step, also while it is paused or waits for a person. One that
    pauses asks a person, and a person's answer holds for the way it leaned: that neither asks again nor has to be
    proven. Without data it waits.
    """
    readings = _readings(state, evidence)
    breached = [reading for reading in readings if reading.is_breached]
    stopping = [reading.guard.value for reading in breached if not LIMITS[reading.guard].pauses]
    if evidence.unanswered >= UNANSWERED_MAX:
        stopping.insert(0, "unanswered")
    if stopping:
        return Action(move=Move.ROLL_BACK, reasons=tuple(stopping), readings=readings)
    if state.is_paused:
        return Action(move=Move.WAIT, reasons=("paused",), readings=readings)
    if breached:
        return Action(move=Move.PAUSE, reasons=tuple(one.guard.value for one in breached), readings=readings)
    missing = _missing(state, evidence, readings)
    if missing:
        return Action(move=Move.WAIT, reasons=missing, readings=readings)
    done = Move.COMPLETE if state.step.phase == Phase.WATCH else Move.PROPOSE
    return Action(move=done, reasons=(), readings=readings)


def compared(guard: Guard, phase: Phase, failed: Mapping[Arm, bool], *, position: float) -> frozenset[Arm]:
    """Return the versions whose failure on one run enters the comparison.

    `failed` holds the versions that saw the run; `position` was drawn for it at intake.

    >>> both = {Arm.CANDIDATE: True, Arm.INCUMBENT: True}
    >>> compared(Guard.OVERTURNS, Phase.SHADOW, both, position=0.2)
    frozenset()
    >>> sorted(compared(Guard.CALLS, Phase.SHADOW, both, position=0.2))
    [<Arm.CANDIDATE: 'candidate'>]
    """
    failures = frozenset(arm for arm, has_failed in failed.items() if has_failed)
    if not phase.is_paired:
        return failures
    if guard in BY_HALVES:
        return failures & {Arm.CANDIDATE if position < EVEN else Arm.INCUMBENT}
    return failures if len(failures) == 1 else frozenset()


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Rulings on the images where the two versions differ: on how many the candidate was wrong, and right."""

    worse: int = 0
    better: int = 0

    @property
    def log_e_worse(self) -> float:
        return log_e_paired(self.worse, self.better)

    @property
    def log_e_better(self) -> float:
        return log_e_paired(self.better, self.worse)

    @property
    def verdict(self) -> str:
        """Say "worse" or "better" once the evidence does, "open" until then. May be read at any time.

        >>> [Paired(worse=w, better=b).verdict for w, b in [(0, 0), (4, 15), (0, 12), (14, 0)]]
        ['open', 'open', 'better', 'worse']
        """
        if self.log_e_worse >= BREACH:
            return "worse"
        return "better" if self.log_e_better >= FIT else "open"


def _readings(state: State, evidence: Evidence) -> tuple[Reading, ...]:
    # A canary's disagreements are not all ruled on alike, so rulings are compared only where both see every run.
    guards = [guard for guard in Guard if guard != Guard.RULINGS or state.step.phase.is_paired]
    return tuple(_reading(guard, state, evidence) for guard in guards)


def _reading(guard: Guard, state: State, evidence: Evidence) -> Reading:
    share = EVEN if state.step.phase.is_paired else state.step.share
    candidate, incumbent = evidence.candidate, evidence.incumbent
    fc, fi = candidate.compared.get(guard, 0), incumbent.compared.get(guard, 0)
    counts = _of(candidate, guard), _of(incumbent, guard)
    log_e, leans = _log_e_worse(guard, fc, fi, share, state) if state.has_incumbent else (0.0, None)
    return Reading(
        guard=guard,
        candidate=counts[0],
        incumbent=counts[1],
        log_e_worse=log_e,
        log_e_fit=_log_mean(log_e_noninferior(fc, fi, share, RHO_FIT), _log_e_harmless(guard, *counts[0])),
        leans=leans,
    )


def _log_e_worse(guard: Guard, fc: int, fi: int, share: float, state: State) -> tuple[float, Shift | None]:
    rho = LIMITS[guard].rho
    if not LIMITS[guard].pauses:
        return log_e_worse(fc, fi, share, rho), None
    ways = {Shift.MORE: log_e_worse(fc, fi, share, rho), Shift.FEWER: log_e_noninferior(fc, fi, share, 1 / rho)}
    unanswered = {way: log_e for way, log_e in ways.items() if way not in state.reviewed}
    if not unanswered:
        return 0.0, None
    log_e = log_e_shift(fc, fi, share, rho) if len(unanswered) == len(Shift) else max(unanswered.values())
    return log_e, max(unanswered, key=unanswered.__getitem__) if log_e >= BREACH else None


def _log_e_harmless(guard: Guard, failures: int, runs: int) -> float:
    """Return ln E that the rate itself is too small to matter: two versions that never fail compare by nothing."""
    return log_e_below(failures, runs - failures, LIMITS[guard].harmless)


def _of(tally: Tally, guard: Guard) -> tuple[int, int]:
    return tally.failures.get(guard, 0), tally.read if guard in OF_READERS else tally.seen


def _log_mean(a: float, b: float) -> float:
    """Return the log of the mean of two e-values: an e-value again, however they hang together."""
    low, high = sorted((a, b))
    return high + log1p(exp(low - high)) - log(2)


def _missing(state: State, evidence: Evidence, readings: tuple[Reading, ...]) -> tuple[str, ...]:
    """Return every reason to wait, "no-data" first."""
    step = state.step
    seen = evidence.candidate.seen
    reasons = ["no-data"] if seen == 0 else ["parts"] if seen < step.min_parts else []
    if evidence.hours < step.min_hours:
        reasons.append("hours")
    if state.has_incumbent and step.phase in (Phase.SHADOW, Phase.CANARY):
        unproven = [reading.guard for reading in readings if not reading.is_fit]
        if Shift.MORE in state.reviewed:
            # Fit means: not more often. A person has said that more is right.
            unproven = [guard for guard in unproven if not LIMITS[guard].pauses]
        reasons += [f"unproven-{guard.value}" for guard in unproven]
    return tuple(reasons)
