"""Pauses of the loop: what ends one, and what comes while nobody works."""

import pytest
from playwright.sync_api import expect

from review.models import Decision, ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import LoopPage, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_taking_a_call_back_in_a_pause_ends_the_pause(ana, review):
    line = make_floor(undo_s=30)
    add_waiting(line, 4)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
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
