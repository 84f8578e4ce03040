"""The gates of the ladder as values: what each rung asks, what is brought to it, what the answer holds.

Limits are those of the gate for one line x product x model x configuration (one epoch). A gate only allows: two
people sign. Source of the streams and limits: Tollgate's statistics, sections 0, 1.4, 2.2 and 2.3.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from inspection.rules.words import GateStatus, Level
from stats.cusum import design_r1

# The disagreement chart warns at a run length of about 10,000 parts at its tolerable rate of 5 %.
DISAGREEMENT_R0 = 0.05
DISAGREEMENT_R1 = design_r1(DISAGREEMENT_R0, 10)
DISAGREEMENT_WARN = 5.726
DISAGREEMENT_DEMOTE = 8.103
HEALTH_ITEMS = 200
HEALTH_MISSING_MAX = 0.005
HARM_DELTA = 0.05
# What a waiver names beside defect classes: that people follow wrong predictions is not measured yet.
HARM = "assistance-bias"
# Agreement that live parts of a version proven on the archive must not contradict.
CONFIRM_P0, CONFIRM_ALPHA = 0.95, 0.05
# A p-value is told as evidence of 1/p : 1; below this no double holds it.
P_LEAST = 1e-300
# A promise of no escape at all is read as one in a thousand million.
RATE_LEAST = 1e-9
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

    Detection is shown on one `route`, the bank or natural defects, chosen before evidence is collected; a
    `closed_list` is the bank as the certificate of the bands froze it, tested once. `proven_classes` are the risk
    classes whose every defect class must be proven, or waived by two people. `max_harm` bounds how much larger the
    share of defects that people pass may be where the model wrongly says pass. `clean_shifts` asks for a calendar of
    challenge parts and for so many of its last shifts without a miss. `confirms` names the stream that live parts must
    not contradict where the sealed archive has proven the rest.
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
    route: str = "natural"
    closed_list: bool = False
    max_harm: float | None = None
    clean_shifts: int = 0
    quiet_days: int = 0
    asks_ppm: bool = False
    confirms: str = ""

    @property
    def tests_list(self) -> bool:
        """Whether detection is the exact test of a closed list rather than a stream that is read all the time."""
        return self.closed_list and self.route == "bank"

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
        route="bank",
        closed_list=True,
        max_harm=0.10,
        clean_shifts=1,
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
        route="bank",
        closed_list=True,
        max_harm=0.10,
        clean_shifts=10,
        quiet_days=30,
        asks_ppm=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Counts of parts brought to a gate: blind final decisions set against the model's calls.

    `streams` holds [successes, failures] by name; `natural` the same for defects of the truth draw.
    `accuracy` is the two-phase point estimate, None where it is not defined yet. `chart` is W of the
    disagreement chart. `health` is (items, missing, p95 ms, deadline ms) of the last stored images.

    `bank` holds [found, missed] of distinct known defects, `leaked` how many of them the version was trained on, and
    `classes` (risk class, found, missed) by defect class on the gate's route. `escapes` are (passed defects, all
    other parts) of the truth draw. `harm` is (right calls given up, right calls) after a wrong prediction was shown;
    `omission` are the defects (passed, all) that the model was made to pass wrongly: told to people, and not told.
    `charts` are (W, warn level) of what watches automatic decisions, `quiet_days` how long none of them warned.
    `has_calendar` says that challenge parts are due by a calendar, `clean_shifts` in how many of the last shifts none
    of them was missed.
    """

    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    natural: tuple[int, int] = (0, 0)
    bank: tuple[int, int] = (0, 0)
    leaked: int = 0
    classes: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    waived: tuple[str, ...] = ()
    escapes: tuple[int, int] = (0, 0)
    target_ppm: float = 0.0
    harm: tuple[int, int] = (0, 0)
    omission: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    charts: dict[str, tuple[float, float]] = field(default_factory=dict)
    quiet_days: float | None = None
    has_calendar: bool = False
    clean_shifts: int = 0
    parts: int = 0
    defects: int = 0
    days: int = 0
    shifts: int = 0
    people: int = 0
    accuracy: float | None = None
    chart: float = 0.0
    holds: int = 0
    freezes: int = 0
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
    route: str = "natural"

    @property
    def name(self) -> str:
        return self.stream


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One plain condition of a gate: what is counted, what is needed, whether it is met, and of what.

    `spared` says why one passes although it is not met: `waived`, or `not_asked` on this rung.
    """

    name: str
    counted: float | None
    needed: float | None
    passed: bool
    is_data: bool = False
    subject: str = ""
    spared: str = ""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether the gate is open, every check behind it, and the names of all that fail."""

    status: GateStatus
    checks: tuple[StreamCheck, ...]
    conditions: tuple[Condition, ...]

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Judgement":
        """Return the judgement that `as_plain` gave, as it was judged then: nothing is judged anew."""
        return cls(
            status=GateStatus(plain["status"]),
            checks=tuple(StreamCheck(**check) for check in plain["checks"]),
            conditions=tuple(Condition(**condition) for condition in plain["conditions"]),
        )

    @property
    def is_open(self) -> bool:
        return self.status == GateStatus.OPEN

    @property
    def every(self) -> tuple[StreamCheck | Condition, ...]:
        """Return all that the gate asks, in its order."""
        return (*self.checks, *self.conditions)

    @property
    def failing(self) -> tuple[StreamCheck | Condition, ...]:
        """Return everything that keeps the gate shut: people mend it together, not one by one."""
        return tuple(check for check in self.every if not check.passed)

    def as_plain(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "checks": [asdict(check) for check in self.checks],
            "conditions": [asdict(condition) for condition in self.conditions],
        }
