"""Ending a session in the loop: only then does a person read what they missed."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from inspection.rules.words import Label
from review import decisions
from review.gold_models import SessionEnd
from tests.browser.floor import add_waiting, make_floor
from tests.review.gold_scene import call_gold, show
from tests.review.scene import answer, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def test_end_the_session_tells_what_was_missed(review, ana):
    line, moment = make_floor(), now() - timedelta(minutes=5)
    call_gold(show(line, ana, 1), Label.PASS, at=moment)
    for n in range(20):
        answer(make_task(line, f"S-{n}"), ana, at=moment)
    decisions.finalise_due(now=now())
    add_waiting(line, 2)

    loop = review(line, ana)
    loop.press("KeyQ")
    loop.page.get_by_role("button", name="End the session").click()
    loop.page.get_by_text("You caught 0 of 1 known defects.").wait_for(timeout=60_000)
    loop.page.get_by_role("img", name="Known defect: scratch").wait_for(timeout=60_000)
    assert SessionEnd.objects.get().person == ana
