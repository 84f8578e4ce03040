"""Gauge studies: fifty stored images before three people, three times each, hidden among their work over shifts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from inspection.models import Line, User
from inspection.rules.shifts import shift_of
from review import known_images
from review.gold_models import GaugeItem, GaugeStudy, GoldShowing
from review.known_images import Known
from review.practice_models import PracticeItem

SIZE, APPRAISERS, TRIALS = 50, 3, 3


class TooFewImages(Exception):
    """The library does not hold half of the study's images as defects and half as good parts."""


class WrongNumber(Exception):
    """A study takes three appraisers."""


class Running(Exception):
    """A study of the line is running."""


class NotRunning(Exception):
    """The study was stopped before."""


@transaction.atomic
def start(line: Line, *, people: Sequence[User], by: User, now: datetime) -> GaugeStudy:
    """Begin a study with images drawn from the library, half of them defects. Raises what is said above."""
    if len({person.pk for person in people}) != APPRAISERS:
        raise WrongNumber(f"{len(people)} people were named, a study takes {APPRAISERS}.")
    half = SIZE // 2
    practised = PracticeItem.objects.filter(round__person__in=people)
    defects, good = (
        known_images.some_of(known_images.defects_of(line), half),
        known_images.some_of(known_images.good_of(line).exclude(pk__in=practised.values("source")), half),
    )
    if len(defects) < half or len(good) < half:
        raise TooFewImages(f"{len(defects)} defects and {len(good)} good parts, {half} of each needed.")
    study = _created(line, by=by, now=now)
    study.appraisers.set(people)
    pictured = [known_images.image_of(defect, line) for defect in defects]
    known = [*(one for one in pictured if one), *(Known(source, None) for source in good)]
    GaugeItem.objects.bulk_create(GaugeItem(study=study, source=one.source, defect=one.defect) for one in known)
    return study


def stop(study: GaugeStudy, *, by: User, now: datetime) -> None:
    """End a study; its sheet counts what was answered. Raises NotRunning."""
    if not GaugeStudy.objects.filter(pk=study.pk, stopped_at=None).update(stopped_by=by, stopped_at=now):
        raise NotRunning("The study was stopped before.")


def open_on(line: Line) -> GaugeStudy | None:
    return line.gauge_studies.filter(stopped_at=None).first()


def progress(study: GaugeStudy) -> tuple[int, int]:
    """Return how many of the readings that a study wants are answered."""
    wanted = study.items.count() * study.appraisers.count() * study.trials
    return _shown(study).filter(task__closed_at__isnull=False).count(), wanted


def next_for(person: User, line: Line, *, now: datetime) -> tuple[GaugeStudy | None, Known | None]:
    """Return the open study and the image that this person is to read next in it.

    Those read least come first, never one twice in a shift. (None, None) where there is nothing to read.
    """
    study = line.gauge_studies.filter(stopped_at=None, appraisers=person).first()
    if study is None:
        return None, None
    shift = shift_of(line.shift_pattern, line.time_zone, now)
    trials: dict[UUID, int] = {}
    today = set()
    for source, staged_at in _shown(study).filter(person=person).values_list("source", "staged_at"):
        trials[source] = trials.get(source, 0) + 1
        if shift_of(line.shift_pattern, line.time_zone, staged_at) == shift:
            today.add(source)
    waiting = study.items.exclude(source__in=[one for one, n in trials.items() if n >= study.trials] + list(today))
    fewest = min((trials.get(source, 0) for source in waiting.values_list("source", flat=True)), default=0)
    item = known_images.any_of(waiting.filter(_read(trials, fewest)).select_related("source__measures", "defect"))
    return (study, Known(item.source, item.defect)) if item else (None, None)


def _read(trials: dict[UUID, int], times: int) -> Q:
    """Return those images that were read so many times."""
    if not times:
        return ~Q(source__in=list(trials))
    return Q(source__in=[source for source, n in trials.items() if n == times])


def _shown(study: GaugeStudy):
    """Return the showings that stand: answered, or still to be."""
    taken_back = Q(task__closed_at__isnull=False, task__decisions=None)
    return GoldShowing.objects.filter(study=study).exclude(taken_back)


def _created(line: Line, *, by: User, now: datetime) -> GaugeStudy:
    version = line.epoch.model_version if line.epoch else None
    try:
        with transaction.atomic():
            return GaugeStudy.objects.create(
                line=line,
                model_version=version,
                call_threshold=line.call_threshold,
                trials=TRIALS,
                started_by=by,
                started_at=now,
            )
    except IntegrityError as error:
        raise Running(f"A study of {line} is running.") from error
