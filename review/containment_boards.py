"""What the containment page says about each part of its list: what was read since, what the model said, where it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Max
from django.utils.translation import gettext as _

from inspection.models import Prediction, Run
from inspection.rules.words import Label
from review.containment_models import ContainedRun
from review.models import newest_truths


@dataclass(frozen=True, kw_only=True)
class Row:
    """One part of the list. `said` is its newest label, empty where nobody read it; `score` is the model's highest."""

    row: ContainedRun
    said: str
    score: float | None
    where: str


def rows_of(page: Sequence[ContainedRun]) -> list[Row]:
    """Return the rows of one page in their order, in three statements."""
    runs = [row.run_id for row in page]
    said, scores = _labels(runs), _scores(runs)
    entries = _entries([row.run.part_id for row in page])
    return [
        Row(
            row=row,
            said=said.get(row.run_id, ""),
            score=scores.get(row.run_id),
            where=_where(row.run, entries[row.run.part_id]),
        )
        for row in page
    ]


def _labels(runs: Collection[UUID]) -> dict[UUID, str]:
    """Return by run the newest label of its images: one that shows a defect stands before the others."""
    said: dict[UUID, str] = {}
    items = Run.objects.filter(pk__in=runs).values("items")
    for run, label in newest_truths(items).order_by("item").values_list("item__run", "label"):
        said[run] = label if said.get(run) != Label.DEFECT else Label.DEFECT.value
    return said


def _scores(runs: Collection[UUID]) -> dict[UUID, float]:
    deciding = Prediction.objects.filter(item__run__in=runs, model_version=F("item__run__disposition__model_version"))
    return dict(deciding.order_by().values_list("item__run").annotate(Max("probability")))


def _entries(parts: Collection[UUID]) -> dict[Any, int]:
    return dict(Run.objects.filter(part__in=parts).order_by().values_list("part").annotate(Max("n")))


def _where(run: Run, last: int) -> str:
    """Say what the product knows of where a part is now: people know more."""
    if last > run.n:
        return _("came again as run %(n)s") % {"n": last}
    lot = run.part.lot
    if lot is not None and lot.released_at is not None:
        return _("left with its lot")
    if lot is not None and run.line.lot_release:
        return _("in its lot, on hold")
    return _("passed on")
