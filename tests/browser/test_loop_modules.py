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


LOOKED_AWAY = """async (isCut) => {
  const { Tiles } = await import("/static/js/review/tiles.js");
  const answers = [];
  window.fetch = (address, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      answers.push(resolve);
    });
  const drawn = new OffscreenCanvas(1024, 1024);
  drawn.getContext("2d");
  const blob = await drawn.convertToBlob();
  let arrived;
  const next = () => new Promise((resolve) => (arrived = resolve));
  const tiles = new Tiles(() => arrived?.());
  const field = { width: 2048, height: 2048 };
  const [close, away] = [{ zoom: 4, x: 0.5, y: 0.5 }, { zoom: 1, x: 0.5, y: 0.5 }];
  tiles.open("/image/", { width: 2048, height: 2048 }, { width: 8192, height: 8192 });
  const answer = async (n) => {
    const coming = next();
    answers[n](new Response(blob));
    await coming;
    await new Promise((resolve) => setTimeout(resolve));
  };
  const context = new OffscreenCanvas(2048, 2048).getContext("2d");
  tiles.paint(context, close, field);
  if (isCut) await answer(0);
  const asked = answers.length;
  tiles.paint(context, away, field);
  if (!isCut) await answer(0);
  await new Promise((resolve) => setTimeout(resolve));
  return answers.length - asked;
}"""


@pytest.mark.parametrize("is_cut", [False, True])
def test_no_more_tiles_are_asked_for_once_one_has_looked_away(visit, is_cut):
    page = visit("/accounts/login/")

    assert page.evaluate(LOOKED_AWAY, is_cut) == 0


LEFT_ALONE = """async ([status, ms]) => {
  const { Tiles } = await import("/static/js/review/tiles.js");
  let now = 0;
  performance.now = () => now;
  let asked = 0;
  window.fetch = async () => { asked += 1; return new Response(null, { status }); };
  const tiles = new Tiles(() => {});
  tiles.open("/image/", { width: 512, height: 512 }, { width: 1024, height: 1024 });
  const context = new OffscreenCanvas(1024, 1024).getContext("2d");
  const look = async () => {
    tiles.paint(context, { zoom: 1, x: 0.5, y: 0.5 }, { width: 1024, height: 1024 });
    await new Promise((resolve) => setTimeout(resolve));
  };
  for (let n = 0; n < 5; n += 1) await look();
  now = ms;
  await look();
  return asked;
}"""


@pytest.mark.parametrize(("status", "ms", "asked"), [(503, 900, 1), (503, 1000, 2), (429, 1000, 2), (404, 1000, 1)])
def test_a_busy_server_is_left_alone_for_a_second_and_one_that_has_no_tile_for_good(visit, status, ms, asked):
    page = visit("/accounts/login/")

    assert page.evaluate(LEFT_ALONE, [status, ms]) == asked


STRETCHES = """async ([first, awayS, second]) => {
  const { Session } = await import("/static/js/review/session.js");
  let now = 1_000_000, tick;
  performance.now = Date.now = () => now;
  window.setInterval = (deed) => { tick = deed; };
  sessionStorage.clear();
  const session = new Session({ person: "ana", vigilanceMin: 20, patience: 1 });
  const asked = [];
  session.addEventListener("tired", () => asked.push(Math.round(session.stretchMs / 60_000)));
  const look = (minutes) => {
    for (let n = 0; n < minutes * 60; n += 1) {
      now += 1000;
      dispatchEvent(new Event("keydown"));
      tick();
    }
  };
  look(first);
  session.pause();
  now += awayS * 1000;
  session.resume();
  look(second);
  session.end();
  return [asked, new Session({ person: "ana", vigilanceMin: 20, patience: 1 }).activeMs];
}"""


@pytest.mark.parametrize(
    ("away_s", "asked"), [(120, [20, 30, 20]), (60, [20, 30, 40, 50])], ids=["a break", "no more than a pause"]
)
def test_after_a_break_a_new_stretch_begins_and_with_the_session_all_ends(visit, away_s, asked):
    page = visit("/accounts/login/")

    assert page.evaluate(STRETCHES, [31, away_s, 21]) == [asked, 0]
