"""Work orders: claimed once at a time, closed by who holds them, and dropped when they are old."""

from datetime import timedelta

import pytest

from inspection import leftovers, outbox
from inspection.models import Outbox
from tests.builders import NOON

pytestmark = pytest.mark.django_db

TOPIC = "item.received"
LAPSED = NOON + outbox.LEASE


def claimed(key="a", *, now=NOON):
    work = outbox.claim(TOPIC, key, now=now)
    assert work is not None
    return work


def order(key="a", *, now=NOON):
    outbox.ask(TOPIC, key, now=now)


def test_who_holds_the_work_closes_it():
    order()
    outbox.finish(claimed(), now=NOON)
    assert outbox.claim(TOPIC, "a", now=LAPSED) is None


@pytest.mark.parametrize("deed", [lambda work: outbox.finish(work, now=LAPSED), outbox.give_back])
def test_whose_lease_ran_out_leaves_the_work_to_who_has_claimed_it_since(deed):
    order()
    late, standing = claimed(), claimed(now=LAPSED)
    before = Outbox.objects.values().get()
    deed(late)
    assert Outbox.objects.values().get() == before
    outbox.finish(standing, now=LAPSED)
    assert Outbox.objects.get().done_at == LAPSED


def test_work_that_took_several_tries_is_closed_with_the_rest():
    for key in "ab":
        order(key)
    claimed("b")
    works = outbox.claim_all(TOPIC, ["a", "b"], now=LAPSED)
    assert {key: work.attempts for key, work in works.items()} == {"a": 1, "b": 2}
    outbox.finish_all(works.values(), now=LAPSED)
    assert not Outbox.objects.filter(done_at=None).exists()


def test_orders_are_dropped_days_after_they_were_done(monkeypatch):
    monkeypatch.setattr(leftovers, "AT_A_TIME", 2)
    for key in ["a", "b", "c", "d", "waits"]:
        order(key)
    for key in ["a", "b", "c"]:
        outbox.finish(claimed(key), now=NOON)
    outbox.finish(claimed("d"), now=NOON + timedelta(hours=1))
    assert outbox.prune(now=NOON + outbox.DONE_KEPT) == 0
    assert outbox.prune(now=NOON + outbox.DONE_KEPT + timedelta(minutes=1)) == 3
    assert set(Outbox.objects.values_list("key", flat=True)) == {"d", "waits"}


def test_work_that_nobody_has_done_is_kept_however_old_it_is():
    order()
    assert outbox.prune(now=NOON + timedelta(days=365)) == 0
    assert claimed(now=NOON + timedelta(days=365))
