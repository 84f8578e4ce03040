"""Where a model errs, on the images its training held back or on a line's own readings."""

from collections.abc import Iterable, Sequence
from datetime import date

from inspection.models import Epoch, Item, Line
from inspection.rules.shifts import shift_of
from inspection.rules.words import Label
from review import searches
from review.rules.slices import Shown, Slice, slices
from review.rules.tokens import Search
from review.rules.trainings import Split
from review.training_models import HeldBack, SnapshotImage, Training

READINGS_MAX = 5000


def held_back(training: Training, *, split: Split | None = None) -> list[Shown]:
    """Return what a training's version says of the images it did not learn from, of one side or of both."""
    rows = HeldBack.objects.filter(training=training).select_related("member__item__station", "member__item__measures")
    if split is not None:
        rows = rows.filter(member__split=split.value)
    return shown(training.snapshot.line, [(row.member, row.probability) for row in rows], split=split)


def shown(
    line: Line, answers: Iterable[tuple[SnapshotImage, float]], *, split: Split | None = Split.TEST
) -> list[Shown]:
    """Set answers beside the labels of a snapshot; those of one side only, where one is named."""
    return [
        _shown(
            line,
            member.item,
            probability,
            key=str(member.item_id),
            is_defect=member.label == Label.DEFECT,
            defect_class=member.defect_class,
        )
        for member, probability in answers
        if split is None or member.split == split
    ]


def slices_of(line: Line, images: Sequence[Shown]) -> list[Slice]:
    """Cut the images by class, station, shift and light, at the line's own call threshold."""
    return slices(images, threshold=line.call_threshold)


def readings(epoch: Epoch, *, since: date | None = None, until: date | None = None) -> list[Shown]:
    """Return the newest blind readings of an epoch that the model answered for, set against the verdict of record."""
    found = searches.find(epoch, Search(date=(since, until)))
    found = found.filter(probability__isnull=False, reference__in=("pass", "defect"))
    newest = found.select_related("task__item__station", "task__item__measures").order_by(*searches.NEWEST)
    return [
        _shown(
            epoch.line,
            one.task.item,
            one.probability,
            key=str(one.task.item_id),
            is_defect=one.reference == Label.DEFECT,
            defect_class=one.reference_class or "",
        )
        for one in newest[:READINGS_MAX]
    ]


def _shown(line: Line, item: Item, probability: float, *, key: str, is_defect: bool, defect_class: str) -> Shown:
    measures = getattr(item, "measures", None)
    return Shown(
        key=key,
        probability=probability,
        is_defect=is_defect,
        defect_class=defect_class,
        station=item.station.name if item.station else "",
        shift=shift_of(line.shift_pattern, line.time_zone, item.captured_at).name,
        light=measures.brightness if measures else None,
    )
