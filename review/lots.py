"""Lots on hold: a lot leaves once its audit sample is closed and accepted, by a lead's signature.

A lot in which an audit found an escape is sorted first: every part that the model passed is read as good, or closed by
a person who had it in the hand. The signature under the release then stands under the sorting too.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from inspection.models import Item, Line, Lot, Routing, Run, User
from inspection.rules.words import DecidedBy, Label, Verdict
from review import queues
from review.audit_models import AuditFinding
from review.containment_models import ContainedRun
from review.finding_models import PhysicalFinding
from review.models import Adjudication, Truth
from review.rules.auditing import AUDITED_REASONS, Kind
from review.rules.containment import Found, LotStanding, release_obstacles

SHOWN = 50
ASKED_AT_ONCE = 1000


class LotHeld(Exception):
    """The lot may not leave yet; `reasons` are the codes of everything in the way."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def on_hold(line: Line) -> list[Lot]:
    """Return the line's lots that wait for their release, oldest first; none where the line releases none."""
    if not line.lot_release:
        return []
    return list(Lot.objects.filter(line=line, released_at=None).order_by("created_at", "pk")[:SHOWN])


def standing(lot: Lot) -> LotStanding:
    """Count what matters for the release of a lot."""
    runs = Run.objects.filter(part__lot=lot)
    audited = Routing.objects.filter(item__run__part__lot=lot, item__run__drawn_audit=True, reason__in=AUDITED_REASONS)
    found = AuditFinding.objects.filter(run__part__lot=lot)
    escapes = found.filter(kind=Kind.AUTO_PASS.value, is_bad=True).count()
    return LotStanding(
        parts=runs.count(),
        unsettled=runs.filter(is_settled=False).count(),
        audits_drawn=audited.values("item__run").distinct().count(),
        audits_closed=found.values("run").distinct().count(),
        escapes=escapes,
        unsorted=unsorted(lot).count() if escapes else 0,
        contained=ContainedRun.objects.filter(run__part__lot=lot, closed_at=None).count(),
    )


@transaction.atomic
def release(lot: Lot, *, by: User, now: datetime) -> Lot:
    """Let the lot leave. Raises LotHeld with every reason while its sample is open or not accepted."""
    lot = Lot.objects.select_for_update().get(pk=lot.pk)
    obstacles = release_obstacles(standing(lot))
    if obstacles:
        raise LotHeld(obstacles)
    if lot.released_at is None:
        lot.released_at, lot.released_by = now, by
        lot.save(update_fields=["released_at", "released_by"])
    return lot


# Sorting --------------------------------------------------------------------------------------------------------


def unsorted(lot: Lot) -> QuerySet[Run]:
    """Return the parts that the model passed and that nobody has read as good or closed since, by serial."""
    found = PhysicalFinding.objects.filter(run=OuterRef("pk"))
    closed = ContainedRun.objects.filter(run=OuterRef("pk"), closed_at__isnull=False)
    return _passed(lot).filter(Exists(_doubtful_images()), ~Exists(found), ~Exists(closed))


def taken_out(lot: Lot) -> QuerySet[Run]:
    """Return the parts that the model passed and that were found bad or lost: they must not leave with the lot."""
    newest = PhysicalFinding.objects.filter(run=OuterRef("pk")).order_by("-pk").values("found")[:1]
    closed = ContainedRun.objects.filter(run=OuterRef("pk")).order_by(F("closed_at").desc(nulls_last=True), "-pk")
    said = Coalesce(Subquery(newest), Subquery(closed.values("found")[:1]), Value(""))
    return _passed(lot).annotate(shown=said).filter(shown__in=[Found.BAD.value, Found.LOST.value])


@transaction.atomic
def sort(lot: Lot, *, now: datetime) -> int:
    """Give the unsorted parts of a lot to people for a blind reading, once each. Return how many parts."""
    unasked = Item.objects.filter(run=OuterRef("pk"), review_tasks=None)
    runs = list(unsorted(lot).filter(Exists(unasked))[:ASKED_AT_ONCE])
    for item in Item.objects.filter(run__in=runs).select_related("line", "run", "routing").order_by("pk"):
        queues.ask_again(item, now=now)
    return len(runs)


def _passed(lot: Lot) -> QuerySet[Run]:
    told = {"disposition__verdict": Verdict.PASS.value, "disposition__decided_by": DecidedBy.MODEL.value}
    return Run.objects.filter(part__lot=lot, **told).select_related("part").order_by("part__serial", "n")


def _doubtful_images() -> QuerySet[Item]:
    """Return the images of a run whose newest label is not "pass", or about which a ruling is open."""
    labels = Truth.objects.filter(item=OuterRef("pk")).order_by("-n").values("label")[:1]
    said = Coalesce(Subquery(labels), Value(""))
    in_doubt = Exists(Adjudication.objects.filter(item=OuterRef("pk"), ruled_at=None))
    return Item.objects.filter(run=OuterRef("pk")).annotate(said=said).filter(~Q(said=Label.PASS.value) | in_doubt)
