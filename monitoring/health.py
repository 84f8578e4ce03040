"""Whether this installation can do its work: asked by load balancers and by people at night."""

from collections.abc import Callable
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

WORKER_SILENT_AFTER = timedelta(seconds=30)
RELAY_SILENT_AFTER = timedelta(seconds=30)
OUTBOX_OLD_AFTER = timedelta(seconds=60)


def readiness(*, now: datetime) -> dict[str, str]:
    """Return what is asked and `ok` or a sentence for each. Everything is tried, whatever fails first."""
    checks: dict[str, Callable[[], str]] = {
        "database": _database,
        "broker": _broker,
        "storage": _storage,
        "worker": lambda: _worker(now),
        "relay": lambda: _relay(now),
        "outbox": lambda: _outbox(now),
    }
    return {name: _answer(check) for name, check in checks.items()}


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


def _relay(now: datetime) -> str:
    seen = ProcessSeen.objects.filter(name="relay").first()
    if seen is None or now - seen.seen_at > RELAY_SILENT_AFTER:
        return "No relay was seen in the last 30 seconds."
    return "ok"


def _worker(now: datetime) -> str:
    seen = ProcessSeen.objects.filter(name="worker").first()
    if seen is None or now - seen.seen_at > WORKER_SILENT_AFTER:
        return "No worker was seen in the last 30 seconds."
    return "ok"


def _outbox(now: datetime) -> str:
    # Looks without hurry may wait for hours behind these, and nothing is wrong.
    waiting = Outbox.objects.filter(topic=RECEIVED, done_at=None)
    oldest = waiting.aggregate(oldest=Min("available_at"))["oldest"]
    if oldest is not None and now - oldest > OUTBOX_OLD_AFTER:
        return f"The oldest waiting work is {int((now - oldest).total_seconds())} seconds old."
    return "ok"
