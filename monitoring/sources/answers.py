"""What people's answers tell about people (known defects they passed, wrong advice they withstood, second readings).

And of the page they work with: how long it let them wait for the next image.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from inspection.rules.words import Call, Label, Phase, Purpose
from monitoring.sources.seen import Seen
from review.models import Decision, DecisionFate

# No undo window is as long: an answer that became final after a moment was recorded not much before it.
REACH = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("fate__at", "task__line", "task", "task__item", "label", "blind", "revealed_at", "task__gold__label",
            "task__gold__study", "task__gold__planted__is_wrong", "task__purpose", "page")  # fmt: skip


class Answer(NamedTuple):
    """A final first call. `truth` is that of an image whose truth is known, `is_wrong` of the advice planted on it.

    `page` are the facts that the page of the loop sent along: a call over the API has none.
    """

    at: datetime
    line: int
    task: UUID
    item: UUID
    label: str
    blind: bool
    revealed_at: datetime | None
    truth: str | None
    study: int | None
    is_wrong: bool | None
    purpose: str
    page: dict[str, Any]


def final(after: int, *, until: datetime) -> tuple[list[Seen], int]:
    """Return what the answers tell that became final after a place, and the new place: places are microseconds."""
    since = max(_EPOCH + after * _MICROSECOND, until - REACH)
    became = _final(Phase.INITIAL).filter(fate__at__gt=since, fate__at__lte=until, recorded_at__gt=since - REACH)
    answers = [Answer(*row) for row in became.values_list(*_COLUMNS)]
    known = [one for one in answers if one.truth is not None and one.study is None]
    second = [one for one in answers if one.purpose == Purpose.OVERLAP and one.truth is None and one.blind]
    return [*_of_known(known), *_of_second(second), *_of_page(answers)], (until - _EPOCH) // _MICROSECOND


def _of_known(answers: Sequence[Answer]) -> Iterator[Seen]:
    last = _last_calls([one.task for one in answers if one.revealed_at is not None])
    for one in answers:
        if one.truth == Call.DEFECT:
            yield Seen(one.line, "gold_misses", one.at, float(one.label == Label.PASS))
        if one.is_wrong and one.blind and one.revealed_at is not None and one.label == one.truth:
            withstood = last.get(one.task, one.label) == one.truth
            yield Seen(one.line, "overturns", one.at, float(withstood))


def _of_second(answers: Sequence[Answer]) -> Iterator[Seen]:
    first = _first_calls([one.item for one in answers])
    for one in answers:
        calls = {one.label, first.get(one.item, Label.CANNOT_JUDGE.value)}
        if Label.CANNOT_JUDGE.value not in calls:
            yield Seen(one.line, "people_agreement", one.at, float(len(calls) == 1))


def _of_page(answers: Sequence[Answer]) -> Iterator[Seen]:
    """Yield what the page let a person wait: nothing of the first image after a pause, an empty queue or an undo."""
    for one in answers:
        if "wait_ms" in one.page:
            yield Seen(one.line, "loop_wait", one.at, float(one.page["wait_ms"]))
            yield Seen(one.line, "loop_late", one.at, float(not one.page.get("prefetch_hit", True)))


def _last_calls(tasks: Sequence[UUID]) -> dict[UUID, str]:
    """Return what people said in the end where they were shown the model's call: it becomes final with the first."""
    return dict(_final(Phase.FINAL).filter(task__in=tasks).values_list("task", "label")) if tasks else {}


def _first_calls(items: Sequence[UUID]) -> dict[UUID, str]:
    """Return what the first reader said, by image: a second one is asked for only then."""
    first = _final(Phase.INITIAL).filter(task__item__in=items, task__purpose=Purpose.PRIMARY.value)
    return dict(first.values_list("task__item", "label")) if items else {}


def _final(phase: Phase) -> QuerySet[Decision]:
    return Decision.objects.filter(phase=phase.value, fate__fate=DecisionFate.FINAL)
