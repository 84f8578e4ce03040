"""A line meets another family of parts, learns it, and brings the new model into service: by deeds alone."""

import pytest
from django.utils.timezone import now

from inspection import rollouts
from inspection.rules.rollouts import Move
from review import snapshots, trainings
from review.rules.trainings import Cause
from tests.review.family_scene import LEARNED, NEW, OLD, SEEN_BY_BOTH, SHARED, Floor, shorten_rollouts
from tests.review.rollout_scene import deployed

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("own_files")]

CANDIDATE = "phone-glass-small-cnn"
MOSTLY = 0.75


def test_parts_of_another_family_bring_a_retrained_model_from_shadow_into_service(monkeypatch):
    shorten_rollouts(monkeypatch)
    floor = Floor()
    floor.bring("old", OLD, count=4, bad_every=2)
    floor.bring("learned", NEW, count=LEARNED, bad_every=2, is_read_twice=True)
    assert (floor.right("light-meter", "old"), floor.right("light-meter", "learned")) == (1.0, 0.5)

    assert learn(floor).images == LEARNED
    assert deployed(floor.line) == ("light-meter:1", f"{CANDIDATE}:1", "shadow", 1.0)

    steps = (("shadow", SEEN_BY_BOTH, ("canary", 0.75)), ("canary", SHARED, ("blue_green", 1.0)))
    for step, count, stands in steps:
        floor.bring(step, NEW, count=count, bad_every=3)
        action = rollouts.judge(floor.line.rollouts.get(), now=now())
        assert (action.move, action.reasons, floor.right(CANDIDATE, step) >= MOSTLY) == (Move.PROPOSE, (), True)
        rollouts.confirm(floor.line.rollouts.get(), by=floor.lead, now=now())
        assert deployed(floor.line)[2:] == stands
    assert deployed(floor.line)[0] == f"{CANDIDATE}:1"

    floor.bring("watch", NEW, count=SEEN_BY_BOTH, bad_every=3)
    assert deployed(floor.line) == (f"{CANDIDATE}:1", "", "", 0.0)
    assert floor.right(CANDIDATE, "watch") >= MOSTLY > floor.right("light-meter", "watch")


def learn(floor):
    """Train on the line's own labels, in a child as the worker does, and return the snapshot."""
    snapshot = snapshots.take(floor.line, query="", by=floor.lead, now=now())
    asked = trainings.ask(snapshot, architecture="small-cnn", minutes=5, cause=Cause.PERSON, by=floor.lead, now=now())
    trainings.run(str(asked.pk), clock=now)
    return snapshot
