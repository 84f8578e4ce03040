"""The dark photo, as a lead lives through it: a lamp fades, fails and comes back, and the pages say so all the way.

Images come in at the intake, a model looks at each, the relay's rounds go; the lead answers in the browser.
With TOLLGATE_PICTURES=FOLDER the pages are kept there as the story goes.
"""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now as clock
from playwright.sync_api import expect

from inspection import intake, registry
from inspection.models import Hold
from inspection.rules.words import Role
from monitoring import rounds, watching
from monitoring.models import Alarm, AlarmChange, Baseline, DriftMark
from review import arrivals, watches
from tests.builders import make_line, make_station, make_user
from tests.inspection.models import make_bands, make_serving
from tests.inspection.pictures import file_of
from vision.drawn.parts import draw

REFERENCE, PARTS, SIZE = 200, 40, (160, 120)
# How bright the lamp is: well, as it fades within what the model is certified for, and when it has failed.
WELL, FADED, FAILED = 1.0, 0.72, 0.3
TOGETHER = 16
SHARES = {"truth_share": 0.0, "overlap_share": 0.0, "control_share": 0.0, "audit_share": 0.0}


class Plant:
    """One line that decides by itself, its camera and its lamp."""

    def __init__(self):
        deadlines = {"model_deadline_s": 3600.0, "review_deadline_s": 36_000.0}
        self.line = make_line("phone-back", level="partial", **deadlines, **SHARES)
        make_bands(self.line, make_serving(self.line))
        self.station = make_station(self.line)
        self._parts = [draw(n, product="back", size=SIZE).image for n in range(PARTS)]
        self._taken = 0

    def take(self, count, *, light, at):
        """Let parts pass the camera; the model looks at each."""
        for begun in range(0, count, TOGETHER):
            uploads = [self._upload(light, at) for _ in range(min(TOGETHER, count - begun))]
            came = intake.accept_all(self.station, uploads=uploads, now=at)
            arrivals.predict_all([one.item.pk for one in came], clock=lambda: at)

    def go_round(self, at):
        """Let the relay do its rounds of this moment."""
        rounds.go(now=at)
        watching.go(now=at, prunes=False)

    def _upload(self, light, at):
        self._taken += 1
        written = io.BytesIO()
        # The lamp flickers a little, as lamps do.
        shade = light * (1 + 0.002 * (self._taken % 7))
        self._parts[self._taken % PARTS].point(lambda value: value * shade).save(written, "JPEG", quality=90)
        serial = f"D-{self._taken:04}"
        return intake.Upload(
            serial=serial, view="front", captured_at=at, file=file_of(written.getvalue()), idempotency_key=serial
        )


@pytest.fixture
def plant(transactional_db, settings, tmp_path):
    settings.BELL, settings.REDIS_URL = "inspection.bell.nobody", "memory://"
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = settings.STORAGES | {
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}}
    }
    registry.forget_loaded()
    yield Plant()
    registry.forget_loaded()


def keep(page, name):
    if folder := os.environ.get("TOLLGATE_PICTURES"):
        page.screenshot(path=Path(folder) / f"dark-{name}.png")


def is_on(rule):
    return Alarm.objects.filter(rule=rule, is_on=True).exists()


def test_the_lamp_fails_and_comes_back(plant, visit):
    quinn = make_user("quinn", role=Role.QA_LEAD)
    healthy_days(plant, clock() - timedelta(minutes=30))

    lamp_fades(plant, clock())
    page = visit("/lines/phone-back/monitor/", quinn, width=1366, height=768)
    expect(page.locator(".alarm-banner")).to_contain_text("The line is on hold")
    keep(page, "1-noticed")
    page.goto(page.url.replace("/monitor/", "/drift/"))
    expect(page.locator("main")).to_contain_text("notice")
    keep(page, "2-drift")
    lift_the_hold(page)

    lamp_fails(plant, clock())
    page.goto(page.url.split("/lines/")[0] + "/alarms/")
    page.get_by_role("link", name="Images lie outside what the model is certified for").first.click()
    expect(page.locator("main")).to_contain_text("tightened the audit")
    keep(page, "3-alarm")
    page.get_by_role("link", name="Images of that time").click()
    expect(page.locator("main img").first).to_be_visible()
    keep(page, "4-images")
    page.go_back()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".page-head")).to_contain_text("acknowledged by quinn")
    keep(page, "5-acknowledged")

    address = page.url
    lights_are_back(plant, clock())
    page.goto(address)
    expect(page.locator(".page-head")).to_contain_text("normal")
    expect(page.locator(".history")).to_contain_text("cleared")
    keep(page, "6-cleared")
    lift_the_hold(page)
    assert not Hold.objects.in_force().exists()
    told = AlarmChange.objects.filter(alarm__rule="outside-envelope").order_by("pk").values_list("event", flat=True)
    assert list(told) == ["raised", "acknowledged", "cleared"]


def healthy_days(plant, at):
    """The line has run well: a reference is taken, and audits are as they are on such a line."""
    plant.take(REFERENCE, light=WELL, at=at)
    plant.go_round(at + timedelta(seconds=20))
    assert Baseline.objects.get().images == REFERENCE
    watches.set_state(watches.standing(plant.line), "normal", now=at)


def lamp_fades(plant, at):
    """The lamp loses a quarter of its light: still within what is certified, and noticed all the same."""
    plant.take(3 * TOGETHER, light=FADED, at=at)
    plant.go_round(at + timedelta(seconds=20))
    assert DriftMark.objects.get().kind == "notice"
    assert not is_on("outside-envelope")


def lamp_fails(plant, at):
    """No image lies within what is certified: people get them all, and the audit is tightened."""
    plant.take(4 * TOGETHER, light=FAILED, at=at)
    plant.go_round(at + timedelta(seconds=20))
    assert is_on("outside-envelope")
    assert watches.standing(plant.line).state == "tightened"


def lights_are_back(plant, moment):
    """Good images come for longer than the alarm waits before it goes."""
    for minutes in (4, 7):
        at = moment + timedelta(minutes=minutes)
        plant.take(TOGETHER, light=WELL, at=at)
        plant.go_round(at + timedelta(seconds=20))
    assert not is_on("outside-envelope")


def lift_the_hold(page):
    """Say on the line's page that somebody has looked."""
    page.goto(page.url.split("/lines/")[0].split("/alarms/")[0] + "/lines/phone-back/automation/")
    page.get_by_role("button", name="I have looked: lift the hold").first.click()
    expect(page.get_by_role("button", name="I have looked: lift the hold")).to_have_count(0)
