"""What a way back owes to the parts that the candidate passed: a list at once, and people who read the last hour."""

import pytest
from django.db import DatabaseError, connection
from django.urls import reverse

from inspection import arms, rollouts
from inspection.models import Line, Rollout
from inspection.rules.rollouts import Move
from inspection.rules.words import RolloutOutcome, RolloutStrategy
from review import containment, queues, rollbacks
from review.models import Containment, ReviewTask
from tests.builders import make_model_version
from tests.inspection.models import make_bands
from tests.review.rollout_scene import deployed, make_rollout, make_served_line, send, warmed
from tests.review.scene import later

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


@pytest.fixture
def line():
    return make_served_line()


def fresh(rollout) -> Rollout:
    return Rollout.objects.select_related("line", "candidate", "incumbent").get(pk=rollout.pk)


@pytest.fixture
def switched(quinn):
    """A line at partial on which green serves under watch with bands of its own, and has passed two parts."""
    line = make_served_line(level="partial")
    rollout = rollouts.confirm(warmed(line), by=quinn, now=later(60))
    line.refresh_from_db()
    make_bands(line, rollout.candidate, envelope={"size_bytes": [100, 100_000]})
    for serial, at in (("old", later(61)), ("young", later(5_000))):
        assert send(line, serial, at=at) is None
    return rollout


def test_a_rollback_lists_what_the_candidate_passed_and_reads_the_last_hour_again(switched, quinn):
    line = switched.line
    again = rollbacks.roll_back(switched, by=quinn, reason="scratches", read_again=True, now=later(5_100))
    assert deployed(line)[0] == "blue:1"
    assert again == 1
    assert ReviewTask.objects.get(queue_rank__isnull=False).run.part.serial == "young"
    containment.list_due(now=later(5_101))
    opened = Containment.objects.get()
    serials = sorted(opened.runs.values_list("run__part__serial", flat=True))
    assert (opened.model_version, serials) == (switched.candidate, ["old", "young"])


def test_nothing_is_read_again_unless_asked(switched, quinn):
    assert rollbacks.roll_back(switched, by=quinn, reason="no", read_again=False, now=later(5_100)) == 0
    assert not ReviewTask.objects.filter(run__part__serial="young").exists()


def test_a_rollout_that_is_over_can_still_be_taken_back_by_name(line, quinn):
    rollout = rollouts.confirm(warmed(line), by=quinn, now=later(60))
    rollout.steps.update(min_parts=0)
    rollbacks.follow(fresh(rollout), now=later(DAY + 61))
    send(line, "A-1", at=later(DAY + 70))
    rollbacks.follow(fresh(rollout), now=later(2 * DAY))
    rollbacks.roll_back(fresh(rollout), by=quinn, reason="late", read_again=False, now=later(2 * DAY + 1))
    assert (fresh(rollout).outcome, deployed(line)[0]) == (RolloutOutcome.ROLLED_BACK, "blue:1")
    with pytest.raises(rollouts.RolloutClosed):
        rollbacks.roll_back(fresh(rollout), by=quinn, reason="again", read_again=False, now=later(2 * DAY + 2))


def test_an_aborted_candidate_leaves_the_line_as_it_was(line, quinn):
    before = Line.objects.get(pk=line.pk).epoch
    rollout = rollouts.abort(make_rollout(line), by=quinn, cause="not now", now=later(1))
    assert (rollout.outcome, deployed(line)) == ("aborted", ("blue:1", "", "", 0.0))
    assert Line.objects.get(pk=line.pk).epoch == before
    with pytest.raises(rollouts.RolloutClosed):
        rollouts.confirm(rollout, by=quinn, now=later(2))


# Abort ----------------------------------------------------------------------------------------------------------


def listed():
    """Return what stands on the lists of containment, by version."""
    containment.list_due(now=later(5_101))
    return {
        str(opened.model_version): sorted(opened.runs.values_list("run__part__serial", flat=True))
        for opened in Containment.objects.select_related("model_version")
    }


def test_an_aborted_candidate_that_decided_leaves_the_same_list_and_its_last_hour(switched, quinn):
    aborted = rollbacks.abort(switched, by=quinn, cause="scratches", now=later(5_100))
    assert (aborted.outcome, deployed(switched.line)[0]) == ("aborted", "blue:1")
    assert listed() == {"green:1": ["old", "young"]}
    assert rollbacks.taken_back(switched.line) == switched
    assert rollbacks.requeue_last_hour(fresh(switched), now=later(5_101)) == 1


def test_an_aborted_candidate_that_only_watched_leaves_no_list(line, quinn):
    rollbacks.abort(make_rollout(line, "shadow"), by=quinn, cause="not now", now=later(1))
    assert not Containment.objects.exists()
    assert rollbacks.taken_back(line) is None


