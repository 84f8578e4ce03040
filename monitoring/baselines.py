"""References of a line's images: taken when it rises, replaced by a lead's signature, shown beside what came after."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import OuterRef, Subquery
from numpy.typing import NDArray

from inspection import automation, zones
from inspection.models import Line, LineScope, Measures, User
from monitoring import sightings
from monitoring.models import Baseline, DriftMark
from monitoring.rules import drift as rules
from monitoring.rules.drift import METRICS, Reference
from monitoring.sightings import Sighting
from review.audit_models import Watch
from vision.embedding import LENGTH, unpacked

FREEZE = "drift"


class TooFewImages(Exception):
    """A reference needs more images than the line has."""


@transaction.atomic
def take(
    line: Line,
    watch: Watch,
    *,
    reason: str,
    now: datetime,
    by: User | None = None,
    since: UUID | None = None,
    until: UUID | None = None,
) -> Baseline | None:
    """Freeze the images of the line's last shifts as its reference. None while there are too few of them.

    Only those after `since`, up to and with `until`, where they are given.
    """
    line = Line.objects.select_for_update(of=("self",)).select_related("epoch").get(pk=line.pk)
    shifts = sightings.by_shift(line, since=since, until=until)
    whole = [one for shift in shifts for one in shift]
    if len(whole) < rules.REFERENCE_MIN:
        return None
    last = whole[-1].item
    Baseline.objects.filter(line=line, replaced_at=None).update(replaced_at=now)
    return Baseline.objects.create(
        line=line,
        watch=watch,
        metrics=_metrics(shifts),
        images=len(whole),
        shifts=len(shifts),
        reason=reason[:300],
        taken_by=by,
        taken_at=now,
        ends_with=last,
        cursor=last,
        window_after=last,
        window_began_at=now,
        shown=[str(item) for item in _sample(whole, most=rules.SHOWN_OF_REFERENCE)],
        embeddings=_embeddings(whole),
        certify_again_by=_certify_again(line, now),
    )


@transaction.atomic
def replace(baseline: Baseline, *, by: User, reason: str, now: datetime) -> Baseline:
    """Take what the images are like now as the new reference, and let promotions go on. Raises TooFewImages.

    Where images have drifted, now means since then: what came before is what the lead signs off.
    """
    fresh = take(baseline.line, baseline.watch, reason=reason, now=now, by=by, since=_drifted_since(baseline))
    if fresh is None:
        raise TooFewImages(f"{rules.REFERENCE_MIN} images are needed.")
    automation.thaw(baseline.line, cause=FREEZE, by=by, now=now)
    return fresh


def in_force(line: Line) -> Baseline | None:
    rows = Baseline.objects.filter(line=line, replaced_at=None).defer("embeddings")
    return rows.select_related("line__epoch", "watch").first()


def standing(line: Line) -> Baseline | None:
    """Return the reference of the stretch that the line is in, without what is large in it: asked every round."""
    newest = Watch.objects.filter(line=OuterRef("line")).order_by("-pk").values("pk")[:1]
    rows = Baseline.objects.filter(line=line, replaced_at=None, watch=Subquery(newest)).select_related("watch")
    return rows.defer("embeddings", "metrics", "shown").first()


def references(baseline: Baseline) -> dict[str, Reference]:
    return {name: Reference(**facts) for name, facts in baseline.metrics.items()}


def embeddings(baseline: Baseline) -> NDArray[np.float32]:
    """Return the embeddings of the reference's sample, one a row; no rows where none were kept."""
    kept = Baseline.objects.values_list("embeddings", flat=True).get(pk=baseline.pk)
    return unpacked(b"" if kept is None else bytes(kept)).reshape(-1, LENGTH)


def _drifted_since(baseline: Baseline) -> UUID | None:
    """Return the last image before the drift that goes on or was noticed last; None for a line that has not drifted."""
    last = baseline.windows.order_by("-pk")[: rules.SUSTAINED]
    began = [window.after for window in last if window.over and window.after is not None]
    noticed = baseline.marks.filter(kind=DriftMark.NOTICE).order_by("-pk").first()
    return min([*began, *([noticed.item] if noticed else [])], default=None)


def _metrics(shifts: list[list[Sighting]]) -> dict[str, dict[str, object]]:
    """Return each metric's reference from its values by shift, without those that never varied or were not seen."""
    found = {}
    for name in METRICS:
        values = [of_shift for shift in shifts if (of_shift := sightings.column(shift, name))]
        reference = rules.reference(values) if sum(map(len, values)) >= rules.REFERENCE_MIN else None
        if reference is not None:
            found[name] = asdict(reference)
    return found


def _sample(whole: list[Sighting], *, most: int) -> list[UUID]:
    return [whole[place].item for place in rules.spaced(len(whole), most=most)]


def _embeddings(whole: list[Sighting]) -> bytes:
    sample = _sample(whole, most=rules.TESTED_IMAGES)
    kept = Measures.objects.filter(item__in=sample).order_by("item").values_list("embedding", flat=True)
    return b"".join(bytes(one) for one in kept if one is not None)


def _certify_again(line: Line, now: datetime) -> date:
    scope = LineScope.objects.filter(pk=line.pk).first()
    return rules.certify_again(zones.day(line, now), scope.pace if scope else "", line.recertify_by)
