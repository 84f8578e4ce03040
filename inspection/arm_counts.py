"""How often each thing was noted in a step of a rollout: a sum kept with the step, and the rows since.

A step may last for weeks and its counts are read several times a second, so what is long past is not counted again.
A row of a lower number may appear after one of a higher, where its transaction ends later. So only what was noted once
is folded once: rows up to the newest of a minute ago, and only if no transaction of then may still bring others.
What was ever kept stays right, so nobody has to lock: sum and number are one value, and rows are never edited.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import Max, Sum

from inspection import sql
from inspection.models import ArmEvent, RolloutStep

FOLD_EVERY = timedelta(minutes=1)

Key = tuple[str, str, bool]
"""Arm, kind, and whether it enters the comparison."""


@dataclass(frozen=True, kw_only=True)
class Folded:
    """The counts of all rows `up_to` a number, and the `newest` number that was out `noted_at` a moment."""

    noted_at: datetime
    newest: int = 0
    up_to: int = 0
    counts: Counter[Key] = field(default_factory=Counter)

    @classmethod
    def of(cls, step: RolloutStep) -> Self:
        if step.folded is None:
            return cls(noted_at=step.began_at)
        kept = dict(step.folded)
        noted_at = datetime.fromisoformat(kept.pop("noted_at"))
        counts = Counter({(arm, kind, is_compared): n for arm, kind, is_compared, n in kept.pop("counts")})
        return cls(noted_at=noted_at, counts=counts, **kept)

    def as_json(self) -> dict[str, Any]:
        return {
            "noted_at": self.noted_at.isoformat(),
            "newest": self.newest,
            "up_to": self.up_to,
            "counts": [[*key, n] for key, n in sorted(self.counts.items())],
        }


def counted(step: RolloutStep) -> Counter[Key]:
    """Return the sums of weights over all rows of the step, whenever the step was read."""
    folded = Folded.of(step)
    return _with_rows(step, folded.counts, pk__gt=folded.up_to)


def fold_due(*, now: datetime) -> None:
    """Fold the counts of every step that goes on, each once a minute."""
    for step in RolloutStep.objects.filter(ended_at=None).order_by("pk"):
        fold(step, now=now)


def fold(step: RolloutStep, *, now: datetime) -> None:
    """Keep the counts up to what was the newest row when this was last done, if that is a minute ago."""
    before = Folded.of(step)
    age = now - before.noted_at
    # A clock that was set back only lets the wait begin anew.
    if timedelta(0) <= age < FOLD_EVERY:
        return
    up_to, counts = before.up_to, before.counts
    if sql.longest_write() < age:
        up_to = before.newest
        counts = _with_rows(step, counts, pk__gt=before.up_to, pk__lte=up_to)
    newest = ArmEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    after = Folded(noted_at=now, newest=newest, up_to=up_to, counts=counts)
    RolloutStep.objects.filter(pk=step.pk).update(folded=after.as_json())


def _with_rows(step: RolloutStep, counts: Counter[Key], **numbers: int) -> Counter[Key]:
    rows = step.events.filter(**numbers).values_list("arm", "kind", "is_compared").annotate(n=Sum("weight")).order_by()
    found = Counter(counts)
    found.update({(arm, kind, is_compared): n for arm, kind, is_compared, n in rows})
    return found
