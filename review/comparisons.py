"""A candidate beside the serving version: what people said of both, and where the two differ.

Both versions look; people rule where either differs from the first reader, and on the draws of every run. So the
comparison costs rulings only where there is something to compare. Where the line decides by itself, parts on which the
two differ are put before people for it, up to so many a shift.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, QuerySet, Value, When

from inspection import arms
from inspection.arms import ImageRead
from inspection.models import ArmEvent, Prediction, Rollout, RolloutStep, Run
from inspection.models.rollout import ASKED, OVERRULED
from inspection.rules.rollouts import Arm, Guard, Paired, Phase
from inspection.rules.shifts import shift_of
from inspection.rules.words import Call, Label, RolloutOutcome
from review.models import Adjudication
from review.readings import ItemReadings
from review.rules import adjudication
from review.rules.slices import Cut

CUTS = (Cut.CLASS, Cut.STATION, Cut.SHIFT)
"""What the paired comparison is told apart by."""


def candidate_calls(found: Sequence[ItemReadings]) -> dict[UUID, Call]:
    """Return by image what the candidate of its line's open rollout said; images that it has not seen are left out."""
    lines = {one.item.line_id for one in found}
    open_rollouts = Rollout.objects.filter(line__in=lines, outcome=RolloutOutcome.OPEN.value)
    versions = {line: two for line, *two in open_rollouts.values_list("line", "candidate", "incumbent")}
    asked = {one.item.pk: one for one in found if one.item.line_id in versions}
    said = Prediction.objects.filter(item__in=asked).order_by("pk").values_list("item", "model_version", "call")
    calls: dict[UUID, Call] = {}
    for item, version, call in said if asked else ():
        # Under watch the candidate serves already, and the version kept warm is the one beside.
        is_beside = version != asked[item].run.epoch.model_version_id
        if is_beside and version in versions[asked[item].item.line_id]:
            calls.setdefault(item, Call(call))
    return calls


def note(read: Sequence[tuple[Run, Iterable[ItemReadings]]], *, now: datetime) -> None:
    """Set what people have said about runs against both versions of the rollout that saw them.

    A run counts once each of its images is read: by some of them a version would be right that fails on another.
    """
    found = {run: list(images) for run, images in read}
    whole = {run: images for run, images in found.items() if all(one.primary for one in images)}
    arms.note_readings({run: [_image(one) for one in images] for run, images in whole.items()}, now=now)


def paired(rollout: Rollout) -> Paired:
    """Return the rulings on runs that both versions saw and only one of them called as it was ruled."""
    shared = _shared(rollout)
    return Paired(
        worse=shared.filter(arm=Arm.CANDIDATE.value).count(), better=shared.filter(arm=Arm.INCUMBENT.value).count()
    )


def asked(rollout: Rollout) -> int:
    """Return how many parts people read, at most, only because the two versions differ on them."""
    return ArmEvent.objects.filter(step__rollout=rollout, kind=ASKED).count()


def slices(rollout: Rollout) -> list[tuple[Cut, str, Paired]]:
    """Cut the runs that `paired` counts by what was ruled, by station and by shift, in one statement.

    The class of a good image is "pass". Images without a station are in no slice of stations.
    """
    line, counts = rollout.line, defaultdict[tuple[Cut, str], Counter[Arm]](Counter)
    ruled = (
        _overruled(_shared(rollout), rollout)
        .order_by("ruled_at", "pk")
        .values_list("pk", "arm", "label", "defect_class", "station", "captured_at")
    )
    # Of several rulings on a run the last that found the version wrong tells which slice it belongs to.
    newest = {pk: found for pk, *found in ruled}
    for arm, label, defect_class, station, captured_at in newest.values():
        shift = shift_of(line.shift_pattern, line.time_zone, captured_at).name
        for cut, value in zip(CUTS, (defect_class or label, station or "", shift), strict=True):
            counts[cut, value][Arm(arm)] += 1
    found = [(cut, value, n) for (cut, value), n in counts.items() if value]
    found.sort(key=lambda one: (CUTS.index(one[0]), one[1]))
    return [(cut, value, Paired(worse=n[Arm.CANDIDATE], better=n[Arm.INCUMBENT])) for cut, value, n in found]


def overkill(step: RolloutStep) -> dict[Arm, int]:
    """Return for each version on how many of the runs that people read it called an image defect that is ruled good."""
    rulings = ArmEvent.objects.filter(step=step, kind=Guard.RULINGS.value).standing()
    overruled = _overruled(rulings, step.rollout).filter(label=Label.PASS.value)
    counted = dict(overruled.values_list("arm").annotate(n=Count("run", distinct=True)).order_by())
    return {arm: counted.get(arm.value, 0) for arm in Arm}


def differences(rollout: Rollout, *, is_ruled: bool | None = None) -> QuerySet[Prediction]:
    """Return what the incumbent said of each image on which the candidate said otherwise, newest first.

    `is_ruled` leaves those on which a person has ruled, or has not.
    """
    said = Prediction.objects.filter(item=OuterRef("item"), model_version=rollout.candidate_id)
    other = said.exclude(call=OuterRef("call"))
    until = {"item__received_at__lte": rollout.closed_at} if rollout.closed_at else {}
    mine = Prediction.objects.filter(
        Exists(other),
        model_version=rollout.incumbent_id,
        item__line=rollout.line_id,
        item__received_at__gte=rollout.opened_at,
        **until,
    )
    if is_ruled is not None:
        ruled = Exists(Adjudication.objects.filter(item=OuterRef("item"), ruled_at__isnull=False))
        mine = mine.filter(ruled if is_ruled else ~ruled)
    return mine.defer("heatmap").order_by("-pk")


def _shared(rollout: Rollout) -> QuerySet[ArmEvent]:
    """Return that one version was overruled on a run that both saw, and the other was not."""
    kinds = (Guard.RULINGS.value, OVERRULED)
    rulings = ArmEvent.objects.filter(step__rollout=rollout, kind__in=kinds, is_compared=True)
    return rulings.standing().exclude(step__phase=Phase.CANARY.value)


def _overruled(events: QuerySet[ArmEvent], rollout: Rollout) -> QuerySet[Any]:
    """Set each event beside the rulings on images of its run that its version had called otherwise."""
    versions = [When(arm=arm.value, then=Value(version)) for arm, version in rollout.versions.items()]
    said = Prediction.objects.filter(item=OuterRef("image"), model_version=OuterRef("version"))
    return events.annotate(
        version=Case(*versions),
        image=F("run__adjudications__item"),
        label=F("run__adjudications__label"),
        defect_class=F("run__adjudications__defect_class"),
        ruled_at=F("run__adjudications__ruled_at"),
        station=F("run__adjudications__item__station__name"),
        captured_at=F("run__adjudications__item__captured_at"),
    ).filter(Exists(said.exclude(call=OuterRef("label"))), label__in=(Label.PASS.value, Label.DEFECT.value))


def _image(found: ItemReadings) -> ImageRead:
    calls = found.calls()
    is_asked = found.open_cause is not None or adjudication.cause(calls) is not None
    return ImageRead(
        item=found.item.pk,
        first=calls.first,
        ruled=adjudication.standing(found.rulings),
        awaits_ruling=is_asked and not found.rulings,
    )
