"""What the page and the API show of a line's models: plain values made from rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection import arms, rollout_steps, rollouts, trials
from inspection.models import CandidateTrial, Line, ModelVersion, Prediction, Rollout, RolloutMove
from inspection.rules.rollouts import BREACH, FIT, LIMITS, Action, Arm, Guard, Move, Paired, Phase, Reading, Shift, Step
from inspection.rules.words import Label, RolloutOutcome
from review import comparisons, rollout_doors
from review.models import Adjudication, ReviewTask
from review.rules.slices import Cut
from review.training_doors import CUTS
from stats.eprocess import evidence_ratio

HISTORY = 12
GALLERY = 24
PHASES: dict[Phase, Promise] = {
    Phase.SHADOW: gettext_lazy("shadow"),
    Phase.CANARY: gettext_lazy("canary"),
    Phase.WARM: gettext_lazy("both warm"),
    Phase.WATCH: gettext_lazy("serving, watched"),
}
DEEDS: dict[str, Promise] = {
    "start": gettext_lazy("Started"),
    "ready": gettext_lazy("Ready for a person"),
    "confirm": gettext_lazy("Moved on"),
    "approve": gettext_lazy("Switch approved"),
    "share": gettext_lazy("Share changed"),
    "pause": gettext_lazy("Paused"),
    "go_on": gettext_lazy("Went on"),
    "complete": gettext_lazy("In service"),
    "abort": gettext_lazy("Aborted"),
    "roll_back": gettext_lazy("Rolled back"),
    "explain": gettext_lazy("Reason added"),
}
GUARDS: dict[Guard, Promise] = {
    Guard.ERRORS: gettext_lazy("Errors and timeouts"),
    Guard.LATENCY: gettext_lazy("Slow answers"),
    Guard.OVERTURNS: gettext_lazy("Overturned by people"),
    Guard.ESCAPES: gettext_lazy("Escapes"),
    Guard.RULINGS: gettext_lazy("Overruled by adjudication"),
    Guard.CALLS: gettext_lazy("Called defect"),
}
REVIEWS: dict[str, Promise] = {
    rollouts.REVIEWED[Shift.MORE]: gettext_lazy("more calls reviewed"),
    rollouts.REVIEWED[Shift.FEWER]: gettext_lazy("fewer calls reviewed"),
}

# The other deeds say all with their word.
_TOLD = {"start", "pause", "abort", "roll_back", "explain"}


@dataclass(frozen=True, kw_only=True)
class GuardRow:
    """One guardrail as it is read: both versions' failures, and how strong the evidence is either way.

    `pauses`: at which other rates it still pauses, "either", "more", "fewer" or "reviewed"; empty where it rolls back.
    """

    guard: str
    name: str
    candidate: tuple[int, int]
    incumbent: tuple[int, int]
    worse: float
    fit: float
    state: str
    pauses: str


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One entry of the plan, and whether it is behind, at or before the rollout."""

    name: str
    share: float
    state: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One image on which the versions differed and a person has ruled."""

    case: Adjudication
    incumbent: str
    candidate: str

    @property
    def right(self) -> str:
        """Which of the two the ruling confirms; empty where it confirms none."""
        return {self.incumbent: "incumbent", self.candidate: "candidate"}.get(self.case.label, "")


@dataclass(frozen=True, kw_only=True)
class Board:
    """An open rollout as it stands now."""

    rollout: Rollout
    step: Step
    began_at: datetime
    steps: list[StepRow]
    guards: list[GuardRow]
    overkill: Mapping[Arm, int]
    p95_ms: Mapping[Arm, float | None]
    slow_above_ms: float
    seen: int
    dropped: int
    hours: float
    move: Move
    reasons: list[str]
    review_asked: Shift | None

    @property
    def may_go_on(self) -> bool:
        return self.move in (Move.PROPOSE, Move.COMPLETE)

    @property
    def asks_last(self) -> bool:
        """Whether the other way was answered before, so that nothing pauses for calls after this answer."""
        return bool(self.rollout.reviewed)

    @property
    def is_excused(self) -> bool:
        """Whether it may move on without having shown that it calls no more defects."""
        return Shift.MORE in self.rollout.reviewed

    @property
    def worse_bar(self) -> float:
        return evidence_ratio(BREACH)

    @property
    def fit_bar(self) -> float:
        return evidence_ratio(FIT)


def board(rollout: Rollout, *, now: datetime) -> Board:
    """Return a rollout with its plan, its guardrails and what keeps it where it is."""
    step = rollouts.current(rollout)
    evidence = arms.evidence_of(step, now=now)
    action = rollouts.judge(rollout, now=now)
    return Board(
        rollout=rollout,
        step=rollouts.step_of(step),
        began_at=step.began_at,
        steps=_steps(rollout),
        guards=[_guard(reading, rollout) for reading in action.readings],
        overkill=comparisons.overkill(step),
        p95_ms=arms.p95_ms(step),
        slow_above_ms=step.latency_limit_ms,
        seen=evidence.candidate.seen,
        dropped=arms.dropped(step),
        hours=evidence.hours,
        move=action.move,
        reasons=[rollout_doors.reason_word(code) for code in action.reasons],
        review_asked=rollouts.review_asked(rollout, action),
    )


def history(line: Line) -> list[tuple[RolloutMove, str, str]]:
    """Return what happened to the line's rollouts, newest first, each with its word and why."""
    moves = RolloutMove.objects.filter(rollout__line=line).select_related("rollout__candidate", "made_by")
    return [(move, str(DEEDS[move.deed]), _cause(move)) for move in moves.order_by("-pk")[:HISTORY]]


