"""The bell: a best-effort wake-up after a commit. Whatever happens to it, the outbox row is the truth."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string


def ring(topic: str, key: str) -> None:
    """Wake a worker for the topic. Never raises, never takes longer than about 100 ms."""
    _ringer(settings.BELL)(topic, key)


def nobody(_topic: str, _key: str) -> None:
    """The bell of a process that does all later work itself."""


@cache
def _ringer(name: str) -> Callable[[str, str], None]:
    return import_string(name)
