"""Which waiting topic becomes which task, and the loop that makes sure that it does.

One image's way starts here: style of reading the product is relay -> tasks -> deeds -> rules.
"""

import time

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.celery import app

# topic -> (task, queue)
TASKS = {
    "item.received": ("review.tasks.predict_item", "predict"),
    "model.train": ("review.tasks.train_model", "training"),
    "batch.received": ("review.tasks.import_batch", "default"),
}
# After a broken bell, how long nobody pulls at it: a dead broker must not slow every upload.
SILENCE_S = 5.0
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
    """Send the wake-up for one row. Raises when the broker is away."""
    task, queue = TASKS[topic]
    app.send_task(task, kwargs={"key": key}, queue=queue, retry=False)