def gallery(rollout: Rollout) -> list[Difference]:
    """Return the newest differences that were ruled on. The others stay hidden: somebody may still have to judge."""
    ruled = comparisons.differences(rollout, is_ruled=True)
    shown = {said.item_id: said.call for said in ruled[:GALLERY]}
    unruled = Adjudication.objects.filter(item__in=shown, ruled_at=None).values("item")
    unread = ReviewTask.objects.filter(item__in=shown, closed_at=None).values("item")
    cases = Adjudication.objects.filter(item__in=shown, ruled_at__isnull=False)
    cases = cases.exclude(item__in=unruled).exclude(item__in=unread)
    newest = {case.item_id: case for case in cases.select_related("run__part").order_by("ruled_at", "pk")}
    theirs = Prediction.objects.filter(item__in=newest, model_version=rollout.candidate_id)
    other = dict(theirs.values_list("item", "call"))
    return [
        Difference(case=newest[item], incumbent=call, candidate=other[item])
        for item, call in shown.items()
        if item in newest
    ]


def slices(rollout: Rollout, class_names: Mapping[str, str]) -> list[tuple[str, str, Paired]]:
    """Return the cuts of the paired comparison in words, each with its counts."""
    words = {Label.PASS.value: _("good"), Label.DEFECT.value: _("defect"), **class_names}
    return [
        (str(CUTS[cut]), words.get(value, value) if cut == Cut.CLASS else value, counts)
        for cut, value, counts in comparisons.slices(rollout)
    ]


def versions_for(line: Line, serving: ModelVersion | None) -> list[ModelVersion]:
    """Return the versions that may become a candidate, newest first: those that know what the serving one knows."""
    versions = ModelVersion.objects.order_by("-created_at", "-pk")
    if serving is None:
        return list(versions)
    known = rollouts.known_classes(line, serving)
    return [one for one in versions.exclude(pk=serving.pk) if known <= set(one.classes)]


def standing(line: Line) -> Rollout | None:
    """Return the line's open rollout, or the last finished one where it can be taken back by name."""
    found = line.rollouts.filter(outcome=RolloutOutcome.OPEN.value)
    return found.select_related("line", "candidate", "incumbent").first() or rollout_steps.way_back(line)


def ways_back(line: Line) -> list[Rollout]:
    """Return what can be taken back by name: first what is on its way, then what it means to follow."""
    found = (standing(line), rollout_steps.way_back(line))
    return list(dict.fromkeys(one for one in found if one))


@dataclass(frozen=True)
class TrialShown:
    """The trial of the line's newest rollout: under way or not begun where it has none."""

    rollout: Rollout
    trial: CandidateTrial | None
    is_lost: bool

    @property
    def has_failed(self) -> bool:
        return self.is_lost or bool(self.trial and self.trial.missing)


def trial(line: Line, *, now: datetime) -> TrialShown | None:
    """Return how the candidate of the newest rollout did on the line's last images, also after it was taken off."""
    newest = line.rollouts.select_related("candidate", "trial").order_by("-pk").first()
    if newest is None:
        return None
    found = getattr(newest, "trial", None)
    return TrialShown(newest, found, is_lost=found is not None and trials.is_lost(found, now=now))


