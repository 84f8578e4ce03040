"""A candidate tries the line's last images when its rollout begins, and the page says how that went."""

from datetime import timedelta

import pytest
from django.urls import reverse

from inspection import rollouts
from inspection.models import HealthRun
from inspection.rules.words import RolloutStrategy
from review import tasks
from tests.builders import NOON, make_line
from tests.inspection.items import make_item
from tests.inspection.models import make_light_meter, make_serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def line():
    line = make_line(level="shadow")
    make_serving(line)
    for n in range(3):
        make_item(line, serial=f"P-{n}", at=NOON + timedelta(seconds=n))
    return line


def begin(line, kind="light"):
    candidate = make_light_meter(kind, name="other")
    return rollouts.start(line, candidate, strategy=RolloutStrategy.SHADOW, by=None, now=NOON)


def page(client, line, quinn):
    client.force_login(quinn)
    return client.get(reverse("rollouts", args=[line.slug])).content.decode()


def test_before_it_has_tried_them_the_page_says_that_it_will(client, line, quinn):
    begin(line)
    assert "It tries the line's last images" in page(client, line, quinn)


def test_a_candidate_that_answers_every_image_is_said_to(client, line, quinn):
    rollout = begin(line)
    tasks.check_health()
    trial = HealthRun.objects.get(model_version=rollout.candidate)
    assert (trial.items, trial.missing, trial.complaint) == (3, 0, "")
    assert "last 3 images and answered every one" in page(client, line, quinn)


@pytest.mark.parametrize(("kind", "why"), [("nan", "other:1: "), ("wide", "other:1: "), ("broken", "other:1: ")])
def test_one_that_fails_is_said_to_in_the_words_of_the_log(client, line, quinn, kind, why, settings):
    rollout = begin(line, kind)
    tasks.check_health()
    trial = HealthRun.objects.get(model_version=rollout.candidate)
    assert (trial.items, trial.missing) == (3, 3)
    assert trial.complaint.startswith(why)
    shown = page(client, line, quinn)
    assert "failed its trial" in shown
    assert "no answer on 3 of the line's last 3 images" in shown
    assert why in shown
    assert str(settings.MODELS_ROOT) not in shown


def test_each_rollout_tries_once(line, quinn):
    first = begin(line)
    tasks.check_health()
    tasks.check_health()
    assert HealthRun.objects.filter(model_version=first.candidate).count() == 1
    rollouts.abort(first, by=quinn, cause="again", now=NOON + timedelta(days=400))
    again = rollouts.start(
        first.line, first.candidate, strategy=RolloutStrategy.SHADOW, by=None, now=NOON + timedelta(days=401)
    )
    HealthRun.objects.update(finished_at=NOON)
    tasks.check_health()
    assert HealthRun.objects.filter(model_version=again.candidate).count() == 2


def test_a_line_without_an_image_has_nothing_to_try(quinn):
    empty = make_line("empty", level="shadow")
    make_serving(empty)
    begin(empty)
    tasks.check_health()
    assert not HealthRun.objects.exists()


def test_a_program_reads_the_same(client, line, quinn):
    rollout = begin(line, "nan")
    tasks.check_health()
    client.force_login(quinn)
    told = client.get(f"/api/v1/rollouts/{rollout.pk}/").json()["trial"]
    assert (told["items"], told["missing"]) == (3, 3)
    assert told["complaint"].startswith("other:1: ")
