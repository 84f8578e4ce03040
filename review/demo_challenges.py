"""The known defects that `phone-back` was sent on purpose before its last rung: marked, on a calendar, none missed."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from inspection import pipeline, registry
from inspection.models import Line, Station, User
from inspection.rules.words import Call, Label
from review import challenges, filling
from review.challenge_models import ChallengePart
from review.demo_pictures import serial, shot_of
from review.filling import Past
from review.shots import Shot

A_SHIFT = 12
APART = timedelta(seconds=5)


def send(line: Line, station: Station, people: Mapping[str, User], *, now: datetime) -> None:
    """Put the calendar in force, mark twelve parts that the model finds, and let each come by once."""
    challenges.set_calendar(
        line,
        # Nobody can hand a visitor's line a part at the start of each shift.
        at_shift_start=False,
        at_changeover=True,
        every_h=None,
        parts=A_SHIFT,
        by=people["quinn"],
        now=now,
    )
    pasts = list(_pasts(line, people, now=now))
    filling.write_past(line, pasts, station=station)
    for past in pasts:
        challenges.note(past.run, now=past.run.opened_at)


def _pasts(line: Line, people: Mapping[str, User], *, now: datetime) -> Iterator[Past]:
    at_hand = list(_at_hand(line, people["quill"], now=now))
    runs = filling.runs_at(line, [now + n * APART for n in range(len(at_hand))])
    for run, (challenge, shot) in zip(runs, at_hand, strict=True):
        run.part = challenge.part
        yield Past(
            run=run,
            shot=shot,
            serial=challenge.part.serial,
            reader=people["ana"],
            second_reader=people["andre"],
            adjudicator=people["quinn"],
            second_adjudicator=people["quill"],
            label=Label.DEFECT,
            defect_class=challenge.defect.defect_class,
            truth=Label.DEFECT,
            truth_class=challenge.defect.defect_class,
        )


def _at_hand(line: Line, by: User, *, now: datetime) -> Iterator[tuple[ChallengePart, Shot]]:
    """Mark parts of the bank that the model calls defects, each with its picture, by serials like any other."""
    version, marked, rng = registry.present(line), 0, random.Random(f"{line.slug}/challenges")
    for defect in line.bank.in_use().order_by("number"):
        image = defect.images.select_related("item__line").get()
        shot = shot_of(image.item, pipeline.examine(image.item, now=now, versions=[version]))
        if shot.call == Call.DEFECT and marked < A_SHIFT:
            marked += 1
            yield challenges.mark(defect, serial=serial(rng), by=by, now=now), shot