@pytest.mark.parametrize("door", ["page", "api"])
def test_both_doors_of_an_abort_open_the_list(client, switched, quinn, door):
    client.force_login(quinn)
    if door == "page":
        client.post(reverse("rollout-deed", args=[switched.line.slug, "abort"]), {"reason": "scratches"})
    else:
        client.post(reverse("api-rollout-abort", args=[switched.pk]), {"reason": "scratches"}, "application/json")
    assert fresh(switched).outcome == "aborted"
    assert listed() == {"green:1": ["old", "young"]}


# Read again -----------------------------------------------------------------------------------------------------


def test_the_switch_is_written_before_anything_is_read_again(switched, quinn, monkeypatch):
    depth = len(connection.savepoint_ids)
    seen = []

    def asked(item, *, now):
        seen.append((deployed(switched.line)[0], Containment.objects.exists(), len(connection.savepoint_ids) - depth))

    monkeypatch.setattr(queues, "ask_again", asked)
    rollbacks.roll_back(switched, by=quinn, reason="", read_again=True, now=later(5_100))
    # One transaction is open around the parts that are read again: their own.
    assert seen == [("blue:1", True, 1)]


def test_where_the_last_hour_cannot_be_given_to_people_the_line_is_back_and_the_page_says_what_is_left(
    client, switched, quinn, monkeypatch
):
    client.force_login(quinn)
    address = [switched.line.slug, "roll-back"]

    def busy(item, *, now):
        raise DatabaseError("the database is locked")

    rollouts_closed_at(monkeypatch, later(5_100))
    with monkeypatch.context() as patch:
        patch.setattr(queues, "ask_again", busy)
        answer = client.post(reverse("rollout-deed", args=address), {"read_again": "on"}, follow=True).content.decode()
    assert deployed(switched.line)[0] == "blue:1"
    assert "Not all of the last hour is given to people yet" in answer
    assert "it decided 1 part by itself that nobody has read" in answer
    address = [switched.line.slug, "read-again"]
    answer = client.post(reverse("rollout-deed", args=address), follow=True).content.decode()
    assert "1 part is read again" in answer


def test_programs_ask_for_the_last_hour_of_what_a_guardrail_or_an_abort_took_off(client, switched, quinn, ana):
    address = reverse("api-rollout-requeue", args=[switched.pk])
    client.force_login(quinn)
    assert client.post(address).json() == {"requeued": 0, "left": 0}
    rollbacks.abort(switched, by=None, cause="overturns", now=later(5_100))
    client.force_login(ana)
    assert client.post(address).status_code == 404
    client.force_login(quinn)
    assert client.post(address).json() == {"requeued": 1, "left": 0}
    assert ReviewTask.objects.get(queue_rank__isnull=False).run.part.serial == "young"
    assert client.post(address).json() == {"requeued": 0, "left": 0}


def rollouts_closed_at(monkeypatch, moment):
    """Let the page's deeds be of this moment: the parts of the test are of the same hour."""
    monkeypatch.setattr("review.rollout_views.now", lambda: moment)


def test_a_shadow_that_begins_after_a_rollback_does_not_hide_what_is_left_to_read(switched, quinn):
    rollbacks.roll_back(switched, by=quinn, reason="", read_again=False, now=later(5_100))
    red = make_model_version("red")
    shadow = rollouts.start(switched.line, red, strategy=RolloutStrategy.SHADOW, by=None, now=later(5_101))
    rollouts.abort(shadow, by=quinn, cause="no need", now=later(5_102))
    assert rollbacks.taken_back(switched.line) == switched
    assert rollbacks.last_hour(fresh(switched)).count() == 1


# Between the reading and the deed -------------------------------------------------------------------------------


def test_a_rollout_that_a_person_pauses_before_its_watch_ends_is_paused(line, quinn, monkeypatch):
    rollout = rollouts.confirm(warmed(line), by=quinn, now=later(60))
    rollout.steps.update(min_parts=1)
    send(Line.objects.get(pk=line.pk), "A-1", at=later(61))
    after_the_first_reading(
        monkeypatch, lambda: rollouts.pause(rollout, by=quinn, cause="looking", now=later(DAY + 61))
    )
    assert rollbacks.follow(fresh(rollout), now=later(DAY + 61)).move == Move.WAIT
    left = fresh(rollout)
    assert (left.outcome, left.paused_at) == ("open", later(DAY + 61))


def test_a_step_that_a_person_began_anew_is_not_paused_for_what_the_one_before_showed(line, quinn, monkeypatch):
    rollout = make_rollout(line)
    for n in range(9):
        send(line, f"A-{n}", green=0.99, position=0.01, at=later(n))
    after_the_first_reading(monkeypatch, lambda: rollouts.set_share(rollout, share=0.01, by=quinn, now=later(19)))
    assert rollbacks.follow(fresh(rollout), now=later(20)).reasons[0] == "no-data"
    assert fresh(rollout).paused_at is None


def after_the_first_reading(monkeypatch, deed):
    """Let a person act once the guardrails were read, and before anything is locked for what they ask."""
    read, people = arms.evidence_of, iter([deed])

    def reads(step, *, now):
        found = read(step, now=now)
        for one in people:
            one()
        return found

    monkeypatch.setattr(arms, "evidence_of", reads)
