"""STOP while a candidate is on its way: nothing that moves it afterwards lets either version decide."""

import pytest

from inspection import automation, rollouts
from inspection.models import Disposition, Line, Routing
from review import rollbacks
from tests.builders import NOON
from tests.review.candidate_scene import make_beside, make_certified_line, serve_candidate
from tests.review.rollout_scene import make_rollout, send
from tests.review.scene import later

pytestmark = pytest.mark.django_db

MINE, THEIRS = 0.01, 0.9
"""Positions of runs: below every share here, and above."""


@pytest.fixture
def line():
    return make_certified_line()


def decided(line, serial, *, at):
    """Send a part to either version, and return who answers for them."""
    for name, position in (("mine", MINE), ("theirs", THEIRS)):
        send(Line.objects.get(pk=line.pk), f"{serial}-{name}", position=position, at=later(at))
    found = Routing.objects.filter(item__run__part__serial__startswith=f"{serial}-")
    return sorted(found.values_list("model_version__name", "route", "reason"))


def held(line, serial, *, at):
    found = decided(line, serial, at=at)
    assert {(route, reason) for _, route, reason in found} == {("human", "hold")}
    return [name for name, *_ in found]


def test_a_certified_canary_and_what_it_follows_both_stand_still_through_every_change_of_it(line, quinn):
    rollout = make_rollout(line, share=0.05)
    make_beside(line, rollout)
    assert [(name, route) for name, route, _ in decided(line, "before", at=1)] == [
        ("blue", "auto_pass"),
        ("green", "auto_pass"),
    ]
    automation.stop(line, by=quinn, reason="scratches", now=later(2))
    assert held(line, "stopped", at=3) == ["blue", "green"]

    rollouts.set_share(rollout, share=0.02, by=quinn, now=later(4))
    assert held(line, "shared", at=5) == ["blue", "green"]
    rollouts.pause(rollout, by=quinn, cause="looking", now=later(6))
    rollouts.go_on(rollout, by=quinn, now=later(7))
    assert held(line, "went-on", at=8) == ["blue", "green"]
    with pytest.raises(rollouts.NotReady):
        rollouts.confirm(rollout, by=quinn, now=later(9))
    rollbacks.roll_back(rollout, by=quinn, reason="", read_again=False, now=later(10))
    assert held(line, "back", at=11) == ["blue", "blue"]
    assert not Disposition.objects.filter(decided_by="model", settled_at__gt=later(2)).exists()


def test_a_switch_under_stop_lets_the_certified_candidate_serve_and_decide_nothing(line, quinn):
    rollout = make_rollout(line, "blue_green")
    make_beside(line, rollout)
    automation.stop(line, by=quinn, reason="scratches", now=NOON)
    serve_candidate(line, rollout, quinn)
    assert held(line, "switched", at=61) == ["green", "green"]
    assert not Disposition.objects.filter(decided_by="model").exists()
