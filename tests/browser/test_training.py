"""From labels to a candidate that watches, as a lead does it in the browser; the worker's deed is done by the test."""

import pytest
from django.utils.timezone import now

from inspection.rules.words import Label, Role
from review import trainings
from review.models import Training
from tests.builders import make_line, make_user
from tests.inspection.items import make_item
from tests.review.rollout_scene import deployed
from tests.review.training_scene import state
from vision.drawn.parts import draw, encode

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lead_brings_labels_to_a_candidate_in_shadow(visit, transactional_db, settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    line = make_line(truth_share=0.0)
    for n in range(24):
        defect = "scratch" if n % 2 else None
        body = encode(draw(n, defect=defect, visibility=0.9, size=(320, 240)))
        state(make_item(line, serial=f"P-{n}", body=body, at=now()), Label.DEFECT if defect else Label.PASS)
    page = visit(f"/lines/{line.slug}/data/", make_user("quinn", role=Role.QA_LEAD), width=1366, height=768)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
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
    assert deployed(line) == ("None", "phone-glass-small-cnn:1", "shadow", 1.0)
