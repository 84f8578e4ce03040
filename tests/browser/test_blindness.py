"""What a reader may know of the model, seen from inside the browser."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.models import Line, Prediction
from inspection.rules.words import Call, Label, Level, Role
from review.models import Decision, PendingDecision, ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import wait_until
from tests.builders import make_user
from tests.review.scene import CANARY_CLASS, CANARY_SCORE

pytestmark = pytest.mark.django_db(transaction=True)

CANARIES = (str(CANARY_SCORE), CANARY_CLASS)
STORED = """async () => {
  const opened = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
  const database = await opened(indexedDB.open("tollgate-outbox"));
  const kept = await opened(database.transaction("entries").objectStore("entries").getAll());
  const page = document.documentElement.outerHTML;
  return JSON.stringify([kept, {...localStorage}, {...sessionStorage}, document.cookie, page]);
}"""


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW])
def test_a_planted_prediction_shows_nowhere_before_or_after_the_call(ana, review, level):
    # A line that has come down to people alone has predictions too.
    line = make_floor(level=Level.SHADOW)
    line.level = level.value
    line.save(update_fields=["level"])
    add_waiting(line, 8, call=Call.DEFECT, defect_class="")
    assert Prediction.objects.count() == 8
    loop = review(line, ana)
    heard = []
    loop.page.on("response", lambda answer: heard.append(f"{answer.url} {answer.all_headers()} {_text_of(answer)}"))
    loop.page.reload()
    loop.wait_until_ready()

    loop.press("KeyY", "KeyH")
    loop.decide("KeyF")
    loop.decide("KeyJ", "Digit1")
    loop.listens()
    loop.press("KeyZ")
    loop.wait_until_saved()
    heard.append(loop.page.evaluate(STORED))

    assert len(heard) > 5
    assert not [text for text in heard for canary in CANARIES if canary in text]


def test_an_inspector_is_never_told_the_level_of_a_line_in_shadow(ana, visit):
    make_floor(level=Level.SHADOW)

    page = visit("/", ana)

    expect(page.get_by_role("row", name="phone-glass")).to_be_visible()
    assert "shadow" not in page.content().lower()


def test_the_model_is_silent_until_the_first_call_is_stored_then_disagrees(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.DEFECT)
    loop = review(line, ana)
    serial = loop.serial
    expect(loop.part("reveal")).to_be_hidden()
    assert str(CANARY_SCORE) not in loop.page.evaluate(STORED)

    loop.press("KeyF")
    expect(loop.part("reveal")).to_contain_text("The model disagrees")
    assert Decision.objects.get().label == Label.PASS
    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("pass-word")).to_have_text("Keep pass")
    loop.decide("KeyJ", "Digit1")
    loop.wait_until_saved()

    calls = Decision.objects.order_by("recorded_at").values_list("phase", "label", "blind")
    assert list(calls) == [("initial", "pass", True), ("final", "defect", False)]
    expect(loop.part("pass-word")).to_have_text("Pass")
    expect(loop.part("reveal")).to_be_hidden()


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.ASSIST])
def test_only_where_people_may_know_of_the_model_a_call_waits_for_the_server(ana, review, level):
    line = make_floor(level=Level.SHADOW)
    Line.objects.filter(pk=line.pk).update(level=level.value)
    add_waiting(line, 4, call=Call.DEFECT)
    loop = review(line, ana)
    loop.page.route("**/decision/", lambda route: None)
    first = loop.serial

    loop.press("KeyF")
    if level == Level.ASSIST:
        loop.page.wait_for_timeout(500)
        assert loop.serial == first
    else:
        expect(loop.part("serial")).not_to_have_text(first)


def test_the_same_key_keeps_a_defect_with_its_class(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.PASS)
    loop = review(line, ana)

    loop.press("KeyJ", "Digit2")
    expect(loop.part("defect-word")).to_have_text("Keep defect")
    loop.decide("KeyJ")
    loop.wait_until_saved()

    kept = Decision.objects.order_by("recorded_at").values_list("phase", "label", "defect_class")
    assert list(kept) == [("initial", "defect", "crack"), ("final", "defect", "crack")]


def test_where_the_model_agrees_the_page_goes_on_without_a_word(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.PASS)
    loop = review(line, ana)

    loop.decide("KeyF")

    expect(loop.part("reveal")).to_be_hidden()


def test_the_inspector_may_ask_before_the_call_and_hears_after_it(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.PASS)
    loop = review(line, ana)

    loop.press("KeyY", "KeyF")

    expect(loop.part("reveal")).to_contain_text("The model agrees")


def test_after_the_call_the_inspector_asks_about_it_and_the_item_comes_back(ana, review):
    line = make_floor(level=Level.ASSIST, undo_s=30)
    add_waiting(line, 5, call=Call.PASS)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()
    expect(loop.part("ask-back")).to_be_visible()

    loop.press("KeyY")
    expect(loop.part("reveal")).to_contain_text("The model agrees")
    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("ask-back")).to_be_hidden()
    loop.decide("KeyF")
    loop.wait_until_saved()

    calls = Decision.objects.order_by("recorded_at").values_list(
        "phase", "label", "blind", "reveal_asked", "fate__fate"
    )
    assert list(calls) == [
        ("initial", "pass", True, False, "undone"),
        ("initial", "pass", True, True, None),
        ("final", "pass", False, False, None),
    ]
    assert {one.task.run.part.serial for one in Decision.objects.select_related("task__run__part")} == {serial}


def test_asking_about_a_call_that_never_left_sends_it_once_with_the_question(ana, review, settings):
    settings.REVEAL_WAIT_MS = 300
    line = make_floor(level=Level.ASSIST, undo_s=30)
    add_waiting(line, 6, call=Call.PASS)
    loop = review(line, ana)
    loop.page.route("**/decision/", lambda route: route.abort())
    loop.decide("KeyF")
    serial = loop.decide("KeyJ", "Digit1")
    loop.listens()

    loop.press("KeyY")
    # Nothing waits for the network: the page goes on, and the answer brings the item back next.
    expect(loop.part("serial")).not_to_have_text(serial)
    loop.page.unroute("**/decision/")
    loop.wait_until_saved()
    loop.decide("KeyF")

    expect(loop.part("reveal")).to_contain_text("The model disagrees")
    expect(loop.part("serial")).to_have_text(serial)
    loop.wait_until_saved()
    asked = Decision.objects.order_by("recorded_at").values_list("label", "reveal_asked")
    assert list(asked) == [("pass", False), ("defect", True), ("pass", False)]


def test_a_call_that_is_final_by_then_stands_and_is_not_made_twice(ana, review):
    line = make_floor(level=Level.ASSIST, undo_s=30)
    add_waiting(line, 6, call=Call.PASS)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()
    PendingDecision.objects.update(final_at=now() - timedelta(seconds=1))

    loop.press("KeyY")

    expect(loop.part("said")).to_contain_text(f"{serial} is final")
    expect(loop.part("serial")).not_to_have_text(serial)
    loop.wait_until_saved()
    assert Decision.objects.count() == 1
    loop.decide("KeyF")


def test_once_the_last_call_cannot_be_asked_about_the_key_is_for_the_image_on_the_screen(ana, review):
    line = make_floor(level=Level.ASSIST, undo_s=0)
    add_waiting(line, 5, call=Call.PASS)
    loop = review(line, ana)
    loop.decide("KeyF")
    serial = loop.serial
    loop.listens()

    loop.press("KeyY", "KeyF")

    expect(loop.part("reveal")).to_contain_text("The model agrees")
    expect(loop.part("serial")).to_have_text(serial)


def test_a_control_item_shows_nothing_either_when_it_is_asked_about_afterwards(ana, review):
    line = make_floor(level=Level.ASSIST, undo_s=30)
    add_waiting(line, 5, call=Call.DEFECT, drawn=("control",))
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()

    loop.press("KeyY")

    expect(loop.part("said")).to_have_text(f"Nothing is shown of {serial}")
    expect(loop.part("serial")).not_to_have_text(serial)
    expect(loop.part("reveal")).to_be_hidden()


def test_control_items_show_nothing_even_on_request(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.DEFECT, drawn=("control",))
    loop = review(line, ana)

    loop.press("KeyY")
    loop.decide("KeyF")
    loop.wait_until_saved()

    expect(loop.part("reveal")).to_be_hidden()


def test_a_late_answer_brings_the_item_back_with_what_the_model_says(ana, review, settings):
    settings.REVEAL_WAIT_MS = 300
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 6, call=Call.DEFECT)
    loop = review(line, ana)
    held = []
    loop.page.route("**/decision/", lambda route: route.continue_() if held else held.append(route))
    serial = loop.decide("KeyF")

    held[0].continue_()
    loop.wait_until_saved()
    loop.decide("KeyJ", "Digit1")

    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("reveal")).to_contain_text("The model disagrees")


def test_a_late_answer_to_the_last_item_of_the_queue_brings_it_back_too(ana, review, settings):
    settings.REVEAL_WAIT_MS = 300
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 1, call=Call.DEFECT)
    loop = review(line, ana)
    held = []
    loop.page.route("**/decision/", lambda route: route.continue_() if held else held.append(route))
    serial = loop.decide("KeyF")
    expect(loop.part("veil-card")).to_contain_text("Nothing waiting")

    held[0].continue_()

    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("reveal")).to_contain_text("The model disagrees")
    loop.decide("KeyF")
    # The page asks for more as before.
    add_waiting(line, 1, first=1)
    expect(loop.part("serial")).to_have_text("8F2-002")


def test_an_answer_that_comes_in_a_pause_is_shown_after_it(ana, review, settings):
    settings.REVEAL_WAIT_MS = 30_000
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 1, call=Call.DEFECT)
    loop = review(line, ana)
    held = []
    loop.page.route("**/decision/", lambda route: route.continue_() if held else held.append(route))
    loop.press("KeyF")
    serial = loop.serial
    loop.press("KeyQ")
    expect(loop.part("veil-card")).to_contain_text("Paused")
    wait_until(loop.page, lambda: bool(held))

    held[0].continue_()
    loop.wait_until_saved()
    expect(loop.part("serial")).to_be_empty()
    loop.page.get_by_role("button", name="Go on").click()

    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("reveal")).to_contain_text("The model disagrees")


def test_a_pause_at_a_reveal_gives_back_what_was_not_called_and_nothing_else(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.DEFECT)
    loop = review(line, ana)
    given_back = []
    loop.page.on("request", lambda asked: given_back.append(asked.url) if asked.url.endswith("/release/") else None)

    loop.press("KeyF")
    expect(loop.part("reveal")).to_contain_text("The model disagrees")
    loop.press("KeyQ")

    called = Decision.objects.get().task_id
    wait_until(loop.page, lambda: not ReviewTask.objects.exclude(pk=called).filter(lease_holder=ana).exists())
    assert given_back
    assert not [url for url in given_back if str(called) in url]


def test_undo_after_a_reveal_opens_the_final_call_again(ana, review):
    line = make_floor(level=Level.ASSIST)
    add_waiting(line, 5, call=Call.DEFECT)
    loop = review(line, ana)
    serial = loop.serial
    loop.press("KeyF")
    expect(loop.part("reveal")).to_be_visible()
    loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()

    loop.press("KeyZ")

    expect(loop.part("serial")).to_have_text(serial)
    expect(loop.part("reveal")).to_contain_text("The model disagrees")
    # The page shows it at once; the server hears of it a moment later.
    loop.wait_until_saved()
    assert PendingDecision.objects.count() == 1


def test_a_lead_sees_the_level_bars(visit):
    make_floor(level=Level.SHADOW)

    page = visit("/", make_user("quinn", role=Role.QA_LEAD))

    expect(page.get_by_role("row", name="phone-glass")).to_contain_text("shadow")


def _text_of(answer):
    is_text = any(kind in answer.headers.get("content-type", "") for kind in ("json", "html", "javascript", "css"))
    return answer.text() if is_text else ""
