"""The bell: a best-effort wake-up after a commit. Whatever happens to it, the outbox row is the truth."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string


def ring(topic: str, key: str) -> None:
    """Wake a worker for the topic. Never raises, never takes longer than about 100 ms."""
    _ringer()(topic, key)


@cache
def _ringer() -> Callable[[str, str], None]:
    return import_string(settings.BELL)
