"""Whether this installation can do its work: asked by load balancers and by people at night."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Min
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from inspection import images
from inspection.models import Outbox, ProcessSeen
from review.arrivals import RECEIVED

PROCESSES = ("worker", "relay")
SILENT_AFTER = timedelta(seconds=30)
OUTBOX_OLD_AFTER = timedelta(seconds=60)


def readiness(*, now: datetime) -> dict[str, str]:
    """Return what is asked and `ok` or a sentence for each. Everything is tried, whatever fails first."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "broker": _broker,
        "storage": _storage,
        "worker": lambda: _process("worker", now),
        "relay": lambda: _process("relay", now),
        "outbox": lambda: _outbox(now),
    }
    return {name: _answer(check) for name, check in checks.items()}


@dataclass(frozen=True)
class Pulse:
    """What anybody may know: whether all is well, and when worker and relay were last both known to live."""

    is_normal: bool
    seen_at: datetime | None


def pulse(*, now: datetime) -> Pulse:
    """Read the system's state from three rows of the database, for a page that strangers see. It names no part."""
    try:
        signs = dict(ProcessSeen.objects.filter(name__in=PROCESSES).values_list("name", "seen_at"))
        waits = _outbox(now) != "ok"
    except DatabaseError:
        return Pulse(is_normal=False, seen_at=None)
    seen_at = min(signs.values()) if len(signs) == len(PROCESSES) else None
    return Pulse(seen_at is not None and not _is_silent(seen_at, now) and not waits, seen_at)


def broker() -> str:
    """Return `ok` or a sentence that says how the broker fails."""
    return _answer(_broker)


def _answer(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, OperationalError, RedisError, OSError) as error:
        return f"{type(error).__name__}: not reachable."


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    options = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
    with Connection(settings.REDIS_URL, transport_options=options) as broker:
        broker.ensure_connection(max_retries=0, timeout=1.0)
    return "ok"


def _storage() -> str:
    try:
        images.probe()
    except (images.StorageFull, images.StorageUnavailable) as trouble:
        return str(trouble)
    return "ok"


def _process(name: str, now: datetime) -> str:
    seen = ProcessSeen.objects.filter(name=name).first()
    if seen is None or _is_silent(seen.seen_at, now):
        return f"No {name} was seen in the last 30 seconds."
    return "ok"


def _is_silent(seen_at: datetime, now: datetime) -> bool:
    return now - seen_at > SILENT_AFTER


def _outbox(now: datetime) -> str:
    # Looks without hurry may wait for hours behind these, and nothing is wrong.
    waiting = Outbox.objects.filter(topic=RECEIVED, done_at=None)
    oldest = waiting.aggregate(oldest=Min("available_at"))["oldest"]
    if oldest is not None and now - oldest > OUTBOX_OLD_AFTER:
        return f"The oldest waiting work is {int((now - oldest).total_seconds())} seconds old."
    return "ok"
