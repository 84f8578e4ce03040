"""What follows an image's arrival: the models look at it, it is routed, and people get it where they answer for it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from inspection import arms, outbox, pipeline
from inspection.models import Item, Outbox, Routing
from review import model_errors, queues

Examine = Callable[..., pipeline.Examined]


def predict(key: UUID | str, *, clock: Callable[[], datetime], examine: Examine = pipeline.examine) -> bool:
    """Do the work that was ordered when the item came in. False when another worker has it or it is done.

    `examine` looks at the image and writes no row; whoever drives the product without pixels brings another.
    """
    work = outbox.claim("item.received", key, now=clock())
    if work is None:
        return False
    item = Item.objects.select_related("run__part", "station", "line__deployment").get(pk=key)
    if work.attempts > outbox.ATTEMPTS_MAX:
        # Three workers went down over it: nobody touches the file a fourth time.
        _finish(work, lambda moment: pipeline.quarantine(item, reason="attempts-used-up", now=moment), clock=clock)
        return True
    examined = examine(item, now=clock())
    _finish(work, lambda moment: pipeline.record(item, examined, now=moment), clock=clock)
    pipeline.keep_warm(item.line)
    return True


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


def _finish(work: Outbox, route: Callable[[datetime], Routing], *, clock: Callable[[], datetime]) -> None:
    """Route, admit, answer a model that failed, and close the work order together, or not at all."""
    moment = clock()
    with transaction.atomic():
        routing = route(moment)
        queues.admit(routing, now=moment)
        model_errors.follow(routing, now=moment)
        outbox.finish(work, now=moment)
