"""DATABASE_URL and REDIS_URL: where database and broker are. A refusal repeats no address: it may hold a password."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DATABASE_SCHEMES = {"postgres", "postgresql", "sqlite"}
BROKER_SCHEMES = {"redis", "rediss", "redis+socket", "unix"}

# A statement that comes again is planned once: planning takes PostgreSQL longer than most answers, image for image.
_PREPARED = {"server_side_binding": True, "prepare_threshold": 5}


def database_of(url: str, *, wait_s: int, statement_s: int) -> dict[str, Any]:
    """Return the Django database of an address. Raises ImproperlyConfigured.

    A statement waits `wait_s` for what another holds. On PostgreSQL one that runs for `statement_s` is ended by the
    server, 0 for never: SQLite runs in the process that asks, and cannot be asked to stop.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in DATABASE_SCHEMES:
        raise ImproperlyConfigured("DATABASE_URL cannot be read, use postgres://user:password@host/name.")
    found: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)}
    named = found.get("OPTIONS", {})
    if parts.scheme == "sqlite":
        return {**found, "OPTIONS": {**named, **_of_sqlite(wait_s)}}
    limits = f"-c lock_timeout={wait_s}s -c statement_timeout={statement_s}s"
    # The last one counts: what the address asks for wins.
    options = f"{limits} {named.get('options', '')}".strip()
    return {**found, "OPTIONS": {**_PREPARED, **named, "options": options}}


def broker_of(url: str) -> str:
    """Return the address of the broker as it is. Raises ImproperlyConfigured for one that no broker has."""
    parts = _split(url)
    if parts is None or parts.scheme not in BROKER_SCHEMES:
        raise ImproperlyConfigured("REDIS_URL cannot be read, use redis://, rediss:// or redis+socket://.")
    return url


def _of_sqlite(wait_s: int) -> dict[str, Any]:
    # IMMEDIATE takes the write lock at BEGIN, so a transaction never fails half-way for want of it.
    return {
        "timeout": wait_s,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
    }


def _split(url: str) -> SplitResult | None:
    """Return the parts of an address, None where host or port make no sense."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None
