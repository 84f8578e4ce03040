"""Taking back what the server has not heard: the window begins with its answer, not with the key."""

import pytest
from playwright.sync_api import expect

from review.models import Decision, DecisionFate
from tests.browser.floor import add_waiting, make_floor

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_call_that_the_server_has_not_heard_is_taken_back_however_long_ago_it_was_made(ana, review):
    line = make_floor(undo_s=30)
    add_waiting(line, 6)
    loop = review(line, ana)
    loop.page.route("**/decision/", lambda route: route.abort())
    tried, waiting = loop.decide("KeyF"), loop.decide("KeyF")
    expect(loop.part("saved-word")).to_contain_text("2 waiting")
    loop.page.evaluate("const now = Date.now; Date.now = () => now() + 31_000")
    expect(loop.part("undo")).to_be_visible()
    loop.listens()

    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(waiting)
    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(tried)
    loop.page.unroute("**/decision/")
    loop.decide("KeyJ", "Digit1")
    loop.wait_until_saved()

    # The one that was tried reached the server after all, and was taken back there.
    calls = Decision.objects.order_by("recorded_at").values_list("task__run__part__serial", "label", "fate__fate")
    assert list(calls) == [(tried, "pass", DecisionFate.UNDONE), (tried, "defect", None)]
