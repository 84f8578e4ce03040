"""Changing a line over to another product or other declared optics; what that does to its evidence is known first."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inspection import epochs, zones
from inspection.models import Changeover, Epoch, Line, PlannedChange, Product, User


class NothingChanges(Exception):
    """The line makes this product with these optics already."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Which epoch the line would leave, and which it would find again (None: evidence begins at 0)."""

    leaves: Epoch | None
    returns_to: Epoch | None


def outlook(line: Line, *, sku: str, optics: Mapping[str, str]) -> Outlook:
    """Say what a changeover would do, without doing it. Raises NothingChanges."""
    _check(line, sku=sku, optics=optics)
    product = Product.objects.filter(sku=sku).first()
    changed = copy(line)
    changed.product, changed.optics = product or Product(sku=sku), dict(optics)
    model_version = line.epoch.model_version if line.epoch else None
    return Outlook(leaves=line.epoch, returns_to=epochs.known(changed, model_version) if product else None)


@transaction.atomic
def change(line: Line, *, sku: str, optics: Mapping[str, str], by: User, now: datetime) -> Changeover:
    """Set the line to a product and its optics, and enter the epoch that belongs to them. Raises NothingChanges.

    Bands that were certified in the epoch it leaves decide nothing from the next item on. Planned changes are kept as
    they are: whoever planned one says that it was done.
    """
    line = Line.objects.select_for_update(no_key=True, of=("self",)).select_related("product").get(pk=line.pk)
    _check(line, sku=sku, optics=optics)
    before, left = (line.product, line.optics), line.epoch
    product, _ = Product.objects.get_or_create(sku=sku, defaults={"name": sku})
    line.product, line.optics = product, dict(optics)
    line.save(update_fields=["product", "optics"])
    model_version = left.model_version if left else None
    entered = epochs.enter(line, model_version, cause=f"changeover to {sku} by {by}", now=now)
    return Changeover.objects.create(
        line=line,
        from_product=before[0],
        to_product=product,
        from_optics=before[1],
        to_optics=line.optics,
        from_epoch=left,
        to_epoch=entered,
        changed_by=by,
        changed_at=now,
    )


def finish(planned: PlannedChange, *, by: User, now: datetime) -> None:
    """Say that a planned change was made: nobody is reminded of it any more."""
    PlannedChange.objects.awaited().filter(pk=planned.pk).update(done_by=by, done_at=now)


def awaited(line: Line) -> list[PlannedChange]:
    """Return the planned changes that are still to come or due, the earliest first."""
    return list(line.planned_changes.awaited().order_by("due_on", "pk"))


def due(line: Line, *, now: datetime) -> list[PlannedChange]:
    """Return the planned changes whose day has come on the line's own calendar, the earliest first."""
    today = zones.day(line, now)
    return [change for change in awaited(line) if change.due_on <= today]


def _check(line: Line, *, sku: str, optics: Mapping[str, str]) -> None:
    if line.product.sku == sku and line.optics == optics:
        raise NothingChanges(f"{line} makes {sku} with these optics already.")
