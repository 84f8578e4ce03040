"""A comment belongs to the part that it was typed at, whatever ends the typing."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from review.models import Decision, ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import LoopPage
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def comments():
    return list(Decision.objects.order_by("recorded_at").values_list("comment", flat=True))


def test_a_comment_that_is_still_open_goes_with_the_call_and_not_on_to_the_next_part(ana, review):
    line = make_floor()
    add_waiting(line, 4)
    loop = review(line, ana)

    loop.press("KeyC")
    loop.page.keyboard.type("hairline near lens")
    loop.page.locator(".answers [data-class='scratch']").click()
    expect(loop.part("comment-form")).to_be_hidden()
    loop.listens()
    loop.decide("KeyD", "Digit2")
    loop.press("KeyC")
    expect(loop.part("comment")).to_have_value("")
    loop.page.keyboard.type("never mind")
    loop.press("Escape")
    loop.decide("KeyF")
    loop.wait_until_saved()

    assert comments() == ["hairline near lens", "glare", ""]


def test_a_lease_lost_while_somebody_types_takes_the_comment_along_and_lets_no_letter_judge(ana, visit):
    line = make_floor()
    add_waiting(line, 4)
    page = visit("/", ana)
    page.clock.install()
    page.goto(page.url + f"lines/{line.slug}/review/")
    page.clock.run_for(1000)
    loop = LoopPage(page)
    loop.wait_for_image()
    lost = loop.serial
    loop.press("KeyC")
    page.keyboard.type("scratch of")
    taken = ReviewTask.objects.filter(run__part__serial=lost)
    taken.update(lease_holder=make_user("andre"), lease_token=9, lease_until=now() + timedelta(seconds=90))

    page.clock.run_for(20_000)
    expect(loop.part("serial")).not_to_have_text(lost)
    expect(loop.part("comment-form")).to_be_hidden()
    following = loop.serial
    page.keyboard.type("f the edge")
    page.clock.run_for(1000)
    expect(loop.part("serial")).to_have_text(following)

    page.clock.run_for(2000)
    assert loop.decide("KeyF") == following
    page.clock.run_for(1000)
    loop.wait_until_saved()
    assert comments() == [""]
