"""From labels to a candidate that watches, as a lead does it in the browser; the worker's deed is done by the test."""

import pytest
from django.utils.timezone import now

from inspection import fitter
from inspection.rules.words import Label, Role
from monitoring.models import Alarm
from review import trainings
from review.models import Snapshot, Training
from tests.builders import PASSWORD, make_line, make_user
from tests.inspection.items import make_item
from tests.review.family_scene import LEARNED, NEW, OLD, SEEN_BY_BOTH, SHARED, Floor, shorten_rollouts
from tests.review.rollout_scene import deployed
from tests.review.training_scene import state
from vision.drawn.parts import draw, encode

pytestmark = pytest.mark.django_db(transaction=True)

MOSTLY = 0.75
EPOCHS_SEEN = (1, 3)
MAY_GO_ON = "Every guardrail says no worse: a person may move it on."


def test_a_lead_brings_labels_to_a_candidate_in_shadow(visit, transactional_db, settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    line = make_line(truth_share=0.0)
    label_parts(line)
    page = visit(f"/lines/{line.slug}/data/", make_user("quinn", role=Role.QA_LEAD), width=1366, height=768)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    train(page)
    assert deployed(line) == ("None", "phone-glass-small-cnn:1", "shadow", 1.0)


def test_an_alarm_over_parts_of_another_family_leads_to_a_retrained_model_from_shadow_into_service(
    visit, transactional_db, settings, tmp_path, monkeypatch
):
    settings.MODELS_ROOT = tmp_path / "models"
    shorten_rollouts(monkeypatch)
    floor = Floor()
    line, candidate = floor.line, "phone-glass-small-cnn"
    floor.bring("old", OLD, count=4, bad_every=2)
    floor.bring("learned", NEW, count=LEARNED, bad_every=2, is_read_twice=True)
    assert (floor.right("light-meter", "old"), floor.right("light-meter", "learned")) == (1.0, 0.5)

    alarm = Alarm.objects.create(line=line, rule="image-drift", state="unacknowledged", is_on=True, raised_at=now())
    page = visit(f"/alarms/{alarm.pk}/", floor.lead, width=1366, height=768)
    page.click("text=Labels of those days")
    page.wait_for_url("**/data/?q=date**")
    train(page)
    assert Snapshot.objects.get().images == LEARNED
    assert deployed(line) == ("light-meter:1", f"{candidate}:1", "shadow", 1.0)

    for step, count, share in (("shadow", SEEN_BY_BOTH, "75"), ("canary", SHARED, "100")):
        floor.bring(step, NEW, count=count, bad_every=3)
        page.reload()
        assert (page.inner_text(".verdict"), floor.right(candidate, step) >= MOSTLY) == (MAY_GO_ON, True)
        page.fill("#advance-password", PASSWORD)
        page.click("text=Move on to the next step")
        page.wait_for_selector(f"li.now:has-text('{share} %')")
    assert deployed(line)[0] == f"{candidate}:1"

    floor.bring("watch", NEW, count=SEEN_BY_BOTH, bad_every=3)
    page.reload()
    page.wait_for_selector("text=No rollout is open")
    assert deployed(line) == (f"{candidate}:1", "", "", 0.0)
    assert page.inner_text(".model-word") == f"{candidate}:1"
    assert floor.right(candidate, "watch") >= MOSTLY
    assert floor.right("light-meter", "watch") < MOSTLY


def label_parts(line):
    for n in range(24):
        defect = "scratch" if n % 2 else None
        body = encode(draw(n, defect=defect, visibility=0.9, size=(320, 240)))
        state(make_item(line, serial=f"P-{n}", body=body, at=now()), Label.DEFECT if defect else Label.PASS)


def train(page):
    """Take a snapshot of the data page, train on it, and go on to the rollout that begins by itself."""
    page.click("text=Take a snapshot")
    page.wait_for_selector("text=matches its images")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.fill("[name=minutes]", "5")
    page.click("[aria-labelledby='start-title'] button")
    page.wait_for_selector("text=waits for the worker")
    trainings.run(str(Training.objects.get().pk), clock=now, fit=watched_on(page))
    page.wait_for_selector("text=watches in shadow")
    page.click("[aria-labelledby='result-title'] >> text=Models and rollouts")
    page.wait_for_selector("text=Candidate phone-glass-small-cnn:1")


def watched_on(page):
    """Learn as ever; at the first epoch and at a later one the open page must show by itself how far it is."""

    def learn(order, folder, *, is_wanted):
        def seen(told):
            goes_on = is_wanted(told)
            if told and told["stage"] == "train" and told["done"] in EPOCHS_SEEN:
                page.wait_for_selector(f".verdict:has-text('{told['done']} / {told['total']}')")
                page.wait_for_selector("polyline.series", state="attached")
            return goes_on

        return fitter.fit(order, folder, is_wanted=seen)

    return learn
