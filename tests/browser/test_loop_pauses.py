"""Pauses of the loop: what ends one, and what time takes away."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from review.models import Decision, ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import wait_until
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

LOST = """async () => {
  const opened = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
  const database = await opened(indexedDB.open("tollgate-outbox"));
  const kept = await opened(database.transaction("entries").objectStore("entries").getAll());
  return kept.filter((entry) => entry.lost).length;
}"""


def test_taking_a_call_back_in_a_pause_ends_the_pause(ana, review):
    line = make_floor(undo_s=30)
    add_waiting(line, 4)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()
    loop.press("KeyQ")
    expect(loop.part("veil-card")).to_contain_text("Paused")

    loop.press("KeyZ")

    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("veil")).to_be_hidden()
    assert loop.decide("KeyJ", "Digit1") == serial
    # The others come again, as after any pause.
    loop.wait_for_image()
    loop.decide("KeyF")
    loop.wait_until_saved()
    assert sorted(Decision.objects.values_list("label", flat=True)) == ["defect", "pass", "pass"]


def test_when_leases_end_unheard_the_loop_pauses_and_says_so(ana, review):
    line = make_floor()
    add_waiting(line, 10)
    loop = review(line, ana)
    loop.page.context.set_offline(True)
    shown = loop.serial

    loop.page.evaluate("const now = Date.now; Date.now = () => now() + 91_000")
    expect(loop.part("veil-card")).to_contain_text("The time of your items ran out")
    loop.press("KeyF")
    ReviewTask.objects.filter(lease_holder=ana).update(lease_until=now() - timedelta(seconds=1))
    loop.page.context.set_offline(False)
    loop.page.get_by_role("button", name="Go on").click()

    loop.wait_for_image()
    assert not Decision.objects.filter(task__run__part__serial=shown).exists()
    loop.decide("KeyF")
    loop.wait_until_saved()
    assert Decision.objects.count() == 1


def test_every_lost_call_is_listed_with_its_picture_also_after_a_reload(ana, review):
    line = make_floor()
    add_waiting(line, 9)
    loop = review(line, ana)
    loop.page.route("**/decision/", lambda route: route.abort())
    decided = [loop.decide("KeyF") for _ in range(5)]
    expect(loop.part("saved-word")).to_contain_text("5 waiting")
    taken = ReviewTask.objects.filter(run__part__serial__in=decided)
    taken.update(lease_holder=make_user("andre"), lease_token=9, lease_until=now() + timedelta(seconds=90))
    loop.page.unroute("**/decision/")
    wait_until(loop.page, lambda: loop.page.evaluate(LOST) == 5)

    for _ in range(2):
        loop.wait_until_ready()
        loop.part("saved").click()
        expect(loop.part("lost-list").locator("canvas")).to_have_count(5)
        loop.page.reload()
