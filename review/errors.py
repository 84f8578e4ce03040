"""Where a model errs, on the images its training held back or on a line's own readings."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

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
            (member.item_id, member.item.captured_at, *_place(member.item)),
            probability,
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
    # Columns, not rows of four tables: of thousands of readings the page shows a few sums.
    newest = found.order_by(*searches.NEWEST).values_list(
        "task__item",
        "task__item__captured_at",
        "task__item__station__name",
        "task__item__measures__brightness",
        "probability",
        "reference",
        "reference_class",
    )
    return [
        _shown(
            epoch.line,
            image,
            probability,
            is_defect=reference == Label.DEFECT,
            defect_class=defect_class or "",
        )
        for *image, probability, reference, defect_class in newest[:READINGS_MAX]
    ]


def _place(item: Item) -> tuple[str, float | None]:
    """Return the station and the light of an image."""
    measures = getattr(item, "measures", None)
    return item.station.name if item.station else "", measures.brightness if measures else None


def _shown(line: Line, image: Sequence[Any], probability: float, *, is_defect: bool, defect_class: str) -> Shown:
    """Tell one image, given as id, moment, station and light."""
    key, captured_at, station, light = image
    return Shown(
        key=str(key),
        probability=probability,
        is_defect=is_defect,
        defect_class=defect_class,
        station=station or "",
        shift=shift_of(line.shift_pattern, line.time_zone, captured_at).name,
        light=light,
    )
