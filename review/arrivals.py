"""What follows an image's arrival: the models look at it, it is routed, and people get it where they answer for it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch

from inspection import arms, outbox, pipeline
from inspection.models import Item, Line, Outbox, Routing
from inspection.sightings import Sighting
from review import model_errors, queues

Examine = Callable[..., pipeline.Examined]

RECEIVED = "item.received"
LATE = "item.late"
"""Topic of the looks at items that stepped aside: people have them, and need their pictures."""
# A look that begins after this share of the model's time is not counted on to end within it.
BEGINS_WITHIN = 0.75


def predict(key: UUID | str, *, clock: Callable[[], datetime], examine: Examine = pipeline.examine) -> bool:
    """Do the work of one item as `predict_all` does. False when another worker has it or it is done.

    One that the model can hardly answer in time steps aside where fresher ones wait: a worker that is behind would
    else spend all its time on answers that come too late, and never catch up.
    """
    if _steps_aside(key, now=clock()):
        return _postpone(key, now=clock())
    return bool(predict_all([key], clock=clock, examine=examine))


def look_late(key: UUID | str, *, clock: Callable[[], datetime], examine: Examine = pipeline.examine) -> bool:
    """Look at an item that stepped aside. False when another worker has it or it is done."""
    work = outbox.claim(LATE, key, now=clock())
    if work is None:
        return False
    item = Item.objects.select_related("run__part", "station", "line__deployment").get(pk=key)
    if work.attempts > outbox.ATTEMPTS_MAX:
        _give_up(item, work, now=clock())
        return True
    examined = examine(item, now=clock())
    # As in `_finish`: the model deadline may give the item to people in this very moment.
    with suppress(IntegrityError):
        _keep_late(item, examined, work, now=clock())
        return True
    _keep_late(item, examined, work, now=clock())
    return True


@transaction.atomic
def _keep_late(item: Item, examined: pipeline.Examined, work: Outbox, *, now: datetime) -> None:
    _follow([pipeline.record_late(item, examined, now=now)], now=now)
    outbox.finish(work, now=now)


def _steps_aside(key: UUID | str, *, now: datetime) -> bool:
    """Say whether an item has used up most of the model's time already, and fresher ones wait for it."""
    facts = Item.objects.filter(pk=key).values_list("received_at", "line__model_deadline_s").first()
    if facts is None:
        return False
    received_at, deadline_s = facts
    begins_by = now - timedelta(seconds=BEGINS_WITHIN * deadline_s)
    if received_at >= begins_by or not outbox.has_fresher(RECEIVED, since=begins_by):
        return False
    # One over which a worker went down keeps its order, which counts the attempts.
    return Outbox.objects.filter(topic=RECEIVED, key=str(key), attempts=0).exists()


@transaction.atomic
def _postpone(key: UUID | str, *, now: datetime) -> bool:
    """Turn the order into one for a look without hurry. People get the item by the model's deadline, as ever."""
    work = outbox.claim(RECEIVED, key, now=now)
    if work is None:
        return False
    outbox.ask(LATE, key, now=now)
    outbox.finish(work, now=now)
    return True


def predict_all(
    keys: Iterable[UUID | str], *, clock: Callable[[], datetime], examine: Examine = pipeline.examine
) -> int:
    """Do the work that was ordered when the items came in. Return how many: the rest others have, or it is done.

    The items are of different parts. What is found out is written for all of them together, or for none.
    `examine` looks at an image and writes no row; whoever drives the product without pixels brings another.
    """
    work = outbox.claim_all(RECEIVED, keys, now=clock())
    line = Prefetch("line", queryset=Line.objects.select_related("deployment"))
    items = (
        Item.objects.filter(pk__in=list(work))
        .select_related("run__part", "station", "offline_decision__grant__station")
        .prefetch_related(line)
    )
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
    if work.attempts > outbox.ATTEMPTS_MAX or outbox.is_behind(RECEIVED, work, now=clock()):
        with transaction.atomic():
            pipeline.pass_over_silently(item, now=clock())
            outbox.finish(work, now=clock())
        return True
    examined = examine(item, now=clock(), versions=versions) if versions else None
    with transaction.atomic():
        if examined is not None:
            keep_silently(item, examined, now=clock())
        outbox.finish(work, now=clock())
    return True


@transaction.atomic(savepoint=False)
def keep_silently(item: Item, examined: pipeline.Examined, *, now: datetime) -> None:
    """Keep a silent look. Where it shows that the two versions differ, people read the part; its verdict stands."""
    if pipeline.record_silently(item, examined, now=now):
        for view in item.run.items.select_related("line", "run", "routing").order_by("pk"):
            queues.ask_again(view, now=now)


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
