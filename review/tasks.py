"""What happens later, told on one page. A task is a door: the outbox row is the work order, the message a wake-up."""

import logging
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils.timezone import now as clock

from inspection import batches, health, images, intake, outbox, salts, shared_cache, stations, trials
from inspection.models import LevelProposal
from review import (
    arrivals,
    bank,
    chain_checks,
    evidence,
    export_archives,
    exports,
    gates,
    golden,
    notices,
    receipts,
    retraining,
    retro,
    trainings,
)

logger = logging.getLogger(__name__)


@shared_task
def predict_item(*, key: str, **_later_arguments: object) -> None:
    """Let the models look at one item, route it, and give it to people when they answer for it."""
    arrivals.predict(key, clock=clock)


@shared_task
def look_late(*, key: str, **_later_arguments: object) -> None:
    """Look at an item that stepped aside for fresher ones: people have it, and need its picture."""
    arrivals.look_late(key, clock=clock)


@shared_task
def look_silently(*, key: str, **_later_arguments: object) -> None:
    """Let a candidate look at an item that has its answer, unless there is more urgent work."""
    arrivals.look_silently(key, clock=clock)


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


@shared_task
def prepare_golden(*, key: str, **_later_arguments: object) -> None:
    """Decode an uploaded golden image."""
    work = outbox.claim(golden.TOPIC, key, now=clock())
    if work is not None:
        golden.prepare(int(key))
        outbox.finish(work, now=clock())


@shared_task
def make_export(*, key: str, **_later_arguments: object) -> None:
    """Write an export for one turn, and offer the rest again. Who finds it held leaves it to its writer."""
    work = outbox.claim("export.asked", key, now=clock())
    if work is None:
        return
    try:
        done = exports.advance(UUID(key), clock=clock)
    except export_archives.Busy:
        return
    if done:
        outbox.finish(work, now=clock())
    else:
        outbox.give_back(work)


@shared_task
def check_chain(*, key: str, **_later_arguments: object) -> None:
    """Walk the whole chain of a line and keep what was found."""
    work = outbox.claim(chain_checks.TOPIC, key, now=clock())
    if work is not None:
        chain_checks.run(int(key), clock=clock)
        outbox.finish(work, now=clock())


@shared_task
def tell_signatories(*, key: str, **_later_arguments: object) -> None:
    """Write to the leads who may sign a proposal."""
    work = outbox.claim("proposal.opened", key, now=clock())
    if work is not None:
        notices.tell_signatories(LevelProposal.objects.get(pk=key))
        outbox.finish(work, now=clock())


@shared_task
def train(*, key: str, **_later_arguments: object) -> None:
    """Bring a training to its end. While another one runs the order stays, and is offered again when its lease ends."""
    work = outbox.claim(trainings.TOPIC, key, now=clock())
    if work is None:
        return
    try:
        training = trainings.run(key, clock=clock)
    except Exception:
        logger.exception("Unable to finish training %s", key)
        trainings.fail(key, now=clock())
        raise
    if training is not None or not trainings.is_waiting(key):
        outbox.finish(work, now=clock())


@shared_task
def retrain(*, key: str, **_later_arguments: object) -> None:
    """Ask for a training that a line's rule wants, where there are new labels."""
    work = outbox.claim(retraining.TOPIC, key, now=clock())
    if work is not None:
        retraining.begin(key, now=clock())
        outbox.finish(work, now=clock())


@shared_task
def check_health(**_later_arguments: object) -> None:
    """Let models that wait at `human`, and candidates that have just begun, try the line's last images."""
    for line in health.lines_to_try(now=clock()):
        health.try_model(line, now=clock())
    for rollout in trials.due():
        trials.run(rollout, clock=clock)


@shared_task
def score_banks(**_later_arguments: object) -> None:
    """Let each line's model look at the bank images that it has not seen."""
    for line, version in bank.lines_to_score():
        bank.score(line, version, now=clock())


@shared_task
def advance_retro(**_later_arguments: object) -> None:
    """Let versions on trial look at the next images of the sealed archive."""
    retro.advance_all(evidence.gate_for, now=clock())


@shared_task
def read_gates(**_later_arguments: object) -> None:
    """Read every gate: days, holds and alarms move a gate without a new count."""
    gates.read_all(now=clock())


@shared_task
def export_heads(**_later_arguments: object) -> None:
    """Write down where every chain of receipts ends, for a place that this machine cannot change."""
    receipts.export_heads(settings.RECEIPT_HEADS, now=clock())


@shared_task
def rotate_salts(**_later_arguments: object) -> None:
    """Begin each month of a line's clock with a new secret of its draws."""
    salts.rotate_due(now=clock())


@shared_task
def tidy(**_later_arguments: object) -> None:
    """Drop what is kept for a while only: orders, idempotency keys, nonces, values, half-written files and the like."""
    moment = clock()
    outbox.prune(now=moment)
    intake.forget_keys(now=moment)
    stations.forget_nonces(now=moment)
    shared_cache.forget(now=moment)
    images.sweep_partial(now=moment)
    images.forget_tiles(before=moment.date())
    exports.forget(now=moment)
