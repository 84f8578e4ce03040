"""Later work: asked for in the transaction of the fact, claimed with a lease, done once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q, QuerySet

from inspection import bell, leftovers
from inspection.models import Outbox

LEASE = timedelta(seconds=30)
ATTEMPTS_MAX = 3
RESEND_AFTER = timedelta(seconds=20)
# Optional work steps aside once urgent work has waited this long, and is dropped once it is old itself.
WAITS_LONG = timedelta(seconds=1)
OLD = timedelta(seconds=60)
# Asking again is asking once for as long; some work is asked for at most once a day.
DONE_KEPT = timedelta(days=2)


def ask(topic: str, key: object, *, now: datetime) -> None:
    """Order one piece of work as `ask_all` does."""
    ask_all(topic, [key], now=now)


def ask_all(topic: str, keys: Iterable[object], *, now: datetime) -> None:
    """Write the work orders beside the facts that ask for them; ring the bell once all are committed."""
    orders = [Outbox(topic=topic, key=str(key), available_at=now, sent_at=now) for key in keys]
    # One statement, and asking twice is asking once.
    Outbox.objects.bulk_create(orders, ignore_conflicts=True)
    for order in orders:
        transaction.on_commit(partial(bell.ring, topic, order.key))


def claim(topic: str, key: object, *, now: datetime) -> Outbox | None:
    """Lease the work for one worker and count the attempt first, so that a crash counts. None when it is taken."""
    return claim_all(topic, [key], now=now).get(str(key))


def claim_all(topic: str, keys: Iterable[object], *, now: datetime) -> dict[str, Outbox]:
    """Lease what nobody has of some work, counting each attempt first. Return it by key; what is taken is left out."""
    named = Outbox.objects.filter(topic=topic, key__in=[str(key) for key in keys], done_at=None)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with transaction.atomic():
        # Locked first, and what another worker is claiming is left to it.
        mine = {work.key: work for work in named.filter(free).select_for_update(skip_locked=True).order_by("pk")}
        taken = Outbox.objects.filter(pk__in=[work.pk for work in mine.values()])
        taken.update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    for work in mine.values():
        work.lease_until, work.attempts = now + LEASE, work.attempts + 1
    return mine


def finish(work: Outbox, *, now: datetime) -> None:
    """Close a piece of work as `finish_all` does."""
    finish_all([work], now=now)


def finish_all(works: Iterable[Outbox], *, now: datetime) -> None:
    """Close work that is done. What another has claimed since the lease ran out stays with that one."""
    _claimed(works).update(done_at=now, lease_until=None)


def give_back(work: Outbox) -> None:
    """Offer the rest of a piece of work at once: this worker has done its turn. What another has claimed stays so."""
    _claimed([work]).update(lease_until=None, sent_at=None)


def _claimed(works: Iterable[Outbox]) -> QuerySet[Outbox]:
    """Return the rows that nobody has claimed since: each claim counts one attempt more, which fences the last one."""
    keys_by_attempts: dict[int, list[int]] = defaultdict(list)
    for work in works:
        keys_by_attempts[work.attempts].append(work.pk)
    mine = [Q(pk__in=keys, attempts=attempts) for attempts, keys in keys_by_attempts.items()]
    return Outbox.objects.filter(reduce(or_, mine, Q(pk__in=[])), done_at=None)


def prune(*, now: datetime) -> int:
    """Drop the orders of work that was done days ago. Return how many."""
    return leftovers.drop(Outbox.objects.filter(done_at__lt=now - DONE_KEPT))


def due(*, now: datetime, limit: int) -> list[Outbox]:
    """Return waiting work that nobody holds and that was not sent lately, oldest first."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    unheard = Q(sent_at=None) | Q(sent_at__lte=now - RESEND_AFTER)
    waiting = Outbox.objects.filter(free, unheard, done_at=None, available_at__lte=now)
    return list(waiting.order_by("available_at", "pk")[:limit])


def is_behind(topic: str, work: Outbox, *, now: datetime) -> bool:
    """Say whether optional work must give way: it is old, or work of the topic has waited for a second."""
    waiting = Outbox.objects.filter(topic=topic, done_at=None, lease_until=None, available_at__lte=now - WAITS_LONG)
    return work.available_at <= now - OLD or waiting.exists()


def has_fresher(topic: str, *, since: datetime) -> bool:
    """Say whether work of the topic that was ordered after a moment waits for a worker."""
    free = Outbox.objects.filter(topic=topic, done_at=None, lease_until=None)
    return free.filter(available_at__gt=since).exists()


def mark_sent(pks: list[int], *, now: datetime) -> None:
    Outbox.objects.filter(pk__in=pks).update(sent_at=now)
