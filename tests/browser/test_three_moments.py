"""The three moments that must work in front of a visitor: the demo's own lines, on the product's own processes.

With TOLLGATE_PICTURES=FOLDER the pages are kept there as the moments go.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bench import floor
from bench.own_engine import ROOT, OwnEngine, wait_until
from config.engine.home import Home

pytestmark = pytest.mark.moments
# What another process does is waited for itself, however slow the machine is.
WITHIN_MS = 300_000
PANEL = "/lines/phone-back/simulated/"
DIM_STEPS = 14


def load(folder):
    """Load two of the demo's lines; one stands still, so that the other has the station to itself."""
    with Home(folder).claimed():
        floor.run(folder, "-m", "bench.demo_rows", "phone-glass", "phone-back")
    (folder / "optics.json").write_text(json.dumps({"phone-glass": {"paused": True}}))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moments") / "data"
    load(folder)
    engine = OwnEngine(folder, "--rate", "60")
    yield engine.start().await_up()
    engine.stop()


@pytest.fixture
def quinn(demo, chromium):
    """The page of a lead who has signed in."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB", accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    expect.set_options(timeout=WITHIN_MS)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: "Content Security" in said.text and faults.append(said.text))
    # Right after a start the database may be busy: the page says so, and one signs in again.
    wait_until(lambda: sign_in(page, demo), "the sign-in", WITHIN_MS / 1000)
    yield page
    context.close()
    assert faults == []


def sign_in(page, demo):
    """Try to sign in as Quinn; say whether it worked."""
    if not page.goto(f"{demo.url}/accounts/login/").ok:
        return False
    page.fill("[name=login]", "quinn")
    page.fill("[name=password]", demo.facts()["people"][0]["password"])
    page.click("main button.primary")
    page.wait_for_load_state()
    return "login" not in page.url


def turn(page, key):
    """Turn the lamp by keyboard, and wait until the station has been told."""
    page.locator("#light").focus()
    with page.expect_response(lambda answer: answer.url.endswith("/conditions/") and answer.status == 204):
        for _ in range(DIM_STEPS):
            page.keyboard.press(key)
    page.locator("#light").blur()


def keep(page, name):
    if folder := os.environ.get("TOLLGATE_PICTURES"):
        page.screenshot(path=Path(folder) / f"moment-{name}.png")


def ways_since(demo, moment):
    """Return the way that each image taken since a moment went, in order."""
    taken = (
        "SELECT routing.route FROM inspection_item item JOIN inspection_line line ON line.id = item.line_id "
        "JOIN inspection_routing routing ON routing.item_id = item.id "
        "WHERE line.slug = 'phone-back' AND item.captured_at >= ? ORDER BY item.captured_at"
    )
    with closing(sqlite3.connect(demo.folder / "tollgate.sqlite3", timeout=30)) as rows:
        return [way for (way,) in rows.execute(taken, [f"{moment:%Y-%m-%d %H:%M:%S.%f}"])]


def test_lights_off_the_next_image_goes_to_people_one_sentence_says_why_and_the_station_holds(demo, quinn):
    quinn.goto(demo.url + PANEL)
    expect(quinn.locator("[data-now]")).to_contain_text("the model decided")
    turn(quinn, "ArrowLeft")
    dark_since = datetime.now(UTC)
    why = quinn.locator("[data-outside] .sentence")
    expect(why).to_have_text(re.compile(r"Too dark: p99 luminance [\d.]+, certified [\d.]+ to [\d.]+\."))
    expect(quinn.locator("[data-held]")).to_contain_text("3 images in a row")
    assert set(ways_since(demo, dark_since)) == {"human"}
    keep(quinn, "1-lights-off")

    turn(quinn, "ArrowRight")
    expect(quinn.locator("[data-outside]")).to_have_count(0)
    quinn.get_by_role("link", name="Look and lift the hold").click()
    quinn.get_by_role("button", name="I have looked: lift the hold").click()
    quinn.goto(demo.url + PANEL)
    expect(quinn.locator("[data-now]")).to_contain_text("the model decided")
    expect(quinn.locator("[data-held]")).to_have_count(0)


def test_the_honest_no_a_model_that_always_says_pass_asks_and_the_gate_stays_shut(demo, quinn):
    quinn.goto(f"{demo.url}/lines/phone-glass/automation/")
    expect(quinn.get_by_role("cell", name="99.5 %")).to_be_visible()
    quinn.get_by_role("button", name="Ask for promotion").click()
    expect(quinn.locator(".alarm-banner .sentence")).to_have_text("0 of 20 defects found. The gate stays shut.")
    keep(quinn, "2-the-honest-no")


def test_climb_and_fall_a_new_scratch_is_found_the_line_comes_down_and_a_scanned_part_has_its_receipt(
    demo, quinn, tmp_path
):
    quinn.goto(demo.url + PANEL)
    expect(quinn.locator("[data-now]")).to_contain_text("partial")
    saved = float(quinn.locator("[data-minutes]").inner_text())
    quinn.wait_for_function("before => Number(document.querySelector('[data-minutes]').innerText) > before", arg=saved)
    keep(quinn, "3-climbed")

    quinn.get_by_role("button", name="A new kind of scratch appears").click()
    expect(quinn.locator("[data-fell]")).to_contain_text("escape chart")
    serial = quinn.locator(".serials a").first
    expect(serial).to_be_visible()
    keep(quinn, "4-fallen")
    scanned = serial.inner_text()

    quinn.locator("#scan").focus()
    quinn.keyboard.type(scanned)
    quinn.keyboard.press("Enter")
    quinn.locator("table tbody a").first.click()
    expect(quinn.locator(".verdict")).to_contain_text("Verified")
    keep(quinn, "5-receipt")
    with quinn.expect_download() as saving:
        quinn.get_by_role("link", name="Save for checking offline").click()
    receipt = tmp_path / "receipt.json"
    saving.value.save_as(receipt)
    assert scanned in receipt.read_text()
    subprocess.run([sys.executable, "-m", "inspection.rules.receipts", str(receipt)], cwd=ROOT, check=True)
