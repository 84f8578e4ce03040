"""Which waiting topic becomes which task, and the loop that needs no broker.

The relay is one small process. Each round it wakes workers for work that was not heard, takes back lapsed leases,
makes decisions final, answers overdue runs, numbers dispositions, folds counts and reads the gates.
"""

import os
import signal
import socket
import threading
import time
from datetime import datetime
from functools import cache

import django
import structlog
from django.db import DatabaseError, close_old_connections
from django.utils.timezone import now as clock
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import producers
from redis.exceptions import RedisError

from config import progress
from config.celery import app
from config.checks import refuse_unsafe_production
from inspection import tracing

logger = structlog.get_logger(__name__)

# topic -> (task, queue)
TASKS = {
    "item.received": ("review.tasks.predict_item", "predict"),
    "item.late": ("review.tasks.look_late", "default"),
    "item.silent": ("review.tasks.look_silently", "default"),
    "batch.received": ("review.tasks.import_batch", "default"),
    "golden.uploaded": ("review.tasks.prepare_golden", "default"),
    "export.asked": ("review.tasks.make_export", "reports"),
    "chain.asked": ("review.tasks.check_chain", "reports"),
    "proposal.opened": ("review.tasks.tell_signatories", "default"),
    "training.asked": ("review.tasks.train", "training"),
    "training.due": ("review.tasks.retrain", "training"),
}
BELL_TIMEOUT_S = 0.1
# After a broken bell, how long nobody pulls at it: a dead broker must not slow every upload.
SILENCE_S = 5.0
ROUND_S = 0.2
PUBLISH_LIMIT = 200

_quiet_until = 0.0


def ring(topic: str, key: str) -> None:
    """Publish one wake-up at once. Failure is ignored: the relay finds the row within a second."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        publish(topic, key)
    except (OperationalError, RedisError, OSError):
        _quiet_until = time.monotonic() + SILENCE_S


def publish(topic: str, key: str) -> None:
    """Send the wake-up for one row over a kept connection. Raises when the broker is away."""
    task, queue = TASKS[topic]
    with producers[_connection()].acquire(block=True, timeout=BELL_TIMEOUT_S) as producer:
        app.send_task(task, kwargs={"key": key}, queue=queue, producer=producer, retry=False)


def _connection() -> Connection:
    options = {**app.conf.broker_transport_options}
    options |= {"socket_timeout": BELL_TIMEOUT_S, "socket_connect_timeout": BELL_TIMEOUT_S, "max_retries": 0}
    return app.connection_for_write(transport_options=options)


def main() -> None:
    django.setup()
    refuse_unsafe_production()
    # Deeds need the app registry, and this module must be importable before it exists.
    from config import rounds  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    me = f"{socket.gethostname()}:{os.getpid()}"
    logger.info("relay", state="up", holder=me)
    while not stop.wait(ROUND_S):
        progress.beat()
        try:
            rounds.turn(holder=me, now=clock())
        except DatabaseError:
            logger.exception("Unable to finish a round of the relay")
            close_old_connections()


def send_due(rows: list, *, now: datetime) -> list[int]:
    """Publish a wake-up for each row and return the ids of those that are on their way.

    One that was sent before is sent again where its queue is empty: it was lost. Where workers are behind it waits
    there still, and another would only keep them from the work.
    """
    sent, crowded = [], cache(_is_crowded)
    for row in rows:
        try:
            if row.sent_at is None or not crowded(TASKS[row.topic][1]):
                publish(row.topic, row.key)
                ids = {"key": row.key, "trace_id": tracing.trace_of_key(row.key)}
                told = {name: one for name, one in ids.items() if one is not None}
                logger.info("woken", topic=row.topic, **told)
        except (OperationalError, RedisError, OSError):
            break
        sent.append(row.pk)
    return sent


def _is_crowded(queue: str) -> bool:
    with producers[_connection()].acquire(block=True, timeout=BELL_TIMEOUT_S) as producer:
        return bool(producer.channel.queue_declare(queue=queue).message_count)


if __name__ == "__main__":
    main()
