"""The way back to the version before, for as long as what was rolled out serves: whatever else begins meanwhile."""

from datetime import timedelta

import pytest
from django.urls import reverse

from inspection import epochs, registry, rollouts
from inspection.models import Deployment, Line, Rollout
from inspection.rules.words import RolloutStrategy
from tests.builders import NOON, make_line, make_model_version
from tests.review.candidate_scene import make_beside, make_certified_line, serve_candidate
from tests.review.rollout_scene import deployed, make_rollout, send

pytestmark = pytest.mark.django_db

PROMOTED = NOON + timedelta(days=2)


def after(seconds):
    """Return the moment so long after green was left alone in service."""
    return PROMOTED + timedelta(seconds=seconds)


def fresh(line: Line) -> Line:
    return Line.objects.select_related("epoch__model_version", "bands").get(pk=line.pk)


@pytest.fixture
def line():
    return make_certified_line()


@pytest.fixture
def promoted(line, quinn):
    """Green followed blue, both under bands of their own, and its rollout is over."""
    rollout = make_rollout(line, "blue_green")
    make_beside(line, rollout, t_lo=0.02)
    rollout = serve_candidate(line, rollout, quinn)
    rollout.steps.update(min_parts=1)
    send(fresh(line), "watched", at=NOON + timedelta(minutes=2))
    rollouts.follow(rollout, now=PROMOTED)
    return Rollout.objects.select_related("line").get(outcome="promoted")


def begin(line, strategy="shadow", *, at=1):
    """Put a third version beside green, as a training does at its end."""
    red = make_model_version("red")
    return rollouts.start(line, red, strategy=RolloutStrategy(strategy), by=None, now=after(at))


def back_to_blue(line, promoted, quinn, *, at):
    rollouts.roll_back(promoted, by=quinn, cause="scratches", now=after(at))
    now = fresh(line)
    return deployed(line), now.bands_id == line.bands_id, now.epoch_id == line.epoch_id


BLUE_AS_BEFORE = (("blue:1", "", "", 0.0), True, True)


def test_while_a_shadow_watches_the_version_before_stays_loaded_and_its_bands_are_kept(line, promoted):
    begin(line)
    stands = Deployment.objects.get(line=line)
    assert (stands.standby.name, stands.bands, stands.kept_bands_id) == ("blue", None, line.bands_id)


@pytest.mark.parametrize("strategy", ["shadow", "canary", "blue_green"])
def test_a_rollout_that_began_since_leaves_the_way_back_and_is_taken_off_with_what_it_follows(
    line, promoted, quinn, strategy
):
    newer = begin(line, strategy)
    assert back_to_blue(line, promoted, quinn, at=60) == BLUE_AS_BEFORE
    newer.refresh_from_db()
    assert (newer.outcome, newer.closed_at) == ("aborted", after(60))
    assert send(line, "B-1", at=after(61)) is None


def test_a_rollout_that_was_aborted_since_leaves_the_way_back_too(line, promoted, quinn):
    rollouts.abort(begin(line), by=quinn, cause="no need", now=after(2))
    assert Deployment.objects.get(line=line).standby.name == "blue"
    assert back_to_blue(line, promoted, quinn, at=60) == BLUE_AS_BEFORE


def test_another_share_or_a_pause_of_the_newer_one_leaves_it_as_well(line, promoted, quinn):
    newer = begin(line, "canary")
    rollouts.set_share(newer, share=0.01, by=quinn, now=after(2))
    rollouts.pause(newer, by=quinn, cause="looking", now=after(3))
    rollouts.go_on(newer, by=quinn, now=after(4))
    assert back_to_blue(line, promoted, quinn, at=60) == BLUE_AS_BEFORE


def test_the_certificate_of_a_candidate_that_was_taken_off_is_not_what_comes_back(line, promoted, quinn):
    newer = begin(line, "canary")
    make_beside(fresh(line), newer)
    rollouts.abort(newer, by=quinn, cause="no", now=after(2))
    assert Deployment.objects.get(line=line).bands_id == line.bands_id
    assert back_to_blue(line, promoted, quinn, at=60) == BLUE_AS_BEFORE


def test_after_a_demotion_the_bands_that_were_kept_do_not_come_back(line, promoted, quinn):
    begin(line)
    now = fresh(line)
    epochs.enter(now, now.epoch.model_version, cause="demoted", now=after(2), fresh=True)
    rollouts.roll_back(promoted, by=quinn, cause="back", now=after(60))
    assert (deployed(line)[0], fresh(line).bands) == ("blue:1", None)


def test_once_another_version_has_served_the_way_is_closed(line, promoted, quinn):
    green = registry.present(line)
    registry.serve(line, make_model_version("red"), by=None, cause="by hand", now=after(1))
    registry.serve(line, green, by=None, cause="by hand", now=after(2))
    with pytest.raises(rollouts.RolloutClosed):
        rollouts.roll_back(promoted, by=quinn, cause="back", now=after(60))


def test_what_was_taken_back_opens_no_way_to_what_stood_before_it(line, promoted, quinn):
    rollouts.roll_back(promoted, by=quinn, cause="back", now=after(60))
    with pytest.raises(rollouts.RolloutClosed):
        rollouts.roll_back(promoted, by=quinn, cause="again", now=after(61))


# On the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def test_the_page_offers_both_ways_back_and_each_does_what_it_says(lead, line, promoted):
    newer = begin(line)
    shown = lead.get(reverse("rollouts", args=[line.slug])).content.decode()
    for words in ("Roll back to green:1", "takes red:1 off", "Roll back to blue:1"):
        assert words in shown
    assert f'name="rollout" value="{newer.pk}"' in shown
    answer = press(lead, line, promoted)
    assert "Rolled back" in answer
    assert deployed(line)[0] == "blue:1"


def test_a_button_pressed_while_a_shadow_began_takes_back_what_it_named(lead, line, promoted):
    shown = lead.get(reverse("rollouts", args=[line.slug])).content.decode()
    assert f'name="rollout" value="{promoted.pk}"' in shown
    begin(line)
    press(lead, line, promoted)
    assert deployed(line)[0] == "blue:1"


def test_a_rollout_of_another_line_is_not_named_here(lead, line, promoted):
    elsewhere = make_line("phone-lens")
    registry.serve(elsewhere, registry.serving(line), by=None, cause="set-up", now=NOON)
    other = begin(elsewhere)
    assert "This rollout is over" in press(lead, line, other)
    assert (deployed(line)[0], deployed(elsewhere)[1]) == ("green:1", "red:1")


def press(lead, line, rollout):
    address = reverse("rollout-deed", args=[line.slug, "roll-back"])
    return lead.post(address, {"rollout": rollout.pk}, follow=True).content.decode()
