"""Django's cache as a table: one for all processes, without a broker, and with JSON where Django's own would pickle."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now as clock

from inspection import leftovers
from inspection.models import SharedValue


class SharedCache(BaseCache):
    """Keeps what is worth a row: used codes and counted attempts. Nothing is thrown out before its time."""

    def __init__(self, _location: str, params: Mapping[str, Any]) -> None:
        super().__init__(dict(params))

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep a value where there is none. Of several processes that try at once, one hears True."""
        name, facts = self.make_and_validate_key(key, version), self._facts(value, timeout)
        with transaction.atomic():
            SharedValue.objects.filter(key=name, ends_at__lte=clock()).delete()
            return SharedValue.objects.get_or_create(key=name, defaults=facts)[1]

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return next(iter(self._standing(key, version).values_list("value", flat=True)), default)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        name = self.make_and_validate_key(key, version)
        SharedValue.objects.update_or_create(key=name, defaults=self._facts(value, timeout))

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._standing(key, version).update(ends_at=self._ends_at(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(SharedValue.objects.filter(key=self.make_and_validate_key(key, version)).delete()[0])

    def clear(self) -> None:
        SharedValue.objects.all().delete()

    def _standing(self, key: str, version: int | None) -> QuerySet[SharedValue]:
        lasting = Q(ends_at=None) | Q(ends_at__gt=clock())
        return SharedValue.objects.filter(lasting, key=self.make_and_validate_key(key, version))

    def _facts(self, value: Any, timeout: Any) -> dict[str, Any]:
        return {"value": value, "ends_at": self._ends_at(timeout)}

    def _ends_at(self, timeout: Any) -> datetime | None:
        seconds = self.get_backend_timeout(timeout)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def forget(*, now: datetime) -> int:
    """Drop the values whose time is over. Return how many."""
    return leftovers.drop(SharedValue.objects.filter(ends_at__lte=now))