def as_plain(rollout: Rollout, *, now: datetime) -> dict[str, Any]:
    """Return a rollout as the API tells it."""
    step = rollouts.current(rollout)
    evidence = arms.evidence_of(step, now=now)
    action = rollouts.judge(rollout, now=now)
    return {
        "id": rollout.pk,
        "line": rollout.line.slug,
        "candidate": str(rollout.candidate),
        "incumbent": str(rollout.incumbent) if rollout.incumbent else None,
        "strategy": rollout.strategy,
        "phase": step.phase,
        "share": step.share,
        "plan": rollout.plan,
        "position": rollout.position,
        "outcome": rollout.outcome,
        "cause": rollout.cause,
        "opened_at": rollout.opened_at,
        "closed_at": rollout.closed_at,
        "paused": rollout.paused_at is not None,
        "review_asked": rollouts.review_asked(rollout, action),
        "more_calls_reviewed_at": rollout.more_calls_reviewed_at,
        "fewer_calls_reviewed_at": rollout.fewer_calls_reviewed_at,
        "awaits_approval": rollouts.awaits_approval(rollout),
        "opened_by": rollout.opened_by.username if rollout.opened_by else None,
        "approved_by": rollout.approved_by.username if rollout.approved_by else None,
        "arms": {
            "candidate": {"seen": evidence.candidate.seen, "read": evidence.candidate.read},
            "incumbent": {"seen": evidence.incumbent.seen, "read": evidence.incumbent.read},
        },
        "dropped": arms.dropped(step),
        "trial": _trial_plain(rollout),
        "guardrails": [_guard_plain(reading, rollout) for reading in action.readings],
        "recommendation": _recommendation(rollout, action),
    }


def _trial_plain(rollout: Rollout) -> dict[str, Any] | None:
    trial = CandidateTrial.objects.filter(rollout=rollout).first()
    told = ("items", "missing", "p95_ms", "complaint", "began_at", "finished_at")
    return {name: getattr(trial, name) for name in told} if trial else None


def _cause(move: RolloutMove) -> str:
    """Return why a move was made where somebody, or a guardrail, said why."""
    if move.made_by_id is None and move.cause.startswith(rollouts.BY_GUARDRAIL):
        codes = move.cause.removeprefix(rollouts.BY_GUARDRAIL).split(", ")
        return _("guardrail: %(reasons)s") % {"reasons": ", ".join(map(rollout_doors.reason_word, codes))}
    if move.deed == "go_on":
        return str(REVIEWS.get(move.cause, ""))
    return move.cause if move.deed in _TOLD else ""


def _recommendation(rollout: Rollout, action: Action) -> dict[str, Any]:
    if not rollout.is_open:
        return {"move": "none", "reasons": []}
    return {"move": action.move.value, "reasons": list(action.reasons)}


def _guard_plain(reading: Reading, rollout: Rollout) -> dict[str, Any]:
    (candidate, of_candidate), (incumbent, of_incumbent) = reading.candidate, reading.incumbent
    return {
        "name": reading.guard.value,
        "candidate": {"failures": candidate, "runs": of_candidate},
        "incumbent": {"failures": incumbent, "runs": of_incumbent},
        "log_e": reading.log_e_worse,
        "log_e_worse": reading.log_e_worse,
        "log_e_not_worse": reading.log_e_fit,
        "status": _state(reading, rollout),
    }


def _guard(reading: Reading, rollout: Rollout) -> GuardRow:
    return GuardRow(
        guard=reading.guard.value,
        name=str(GUARDS[reading.guard]),
        candidate=reading.candidate,
        incumbent=reading.incumbent,
        worse=evidence_ratio(reading.log_e_worse),
        fit=evidence_ratio(reading.log_e_fit),
        state=_state(reading, rollout),
        pauses=_pauses(reading, rollout),
    )


def _pauses(reading: Reading, rollout: Rollout) -> str:
    if not LIMITS[reading.guard].pauses:
        return ""
    unanswered = [shift.value for shift in Shift if shift not in rollout.reviewed]
    if len(unanswered) == len(Shift):
        return "either"
    return unanswered[0] if unanswered else "reviewed"


def _state(reading: Reading, rollout: Rollout) -> str:
    if reading.is_breached:
        return "breached"
    if LIMITS[reading.guard].pauses and Shift.MORE in rollout.reviewed:
        return "reviewed"
    return "ok" if reading.is_fit else "running"


def _steps(rollout: Rollout) -> list[StepRow]:
    rows = []
    for n, step in enumerate(rollouts.plan_of(rollout)):
        state = "now" if n == rollout.position else "done" if n < rollout.position else "next"
        rows.append(StepRow(name=str(PHASES[step.phase]), share=step.share, state=state))
    return rows
