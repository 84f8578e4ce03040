"""A candidate tries the line's last images when its rollout begins, and the page says how that went."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from inspection import health, rollouts, trials
from inspection.models import CandidateTrial, HealthRun, Prediction
from inspection.rules.words import RolloutStrategy
from review import tasks
from tests.builders import NOON, make_line
from tests.inspection.items import damage, make_item
from tests.inspection.models import make_light_meter, make_serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]

FAILURES = {"nan": "other:1: ", "wide": "other:1: ", "broken": "model.onnx"}


@pytest.fixture
def line():
    line = make_line(level="shadow")
    make_serving(line)
    take_in(line, 3)
    return line


def take_in(line, count):
    for n in range(count):
        make_item(line, serial=f"P-{n}", at=NOON + timedelta(seconds=n))


def begin(line, kind="light"):
    candidate = make_light_meter(kind, name="other")
    return rollouts.start(line, candidate, strategy=RolloutStrategy.SHADOW, by=None, now=NOON)


@pytest.fixture
def page(client, line, quinn):
    client.force_login(quinn)
    return lambda: client.get(reverse("rollouts", args=[line.slug])).content.decode()


def test_before_it_has_tried_them_the_page_says_that_it_will(line, page):
    begin(line)
    assert "It tries the line's last images" in page()


def test_a_candidate_that_answers_every_image_is_said_to_and_nothing_else_is_kept(line, page):
    rollout = begin(line)
    tasks.check_health()
    assert (rollout.trial.items, rollout.trial.missing, rollout.trial.complaint) == (3, 0, "")
    assert "last 3 images and answered every one" in page()
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(("kind", "why"), FAILURES.items())
def test_one_that_fails_is_said_to_in_the_words_of_the_log_without_the_servers_folders(line, page, kind, why, settings):
    rollout = begin(line, kind)
    tasks.check_health()
    assert (rollout.trial.items, rollout.trial.missing) == (3, 3)
    shown = page()
    assert "failed its trial" in shown
    assert "no answer on 3 of the line's last 3 images" in shown
    assert why in rollout.trial.complaint
    assert str(settings.MODELS_ROOT) not in rollout.trial.complaint


def test_why_it_failed_stays_to_be_read_after_it_was_taken_off(line, page, quinn):
    rollout = begin(line, "nan")
    tasks.check_health()
    rollouts.abort(rollout, by=quinn, cause="it says nothing", now=now())
    assert "failed its trial" in page()
    again = rollouts.start(line, make_light_meter(name="third"), strategy=RolloutStrategy.SHADOW, by=None, now=now())
    tasks.check_health()
    assert again.trial.missing == 0
    assert "failed its trial" not in page()


def test_each_rollout_tries_once_also_where_the_candidate_ended_the_process(line, page):
    rollout = begin(line)

    def die(item, **asked):
        raise MemoryError

    with pytest.raises(MemoryError):
        trials.run(rollout, clock=now, examine=die)
    assert trials.due() == []
    assert trials.run(rollout, clock=now) is None
    CandidateTrial.objects.update(began_at=now() - timedelta(minutes=6))
    assert "never came to an end" in page()


def test_a_picture_that_cannot_be_decoded_is_no_fault_of_the_candidate(line, page):
    rollout = begin(line)
    for item in line.items.all()[:2]:
        damage(item)
    tasks.check_health()
    assert (rollout.trial.items, rollout.trial.missing) == (1, 0)


def test_a_line_without_an_image_has_nothing_to_try():
    empty = make_line("empty", level="shadow")
    make_serving(empty)
    begin(empty)
    tasks.check_health()
    assert not CandidateTrial.objects.exists()


def test_a_trial_of_a_few_images_stands_for_no_health_run(quinn):
    line = make_line(level="human")
    take_in(line, 3)
    rollout = begin(line)
    tasks.check_health()
    assert rollout.trial.items == 3
    assert not HealthRun.objects.exists()
    assert health.lines_to_try(now=now()) == []


def test_a_program_reads_the_same(client, line, quinn):
    rollout = begin(line, "nan")
    tasks.check_health()
    client.force_login(quinn)
    told = client.get(f"/api/v1/rollouts/{rollout.pk}/").json()["trial"]
    assert (told["items"], told["missing"], told["p95_ms"]) == (3, 3, None)
    assert told["complaint"].startswith("other:1: ")
