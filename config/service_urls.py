"""DATABASE_URL and REDIS_URL: where database and broker are. A refusal repeats no address: it may hold a password."""

from typing import Any
from urllib.parse import SplitResult, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DATABASE_SCHEMES = {"postgres", "postgresql", "sqlite"}
BROKER_SCHEMES = {"redis", "rediss", "redis+socket", "unix"}


def database_of(url: str) -> dict[str, Any]:
    """Return the Django database of an address. Raises ImproperlyConfigured."""
    parts = _split(url)
    if parts is None or parts.scheme not in DATABASE_SCHEMES:
        raise ImproperlyConfigured("DATABASE_URL cannot be read, use postgres://user:password@host/name.")
    return {**dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)}


def broker_of(url: str) -> str:
    """Return the address of the broker as it is. Raises ImproperlyConfigured for one that no broker has."""
    parts = _split(url)
    if parts is None or parts.scheme not in BROKER_SCHEMES:
        raise ImproperlyConfigured("REDIS_URL cannot be read, use redis://, rediss:// or redis+socket://.")
    return url


def _split(url: str) -> SplitResult | None:
    """Return the parts of an address, None where host or port make no sense."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None
