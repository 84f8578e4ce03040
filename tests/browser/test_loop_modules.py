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
