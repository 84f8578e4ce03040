"""Limit samples of a demo line: for each kind of defect a faint mark that passes, and a mild one that does not."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from inspection.models import DefectClass, Item, Line, Station, User
from inspection.rules.words import Label, Limit
from review import filling, limits, truths
from review.demo_pictures import serial, shot_of, shown
from review.filling import Past
from vision import drawn

# How plainly the mark is drawn on either side of the limit.
VISIBILITY = {Limit.STILL_GOOD: 0.1, Limit.ALREADY_BAD: 0.5}


def picture(line: Line, product: str, station: Station, people: Mapping[str, User], *, by: User, now: datetime) -> None:
    """Bring two parts for each kind over the line before it has a model, and approve their pictures."""
    drawable = set(drawn.defects_of(product))
    kinds = [kind for kind in line.defect_classes.order_by("key") if kind.code in drawable]
    wanted = [(kind, side) for kind in kinds for side in Limit]
    moments = [now - timedelta(minutes=n) for n in range(len(wanted), 0, -1)]
    pasts = list(_parts(line, product, wanted, moments, people))
    filling.write_past(line, pasts, station=station)
    for past, (kind, side) in zip(pasts, wanted, strict=True):
        image = Item.objects.select_related("run__part").get(run=past.run)
        truths.confirm(image, label=past.truth, defect_class=past.truth_class, now=now)
        limits.approve(kind, side=side, image=image, by=by, now=now)


def _parts(
    line: Line,
    product: str,
    wanted: list[tuple[DefectClass, Limit]],
    moments: list[datetime],
    people: Mapping[str, User],
) -> Iterator[Past]:
    rng = random.Random(f"{line.slug}/limits")
    for run, (kind, side) in zip(filling.runs_at(line, moments), wanted, strict=True):
        # The same part on both sides: what differs between them is the mark alone.
        part = drawn.draw(1000 + kind.key, product=product, defect=kind.code, visibility=VISIBILITY[side])
        label = limits.LABELS[side]
        code = kind.code if label == Label.DEFECT else ""
        yield Past(
            run=run,
            shot=shot_of(shown(part, line)),
            serial=serial(rng),
            reader=people["ana"],
            second_reader=people["andre"],
            adjudicator=people["quinn"],
            second_adjudicator=people["quill"],
            label=label,
            defect_class=code,
            truth=label,
            truth_class=code,
        )
