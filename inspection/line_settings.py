"""Settings of a running line: tightened by one person with a reason, loosened only where nothing runs on them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from inspection.models import Line, ScopeSignature, SettingChange, User
from inspection.rules.line_settings import loosens
from inspection.rules.words import Level


class Loosens(Exception):
    """Some of the changes would loosen a line above `human`. `names` says which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"A line above human is not loosened by {', '.join(names)}.")
        self.names = names


@transaction.atomic
def put(
    line: Line,
    wanted: Mapping[str, Any],
    *,
    by: User,
    reason: str,
    now: datetime,
    signature: ScopeSignature | None = None,
) -> list[SettingChange]:
    """Put settings in force and keep each change. Raises Loosens, unless a signature under the scope binds them."""
    standing = Line.objects.select_for_update(of=("self",)).get(pk=line.pk)
    changed = {name: value for name, value in wanted.items() if getattr(standing, name) != value}
    loose = loosened(standing, changed)
    if loose and signature is None:
        raise Loosens(loose)
    Line.objects.filter(pk=line.pk).update(**changed)
    return SettingChange.objects.bulk_create(
        SettingChange(
            line=standing,
            name=name,
            before=_plain(getattr(standing, name)),
            after=_plain(value),
            is_loosened=name in loose,
            reason=reason[:300],
            signature=signature,
            changed_by=by,
            changed_at=now,
        )
        for name, value in changed.items()
    )


def loosened(line: Line, wanted: Mapping[str, Any]) -> list[str]:
    """Return which settings would loosen the line; none at `human`, where people decide and nothing is certified."""
    if line.level == Level.HUMAN:
        return []
    return [name for name, value in wanted.items() if loosens(name, getattr(line, name), value)]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | dict) else str(value)
