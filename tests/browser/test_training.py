"""From labels to a candidate that watches, as a lead does it in the browser; the worker's deed is done by the test."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from inspection import intake, rollouts, salts
from inspection.models import ArmEvent, Part, RolloutStep, Run
from inspection.models.rollout import READ, SEEN
from inspection.rules.rollouts import Arm
from inspection.rules.words import Label, Role
from review import rollbacks, trainings
from review.models import Training
from tests.builders import PASSWORD, make_line, make_user
from tests.inspection.items import make_item
from tests.review.rollout_scene import deployed, make_served_line
from tests.review.training_scene import state
from vision.drawn.parts import draw, encode

pytestmark = pytest.mark.django_db(transaction=True)


ENOUGH = 600
"""Runs without a failure after which every guardrail says "no worse"."""


def test_a_lead_brings_labels_to_a_candidate_in_shadow(visit, transactional_db, settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    line = make_line(truth_share=0.0)
    label_parts(line)
    page = visit(f"/lines/{line.slug}/data/", make_user("quinn", role=Role.QA_LEAD), width=1366, height=768)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    train(page)
    assert deployed(line) == ("None", "phone-glass-small-cnn:1", "shadow", 1.0)


def test_parts_of_another_family_bring_a_retrained_model_from_shadow_into_service(
    visit, transactional_db, settings, tmp_path
):
    settings.MODELS_ROOT = tmp_path / "models"
    line = make_served_line(truth_share=0.0)
    label_parts(line, family="back")
    page = visit(f"/lines/{line.slug}/data/", make_user("quinn", role=Role.QA_LEAD), width=1366, height=768)
    train(page)
    assert deployed(line) == ("blue:1", "phone-glass-small-cnn:1", "shadow", 1.0)

    seen = make_runs(line, ENOUGH)
    for share in ("5", "20", "50", "100"):
        let_it_be_seen(line, seen)
        page.fill("#advance-password", PASSWORD)
        page.click("text=Move on to the next step")
        page.wait_for_selector(f"li.now:has-text('{share} %')")
    assert deployed(line)[0] == "phone-glass-small-cnn:1"

    let_it_be_seen(line, seen)
    rollbacks.follow_all(now=now())
    page.reload()
    page.wait_for_selector("text=No rollout is open")
    assert deployed(line) == ("phone-glass-small-cnn:1", "", "", 0.0)
    assert page.inner_text(".model-word") == "phone-glass-small-cnn:1"


def label_parts(line, *, family="glass"):
    for n in range(24):
        defect = "scratch" if n % 2 else None
        body = encode(draw(n, product=family, defect=defect, visibility=0.9, size=(320, 240)))
        state(make_item(line, serial=f"P-{n}", body=body, at=now()), Label.DEFECT if defect else Label.PASS)


def train(page):
    """Take a snapshot of the data page, train on it, and go on to the rollout that begins by itself."""
    page.click("text=Take a snapshot")
    page.wait_for_selector("text=matches its images")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.fill("[name=minutes]", "1")
    page.click("[aria-labelledby='start-title'] button")
    page.wait_for_selector("text=waits for the worker")
    trainings.run(str(Training.objects.get().pk), clock=now)
    page.wait_for_selector("text=watches in shadow")
    page.click("[aria-labelledby='result-title'] >> text=Models and rollouts")
    page.wait_for_selector("text=Candidate phone-glass-small-cnn:1")


def make_runs(line, count):
    """Take in so many runs, without pictures: only what the two versions did on them matters here."""
    line.refresh_from_db()
    parts = Part.objects.bulk_create(Part(line=line, serial=f"S-{n}") for n in range(count))
    salt, moment = salts.rotate(line, now=now()), now()
    runs = [intake.new_run(line, n=1, salt=salt, now=moment) for _ in parts]
    for run, part in zip(runs, parts, strict=True):
        run.part = part
    return Run.objects.bulk_create(runs)


def let_it_be_seen(line, runs):
    """Let both versions see the runs and people read them, without a failure, over the days that the step asks for."""
    step = rollouts.current(line.rollouts.get())
    ArmEvent.objects.bulk_create(
        ArmEvent(step=step, run=run, arm=arm.value, kind=kind, seen_at=now())
        for run in runs
        for arm in Arm
        for kind in (SEEN, READ)
    )
    RolloutStep.objects.filter(pk=step.pk).update(began_at=step.began_at - timedelta(days=4))
