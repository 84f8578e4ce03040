"""Modules of the loop alone in the browser: what no page shows and the server never hears."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)

OPEN_IMAGES = """async (phases) => {
  const { Calls } = await import("/static/js/review/calls.js");
  const calls = new Calls({ now: () => 0 });
  let open = 0;
  for (let n = 0; n < 20; n += 1) {
    const task = { bitmap: { close: () => { open -= 1; } } };
    open += 1;
    for (const phase of phases) calls.push({ id: `${n}-${phase}`, task, phase });
  }
  return open;
}"""


@pytest.mark.parametrize("phases", [["initial"], ["initial", "final"]])
def test_only_the_images_of_the_last_three_calls_stay_open(visit, phases):
    page = visit("/accounts/login/")

    assert page.evaluate(OPEN_IMAGES, phases) <= 3


UNDO_LEFT = """async ([windowMs, finalAt]) => {
  const { Calls } = await import("/static/js/review/calls.js");
  const calls = new Calls({ now: () => 1000 });
  calls.push({ id: "one", task: {}, phase: "initial", body: {}, windowMs, finalAt });
  return [calls.undoLeft, calls.canBeAsked];
}"""


@pytest.mark.parametrize(
    ("window_ms", "final_at", "left"),
    [(5000, None, [5000, True]), (5000, 3000, [2000, True]), (5000, 900, [-100, False]), (0, 1400, [0, False])],
)
def test_no_more_than_the_window_to_undo_is_left_where_the_servers_clock_is_known_too_late(
    visit, window_ms, final_at, left
):
    page = visit("/accounts/login/")

    assert page.evaluate(UNDO_LEFT, [window_ms, final_at]) == left
