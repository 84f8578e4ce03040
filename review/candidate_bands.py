"""A candidate's own certificate before it serves: what it needs, and the attempt.

It is judged on the truth draw of the model it wants to follow: parts that chance drew before either had seen them, that
people ruled on, and that the candidate has seen too, live beside the other or once on the sealed archive. All attempts
for candidates of a line and product share one allowance: the m-th is made at `retry_alpha(delta, m)`, so whatever is
tried, and however the versions resemble each other, the chance that any such certificate is false stays within delta
for each of its limits. What a refused one missed stays sealed, as on the archive.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil, log

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum

from inspection import epochs
from inspection.models import ArmEvent, Deployment, Item, Line, ModelVersion, Prediction, Rollout, Run, User
from inspection.models.rollout import READ, SEEN
from inspection.rules.rollouts import Arm, Guard
from inspection.rules.shifts import shift_of
from inspection.rules.words import Call, Label
from review import bands, bank
from review.band_models import Certification
from review.bands import Inputs, Subject
from review.bank_models import BankImage
from review.models import Adjudication
from review.retro_models import RetroScore
from review.rules import certifying
from review.rules.certifying import DEFAULTS, Limits
from stats.bands import defects_to_certify, items_to_certify
from stats.eprocess import log_e_below, retry_alpha

# That a version runs on the line as it was scored: statistics, section 2.7.
LIVE_PARTS = 200
LIVE_SHIFTS = 3
LIVE_AGREEMENT = 0.95
LIVE_ALPHA = 0.05
# What is left of the drawn parts for certifying, and for a natural closed list: `certifying.split`.
CERTIFYING_SHARE, CERTIFYING_SHARE_NATURAL, LISTED_SHARE_NATURAL = 2 / 3, 1 / 3, 1 / 2


class NoCandidate(Exception):
    """The rollout has no candidate beside a serving version any more, or never had a version to follow."""


class NotReady(Exception):
    """Something is missing before an attempt is worth its chance of error. `needs` holds every such thing."""

    def __init__(self, needs: list["Need"]) -> None:
        super().__init__(", ".join(f"{need.code}: {need.have} of {need.wanted}" for need in needs))
        self.needs = needs


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that a certificate waits for: how much there is of it, and how much there must be."""

    code: str
    have: int
    wanted: int

    @property
    def is_met(self) -> bool:
        return self.have >= self.wanted


@transaction.atomic
def certify(rollout: Rollout, *, by: User, now: datetime, limits: Limits = DEFAULTS) -> Certification:
    """Certify bands for the candidate of a running rollout. Nothing is put in force.

    Raises NoCandidate, or NotReady without having spent an attempt: sizes tell nothing of how good the candidate is.
    """
    # The line's row is the lock: attempts on the line are numbered, and its models and epoch stay as they are.
    line = rollout.line = bands.locked(rollout.line)
    _check(rollout, line)
    limits = at_attempt(line, limits)
    _refuse([need for need in needs(rollout, limits=limits) if not need.is_met])
    subject = Subject(
        line=line,
        epoch=epochs.opened(line, rollout.candidate, cause=f"certificate of {rollout.candidate}", now=now),
        version=rollout.candidate,
        drawn_in=line.present_epoch,
        rollout=rollout,
    )
    drawn = list(bands.drawn_parts(subject))
    inputs = bands.inputs_of(subject, drawn, limits)
    _refuse([need for need in _sizes(inputs) if not need.is_met])
    return bands.attempt(subject, inputs, drawn, by=by, now=now)


def attempts(line: Line) -> int:
    """Return how often a candidate of the line and its product was certified, or refused, so far."""
    return Certification.objects.filter(line=line, rollout__isnull=False, epoch__product=line.product_id).count()


def at_attempt(line: Line, limits: Limits = DEFAULTS) -> Limits:
    """Return the limits of the next attempt: the same risks, and its own share of the chance of error."""
    return replace(limits, delta=retry_alpha(limits.delta, attempts(line) + 1))


def may_be_certified(rollout: Rollout) -> bool:
    """Say whether the rollout has a candidate that stands beside the version whose truth draw it may use."""
    at = Deployment.objects.filter(line=rollout.line_id, candidate=rollout.candidate_id, serving=rollout.incumbent_id)
    return rollout.is_open and rollout.incumbent_id is not None and at.exists()


def _check(rollout: Rollout, line: Line) -> None:
    fresh = Rollout.objects.get(pk=rollout.pk)
    if not may_be_certified(fresh) or line.present_epoch.model_version_id != rollout.incumbent_id:
        raise NoCandidate(f"{rollout} has no candidate to certify.")


def _refuse(missing: list[Need]) -> None:
    if missing:
        raise NotReady(missing)


# What it needs --------------------------------------------------------------------------------------------------


