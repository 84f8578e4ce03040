"""The review loop against the real server: nothing lost, nothing twice, whatever happens to keys and network."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from inspection.rules.words import Label
from review.models import Decision, DecisionFate, PendingDecision, ReviewTask
from tests.browser.floor import add_waiting, make_floor
from tests.browser.loop import wait_until
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

CUT_MS = 30_000
# A key held down, repeated as a keyboard does.
HELD_MS, REPEAT_MS = 3000, 33


@pytest.fixture
def line(transactional_db):
    return make_floor()


def is_blank(loop):
    """Say whether the image field shows nothing at all."""
    pixels = "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.every((one) => one === 0)"
    return loop.part("picture").evaluate(pixels)


def decided_serials():
    decisions = Decision.objects.order_by("recorded_at", "pk")
    return list(decisions.values_list("task__run__part__serial", flat=True))


def test_a_hundred_items_by_keyboard_alone_arrive_once_each(line, ana, review):
    add_waiting(line, 101)
    loop = review(line, ana)

    serials = [loop.decide("KeyJ", "Digit1") if n % 10 == 0 else loop.decide("KeyF") for n in range(100)]
    loop.wait_until_saved()

    assert decided_serials() == serials
    assert len(set(serials)) == 100
    assert Decision.objects.filter(label=Label.DEFECT, defect_class="scratch").count() == 10


def test_the_wait_between_a_call_and_the_next_image_is_kept_but_not_after_an_undo(line, ana, review):
    add_waiting(line, 6)
    loop = review(line, ana)

    first, second = loop.decide("KeyF"), loop.decide("KeyF")
    loop.listens()
    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(second)
    again = loop.decide("KeyF")
    loop.wait_until_saved()

    kept = {one.task.run.part.serial: one.page for one in Decision.objects.order_by("recorded_at")}
    assert (again, list(kept)) == (second, [first, second])
    assert "wait_ms" not in kept[first]
    assert "wait_ms" not in kept[again]
    assert [one.page["wait_ms"] > 0 for one in Decision.objects.filter(fate__fate=DecisionFate.UNDONE)] == [True]


def test_decisions_made_while_the_network_is_cut_arrive_once_and_in_order(line, ana, review):
    add_waiting(line, 20)
    loop = review(line, ana)
    serials = [loop.decide("KeyF")]
    loop.wait_until_saved()
    loop.wait_for_pictures(3)

    loop.page.context.set_offline(True)
    serials += [loop.decide("KeyF"), loop.decide("KeyF")]
    loop.page.wait_for_timeout(CUT_MS)
    expect(loop.part("saved-word")).to_contain_text("waiting")
    loop.page.context.set_offline(False)
    loop.wait_for_image()
    serials += [loop.decide("KeyF") for _ in range(3)]
    loop.wait_until_saved()

    assert decided_serials() == serials


def test_a_reload_with_unsent_decisions_sends_each_once(line, ana, review):
    add_waiting(line, 20)
    loop = review(line, ana)
    loop.page.on("dialog", lambda dialog: dialog.accept())
    loop.page.route("**/decision/", lambda route: route.abort())
    serials = [loop.decide("KeyF") for _ in range(5)]
    assert decided_serials() == []

    loop.page.unroute("**/decision/")
    loop.page.reload()
    loop.wait_until_ready()
    loop.wait_until_saved()

    assert decided_serials() == serials


def test_an_answer_that_got_lost_on_the_way_back_is_asked_for_with_the_same_id(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)
    dropped = []

    def drop_first_answer(route):
        if dropped:
            return route.continue_()
        dropped.append(route.fetch())
        return route.abort()

    loop.page.route("**/decision/", drop_first_answer)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()

    assert decided_serials() == [serial]


def test_a_key_held_down_is_one_decision(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)
    first = loop.serial

    for _ in range(HELD_MS // REPEAT_MS):
        loop.page.keyboard.down("KeyF")
        loop.page.wait_for_timeout(REPEAT_MS)
    loop.page.keyboard.up("KeyF")
    loop.wait_until_saved()
    loop.listens()

    assert decided_serials() == [first]


def test_two_answers_within_the_bounce_are_one(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)

    first = loop.serial
    # The page's clock stands still meanwhile: a press from here takes as long as the machine is busy.
    loop.page.evaluate("window.kept = performance.now(); performance.now = () => window.kept")
    loop.press("KeyF")
    expect(loop.part("serial")).not_to_have_text(first)
    loop.page.evaluate("performance.now = () => window.kept + 30")
    loop.press("KeyJ", "Digit1")
    loop.page.evaluate("delete performance.now")
    loop.listens()
    loop.wait_until_saved()

    assert [decision.label for decision in Decision.objects.all()] == [Label.PASS]


@pytest.mark.parametrize(("code", "key"), [("KeyF", "ㄹ"), ("KeyF", "Process"), ("KeyF", "u")])
def test_keys_are_places_so_hangul_and_dvorak_decide_too(line, ana, review, code, key):
    add_waiting(line, 3)
    loop = review(line, ana, language="ko-KR")
    first = loop.serial

    loop.send_key(code, key)
    expect(loop.part("serial")).not_to_have_text(first)
    loop.wait_until_saved()

    assert decided_serials() == [first]


def test_keys_typed_into_a_comment_decide_nothing(line, ana, review):
    add_waiting(line, 3)
    loop = review(line, ana)

    loop.press("KeyC")
    loop.page.keyboard.type("ff near the lens")
    loop.press("Control+Enter")
    serial = loop.decide("KeyF")
    loop.wait_until_saved()

    assert decided_serials() == [serial]
    assert Decision.objects.get().comment == "ff near the lens"


def test_a_second_tab_gets_other_items(line, ana, review, visit):
    add_waiting(line, 20)
    first = review(line, ana)
    second = review(line, ana, context=first.page.context)

    seen = [[loop.decide("KeyF") for _ in range(3)] for loop in (first, second)]

    assert not set(seen[0]) & set(seen[1])


def test_a_lease_lost_while_the_page_was_open_is_told_and_nothing_is_counted(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)
    serial = loop.serial
    andre = make_user("andre")
    taken = ReviewTask.objects.filter(run__part__serial=serial)
    taken.update(lease_holder=andre, lease_token=9, lease_until=now() + timedelta(seconds=90))

    loop.decide("KeyF")
    expect(loop.part("saved")).to_have_attribute("data-state", "action")
    loop.part("saved").click()

    expect(loop.part("lost-list")).to_contain_text(serial)
    assert Decision.objects.count() == 0
    loop.page.get_by_role("button", name="I have seen this").click()
    loop.wait_until_saved()


def test_undo_inside_the_window_brings_the_item_back_with_a_new_lease(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()

    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(serial)
    loop.decide("KeyJ", "Digit2")
    loop.wait_until_saved()

    fates = list(Decision.objects.order_by("recorded_at").values_list("label", "fate__fate"))
    assert fates == [(Label.PASS, DecisionFate.UNDONE), (Label.DEFECT, None)]


def test_undo_of_a_decision_that_never_left_needs_no_server(line, ana, review):
    add_waiting(line, 6)
    loop = review(line, ana)
    loop.page.route("**/decision/", lambda route: route.abort())
    loop.decide("KeyF")
    serial = loop.decide("KeyF")
    loop.listens()

    loop.press("KeyZ")
    expect(loop.part("serial")).to_have_text(serial)
    loop.page.unroute("**/decision/")
    loop.decide("KeyJ", "Digit1")
    loop.wait_until_saved()

    assert list(Decision.objects.order_by("recorded_at").values_list("label", flat=True)) == ["pass", "defect"]


def test_undo_after_the_window_is_refused_with_a_way_forward(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.wait_until_saved()
    loop.listens()
    PendingDecision.objects.update(final_at=now() - timedelta(seconds=1))

    loop.press("KeyZ")

    expect(loop.part("said")).to_contain_text(f"{serial} is final. Tell a QA lead")
    expect(loop.part("serial")).not_to_have_text(serial)
    assert not DecisionFate.objects.exists()


def test_a_line_without_undo_says_so_at_once(ana, review):
    line = make_floor(undo_s=0)
    add_waiting(line, 3)
    loop = review(line, ana)
    serial = loop.decide("KeyF")
    loop.listens()

    loop.press("KeyZ")

    expect(loop.part("said")).to_contain_text(f"{serial} is final")


def test_cannot_judge_carries_its_reason(line, ana, review):
    add_waiting(line, 4)
    loop = review(line, ana)

    loop.decide("KeyD", "Digit2")
    loop.decide("KeyD", "KeyD")
    loop.wait_until_saved()

    comments = list(Decision.objects.order_by("recorded_at").values_list("label", "comment"))
    assert comments == [("cannot_judge", "glare"), ("cannot_judge", "")]


def test_a_box_is_placed_without_a_mouse(line, ana, review):
    add_waiting(line, 2)
    loop = review(line, ana)

    loop.press("KeyB", "Enter", *["Shift+ArrowRight"] * 2, *["Shift+ArrowDown"] * 2, "Enter")
    loop.decide("KeyJ", "Digit1")
    loop.wait_until_saved()

    assert Decision.objects.get().regions == [{"x": 400, "y": 300, "w": 160, "h": 120}]


def test_in_defect_mode_a_click_is_a_point_and_a_drag_a_box(line, ana, review):
    add_waiting(line, 2)
    loop = review(line, ana)
    box = loop.part("picture").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    loop.press("KeyJ")
    loop.page.mouse.click(*middle)
    loop.page.mouse.move(*middle)
    loop.page.mouse.down()
    loop.page.mouse.move(middle[0] + 90, middle[1] + 60)
    loop.page.mouse.up()
    loop.decide("Digit1")
    loop.wait_until_saved()

    point, drawn = Decision.objects.get().regions
    assert point == {"x": 400, "y": 300}
    assert (drawn["x"], drawn["y"]) == (400, 300)
    assert drawn["w"] / drawn["h"] == pytest.approx(1.5, rel=0.05)


def test_an_image_that_cannot_be_read_goes_back_and_counts_as_nothing(line, ana, review):
    add_waiting(line, 3)
    loop = review(line, ana)
    bad = ReviewTask.objects.get(run__part__serial="8F2-002")
    loop.page.route(f"**/tasks/{bad.pk}/image/", lambda route: route.fulfill(body="not an image"))
    loop.page.reload()
    loop.wait_until_ready()

    while loop.serial != "8F2-002":
        loop.decide("KeyF")
    expect(loop.part("veil-card")).to_contain_text("Image not available")
    loop.send_key("KeyS", "ㄴ")
    expect(loop.part("serial")).not_to_have_text("8F2-002")

    assert not bad.decisions.exists()


def test_an_image_that_comes_late_leaves_no_old_one_on_the_screen(line, ana, review):
    add_waiting(line, 3)
    loop = review(line, ana)
    late, held = ReviewTask.objects.get(run__part__serial="8F2-002"), []
    loop.page.route(f"**/tasks/{late.pk}/image/", lambda route: held.append(route))
    loop.page.reload()
    loop.page.wait_for_selector("html[data-ready]", state="attached")
    loop.wait_for_image()
    while loop.serial != "8F2-002":
        loop.decide("KeyF")
    loop.press("KeyF")
    assert is_blank(loop)

    held[0].continue_()
    loop.decide("KeyF")
    loop.wait_until_saved()

    assert late.decisions.count() == 1


def test_a_call_before_the_image_is_answered_and_the_wait_is_said(line, ana, review):
    add_waiting(line, 3)
    loop = review(line, ana)
    late, held = ReviewTask.objects.get(run__part__serial="8F2-002"), []
    loop.page.route(f"**/tasks/{late.pk}/image/", lambda route: held.append(route))
    loop.page.reload()
    loop.page.wait_for_selector("html[data-ready]", state="attached")
    loop.wait_for_image()
    expect(loop.part("loading")).to_be_hidden()
    while loop.serial != "8F2-002":
        loop.decide("KeyF")

    expect(loop.part("loading")).to_have_text("Loading the image")
    expect(loop.part("loading")).to_be_visible()
    loop.press("KeyF")
    expect(loop.part("said")).to_have_text("Wait for the image")

    held[0].continue_()
    loop.listens()
    expect(loop.part("loading")).to_be_hidden()
    expect(loop.part("said")).to_be_empty()
    assert not late.decisions.exists()


def test_the_end_of_the_queue_is_said_and_the_next_item_comes_by_itself(line, ana, review):
    add_waiting(line, 1)
    loop = review(line, ana)

    loop.decide("KeyF")
    expect(loop.part("veil-card")).to_contain_text("Nothing waiting")
    add_waiting(line, 1, first=1)

    expect(loop.part("serial")).to_have_text("8F2-002")


def test_what_others_hold_is_not_called_empty(line, ana, review, visit):
    add_waiting(line, 2)
    review(line, make_user("andre"))

    page = visit(f"/lines/{line.slug}/review/", ana)

    expect(page.locator('[data-part="veil-card"]')).to_contain_text("2 waiting, all open by others")


def test_nobody_there_dims_the_image_and_then_gives_the_items_back(line, ana, visit):
    add_waiting(line, 3)
    page = visit("/", ana)
    page.clock.install()
    page.goto(page.url + f"lines/{line.slug}/review/")
    page.clock.run_for(1000)
    expect(page.locator('[data-part="serial"]')).not_to_be_empty()

    page.clock.run_for(61_000)
    expect(page.locator('[data-part="veil-card"]')).to_contain_text("Still there?")
    page.clock.run_for(31_000)

    expect(page.locator('[data-part="veil-card"]')).to_contain_text("went back to the queue")
    wait_until(page, lambda: not ReviewTask.objects.filter(lease_holder=ana).exists())


def test_a_pause_gives_the_items_back_and_going_on_claims_again(line, ana, review):
    add_waiting(line, 5)
    loop = review(line, ana)

    with loop.page.expect_response("**/release/"):
        loop.press("KeyQ")
    loop.page.get_by_role("button", name="Go on").click()
    loop.wait_for_image()

    loop.decide("KeyF")
    loop.wait_until_saved()
    assert Decision.objects.count() == 1


def test_a_chosen_letter_decides_and_the_products_no_longer_does(line, ana, review):
    add_waiting(line, 3)
    ana.preferences = {"keys": {"pass": "K"}}
    ana.save()
    loop = review(line, ana)

    loop.press("KeyF")
    decided = loop.decide("KeyK")
    loop.wait_until_saved()

    assert decided_serials() == [decided]
    expect(loop.page.locator("[data-do='pass'] .key")).to_have_text("K")


def test_a_sign_can_have_a_letter_and_then_no_longer_does_what_it_did(line, ana, review):
    add_waiting(line, 2)
    ana.preferences = {"keys": {"brighter": "N", "zoom-in": "", "help": "K"}}
    ana.save()
    loop = review(line, ana)
    opened = loop.part("zoom").inner_text()

    loop.press("BracketRight", "Equal", "Shift+Slash")
    expect(loop.part("brightness")).to_have_text("0")
    expect(loop.part("help")).to_be_hidden()
    loop.press("KeyN", "BracketLeft", "KeyN")
    expect(loop.part("brightness")).to_have_text("+10")
    expect(loop.part("zoom")).to_have_text(opened)
    loop.page.locator("[data-do='zoom-in'][class='key-button']").click()
    expect(loop.part("zoom")).not_to_have_text(opened)
    loop.press("KeyK")

    expect(loop.part("help")).to_contain_text("N")
    assert loop.page.locator("[data-do='brighter'] .key").inner_text() == "N"
    assert loop.page.locator("[data-do='zoom-in'] .key").inner_text() == "+"


def test_with_single_keys_off_only_buttons_decide(line, ana, review):
    add_waiting(line, 3)
    ana.preferences = {"keys_off": True}
    ana.save()
    loop = review(line, ana)
    first = loop.serial

    loop.press("KeyF", "KeyJ", "Digit1")
    # Longer than a call would leave the page deaf: a key that decided is not hidden by it.
    loop.page.wait_for_timeout(300)
    assert (loop.serial, Decision.objects.count()) == (first, 0)
    loop.page.locator("[data-do='pass']").click()
    expect(loop.part("serial")).not_to_have_text(first)
    loop.wait_until_saved()

    assert [decision.label for decision in Decision.objects.all()] == [Label.PASS]
