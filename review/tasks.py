"""What happens later, told on one page. A task is a door: the outbox row is the work order, the message a wake-up."""

from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils.timezone import now as clock

from inspection import batches, outbox, pipeline
from inspection.models import Item
from review import queues


@shared_task
def predict_item(*, key: str, **_later_arguments: object) -> None:
    """Let the models look at one item, route it, and give it to people when they answer for it."""
    work = outbox.claim("item.received", key, now=clock())
    if work is None:
        return
    item = Item.objects.select_related("run__part", "station").get(pk=key)
    if work.attempts > outbox.ATTEMPTS_MAX:
        # Three workers went down over it: nobody touches the file a fourth time.
        _finish(work, lambda moment: pipeline.quarantine(item, reason="attempts-used-up", now=moment))
        return
    examined = pipeline.examine(item, now=clock())
    _finish(work, lambda moment: pipeline.record(item, examined, now=moment))


@shared_task
def import_batch(*, key: str, **_later_arguments: object) -> None:
    """Take in the images of a batch for one turn, and offer the rest again."""
    work = outbox.claim("batch.received", key, now=clock())
    if work is None:
        return
    if batches.advance(UUID(key), clock=clock):
        outbox.finish(work, now=clock())
    else:
        outbox.give_back(work)


def _finish(work, route) -> None:
    """Route, admit and close the work order together, or not at all."""
    moment = clock()
    with transaction.atomic():
        queues.admit(route(moment), now=moment)
        outbox.finish(work, now=moment)