def needs(rollout: Rollout, *, limits: Limits) -> list[Need]:
    """Return everything that the next attempt needs, cheap enough for a page; `certify` counts the sizes exactly."""
    line, version = rollout.line, rollout.candidate
    parts, known = _seen_and_ruled(line, version), _bank_seen(line, version)
    return [
        *_sizes_about(line, parts, len(known), limits=limits),
        Need(code="bank", have=_bank_images(line) - bank.unscored(line, version).count(), wanted=_bank_images(line)),
        *_live(rollout),
        Need(code="agreement", have=int(not _is_contradicted(rollout)), wanted=1),
        Need(code="challenges", have=int(not _missed_challenges(rollout).exists()), wanted=1),
        Need(code="unlearned", have=int(not _has_learned(line, version, parts, known)), wanted=1),
    ]


def _sizes(inputs: Inputs) -> list[Need]:
    """Return the sizes of what certifies, as the rule will split it."""
    _, certifying_parts, spare = certifying.split(inputs.parts, natural_list=inputs.natural_list)
    known = sum(part.label for part in spare) if inputs.natural_list else len(inputs.known)
    return _sizes_of(len(certifying_parts), known, limits=inputs.limits)


def _sizes_about(line: Line, parts: QuerySet[Run], known: int, *, limits: Limits) -> list[Need]:
    is_natural = bands.is_natural(line)
    share = CERTIFYING_SHARE_NATURAL if is_natural else CERTIFYING_SHARE
    if is_natural:
        defects = Adjudication.objects.filter(run__in=parts, label=Label.DEFECT.value).values("run").distinct().count()
        known = ceil(defects * LISTED_SHARE_NATURAL)
    return _sizes_of(ceil(parts.count() * share), known, limits=limits)


def _sizes_of(parts: int, known: int, *, limits: Limits) -> list[Need]:
    return [
        Need(code="parts", have=parts, wanted=items_to_certify(limits.risk, limits.delta)),
        Need(code="known", have=known, wanted=defects_to_certify(limits.miss, limits.delta)),
    ]


def _seen_and_ruled(line: Line, version: ModelVersion) -> QuerySet[Run]:
    """Return the parts of the truth draw of the line's epoch that people ruled on and the version has seen."""
    drawn = Run.objects.natural().filter(epoch=line.epoch_id, drawn_truth=True)
    cases = Adjudication.objects.filter(run=OuterRef("pk"))
    live = Prediction.objects.filter(item__run=OuterRef("pk"), model_version=version)
    sealed = RetroScore.objects.filter(item__run=OuterRef("pk"), model_version=version)
    ruled = drawn.filter(Exists(cases.filter(ruled_at__isnull=False)), ~Exists(cases.filter(ruled_at=None)))
    banked = line.bank.kept().values("part")
    return ruled.filter(Exists(live) | Exists(sealed)).exclude(part__in=banked)


def _bank_seen(line: Line, version: ModelVersion) -> list[bank.Known]:
    return [] if bands.is_natural(line) else bank.known(line, version)


def _bank_images(line: Line) -> int:
    return 0 if bands.is_natural(line) else BankImage.objects.filter(defect__in=line.bank.in_use()).count()


def _live(rollout: Rollout) -> list[Need]:
    """Return how many parts, and of how many shifts, the candidate has seen on the line itself."""
    seen = _events(rollout, SEEN)
    shifts: set[str] = set()
    for moment in seen.order_by("pk").values_list("run__opened_at", flat=True).iterator():
        shifts.add(str(shift_of(rollout.line.shift_pattern, rollout.line.time_zone, moment)))
        if len(shifts) >= LIVE_SHIFTS:
            break
    return [
        Need(code="live", have=seen.values("run").distinct().count(), wanted=LIVE_PARTS),
        Need(code="shifts", have=len(shifts), wanted=LIVE_SHIFTS),
    ]


def _is_contradicted(rollout: Rollout) -> bool:
    """Say whether people's first calls speak against it that the candidate runs as it was scored."""
    kinds = (READ, Guard.OVERTURNS.value)
    # What was taken back has a row of its own that takes the other away.
    read, overturned = (_events(rollout, kind).aggregate(n=Sum("weight", default=0))["n"] for kind in kinds)
    return log_e_below(read - overturned, overturned, LIVE_AGREEMENT) >= log(1 / LIVE_ALPHA)


def _missed_challenges(rollout: Rollout) -> QuerySet[Run]:
    """Return the showings of challenge parts, each known to be bad, on no image of which the candidate found it."""
    said = Prediction.objects.filter(item__run=OuterRef("pk"), model_version=rollout.candidate_id)
    shown = Run.objects.filter(line=rollout.line_id, part__is_challenge=True, opened_at__gte=rollout.opened_at)
    return shown.filter(Exists(said), ~Exists(said.filter(call=Call.DEFECT.value)))


def _has_learned(line: Line, version: ModelVersion, parts: QuerySet[Run], known: list[bank.Known]) -> bool:
    """Say whether the version was trained on anything that would have to judge it."""
    return any(one.leaked for one in known) or bank.has_learned(version, Item.objects.filter(run__in=parts))


def _events(rollout: Rollout, kind: str) -> QuerySet[ArmEvent]:
    return ArmEvent.objects.filter(step__rollout=rollout, kind=kind, arm=Arm.CANDIDATE.value)
