"""What follows an image's arrival: the models look at it, it is routed, and people get it where they answer for it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch

from inspection import arms, outbox, pipeline
from inspection.models import Item, Line, Outbox, Routing
from inspection.sightings import Sighting
from review import model_errors, queues

Examine = Callable[..., pipeline.Examined]


def predict(key: UUID | str, *, clock: Callable[[], datetime], examine: Examine = pipeline.examine) -> bool:
    """Do the work of one item as `predict_all` does. False when another worker has it or it is done."""
    return bool(predict_all([key], clock=clock, examine=examine))


def predict_all(
    keys: Iterable[UUID | str], *, clock: Callable[[], datetime], examine: Examine = pipeline.examine
) -> int:
    """Do the work that was ordered when the items came in. Return how many: the rest others have, or it is done.

    The items are of different parts. What is found out is written for all of them together, or for none.
    `examine` looks at an image and writes no row; whoever drives the product without pixels brings another.
    """
    work = outbox.claim_all("item.received", keys, now=clock())
    line = Prefetch("line", queryset=Line.objects.select_related("deployment"))
    items = Item.objects.filter(pk__in=list(work)).select_related("run__part", "station").prefetch_related(line)
    found = []
    for item in items.order_by("pk"):
        if work[str(item.pk)].attempts > outbox.ATTEMPTS_MAX:
            # Three workers went down over it: nobody touches the file a fourth time.
            _give_up(item, work[str(item.pk)], now=clock())
        else:
            found.append((item, examine(item, now=clock())))
    _finish(found, [work[str(item.pk)] for item, _ in found], now=clock())
    for item, _ in found:
        pipeline.keep_warm(item.line)
    return len(work)


def look_silently(key: UUID | str, *, clock: Callable[[], datetime], examine: Examine = pipeline.examine) -> bool:
    """Let a candidate look at an item that has its answer. False when another worker has it or it is done.

    Where live images wait, or the look is old, it is dropped and counted instead.
    """
    work = outbox.claim(arms.SILENT, key, now=clock())
    if work is None:
        return False
    item = Item.objects.select_related("run", "line__deployment").get(pk=key)
    versions = pipeline.silent_seers_of(item)
    if work.attempts > outbox.ATTEMPTS_MAX or outbox.is_behind("item.received", work, now=clock()):
        with transaction.atomic():
            pipeline.pass_over_silently(item, now=clock())
            outbox.finish(work, now=clock())
        return True
    examined = examine(item, now=clock(), versions=versions) if versions else None
    with transaction.atomic():
        if examined is not None:
            pipeline.record_silently(item, examined, now=clock())
        outbox.finish(work, now=clock())
    return True


def _finish(found: Sequence[Sighting], work: Sequence[Outbox], *, now: datetime) -> None:
    """Route, admit, answer models that failed, and close the work orders together, or not at all."""
    for _ in found:
        # The model deadline may give an item to people in this very moment; then it is met as one that has its routing.
        # Each time it was one item more, so there are no more tries than items.
        with suppress(IntegrityError):
            _keep(found, work, now=now)
            return
    if found:
        _keep(found, work, now=now)


@transaction.atomic
def _keep(found: Sequence[Sighting], work: Sequence[Outbox], *, now: datetime) -> None:
    _follow(pipeline.record_all(found, now=now), now=now)
    outbox.finish_all(work, now=now)


def _give_up(item: Item, work: Outbox, *, now: datetime) -> None:
    with transaction.atomic():
        _follow([pipeline.quarantine(item, reason="attempts-used-up", now=now)], now=now)
        outbox.finish(work, now=now)


def _follow(routings: Sequence[Routing], *, now: datetime) -> None:
    queues.admit_all(routings, now=now)
    for routing in routings:
        model_errors.follow(routing, now=now)
