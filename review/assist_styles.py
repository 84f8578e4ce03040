"""How inspectors of a line see predictions: after their first call, or beside the image."""

from datetime import datetime

from django.db import transaction

from inspection.models import Line, User
from inspection.rules.words import AssistStyle
from review.style_models import AssistStyleChange


class Unchanged(Exception):
    """The line shows predictions in this way already."""


@transaction.atomic
def change(line: Line, *, to_style: AssistStyle, by: User, reason: str, now: datetime) -> AssistStyleChange:
    """Show predictions in another way from the next task on, and keep by whom and why. Raises Unchanged."""
    changed = Line.objects.filter(pk=line.pk).exclude(assist_style=to_style.value).update(assist_style=to_style.value)
    if not changed:
        raise Unchanged(f"{line} shows predictions as {to_style} already.")
    from_style, line.assist_style = line.assist_style, to_style.value
    return AssistStyleChange.objects.create(
        line=line, from_style=from_style, to_style=to_style.value, reason=reason[:300], changed_by=by, changed_at=now
    )


def times_longer(control_share: float) -> int | None:
    """Return how many times as many parts a rung takes where the control share alone is evidence; None without one.

    >>> times_longer(0.05), times_longer(0.3), times_longer(0.0)
    (20, 3, None)
    """
    return round(1 / control_share) if control_share else None
