"""Walking the chain of a line because somebody asks, and what the last walk found."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from inspection import outbox
from inspection.models import Line, Receipt, User
from inspection.rules.receipts import Fault
from review import receipts
from review.chain_models import ChainCheck
from review.receipts import Anchor

TOPIC = "chain.asked"
# A walk that has not ended by then was cut off: the next one who asks begins anew.
AWAITED = timedelta(minutes=30)
LOOKED_BACK = 20


class Standing(NamedTuple):
    """The last walk over a chain that has ended, and the one that somebody waits for."""

    last: ChainCheck | None
    awaited: ChainCheck | None


@transaction.atomic
def ask(line: Line, *, by: User, now: datetime) -> ChainCheck:
    """Order a walk over the line's chain; while one is awaited, that one."""
    Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    awaited = of(line, now=now).awaited
    if awaited is not None:
        return awaited
    check = ChainCheck.objects.create(line=line, asked_by=by, asked_at=now)
    outbox.ask(TOPIC, check.pk, now=now)
    return check


def run(pk: int, *, clock: Callable[[], datetime]) -> None:
    """Walk the chain that was asked for and keep what was found. A walk that has ended stays as it is."""
    check = ChainCheck.objects.select_related("line").get(pk=pk)
    if check.ended_at is None:
        _walk(check, receipts.anchors_in(settings.RECEIPT_HEADS))
        _keep(check, now=clock())


def walk(line: Line, *, anchors: Iterable[Anchor], now: datetime) -> ChainCheck:
    """Walk the chain at once, for the command, and keep what was found."""
    check = ChainCheck(line=line, asked_at=now)
    _walk(check, anchors)
    check.ended_at = now
    check.save(force_insert=True)
    return check


def of(line: Line, *, now: datetime) -> Standing:
    """Return how the checking of a line's chain stands. One query."""
    newest = list(line.chain_checks.select_related("asked_by").order_by("-asked_at", "-pk")[:LOOKED_BACK])
    last = next((one for one in newest if one.ended_at is not None), None)
    awaited = next((one for one in newest if one.ended_at is None and one.asked_at > now - AWAITED), None)
    return Standing(last, awaited)


def _walk(check: ChainCheck, anchors: Iterable[Anchor]) -> None:
    # Counted first: what is sealed while the walk goes on was not looked at for certain.
    newest = Receipt.objects.filter(line=check.line).order_by("-n").values_list("n", flat=True).first()
    fault: Fault | None = receipts.first_fault(check.line, anchors=anchors)
    check.receipts = newest or 0
    check.bad_receipt, check.fault = (fault.n, fault.says) if fault else (None, "")


def _keep(check: ChainCheck, *, now: datetime) -> None:
    ChainCheck.objects.filter(pk=check.pk, ended_at=None).update(
        ended_at=now, receipts=check.receipts, bad_receipt=check.bad_receipt, fault=check.fault
    )
