"""Trainings: asked for, run one at a time in a child, ending in a candidate in shadow or in a sentence."""

import io
import json
import os
import shutil
from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from inspection import registry, rollouts
from inspection.fitter import Answer, FittingFailed, Unwanted
from inspection.models import Deployment, ModelVersion, Outbox, Rollout, TrainedOn
from inspection.rules.words import Label, Role, RolloutStrategy
from monitoring import retraining as monitored
from review import bank, retraining, snapshots, tasks, trainings
from review.models import HeldBack, RetrainingRule, Training
from review.rules.trainings import Cause, Occasions, cause_now
from tests.builders import NOON, make_line, make_model_version, make_user
from tests.inspection.items import BRIGHT, DARK, make_item, picture
from tests.inspection.models import make_light_meter, make_serving
from tests.review.training_scene import make_labelled, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def line():
    return make_line(truth_share=0.0)


@pytest.fixture
def snapshot(line):
    make_labelled(line)
    return snapshots.take(line, query="", by=None, now=NOON)


def ask(snapshot, *, by=None, at=NOON, **changes):
    facts = {"architecture": "small-cnn", "minutes": 1, "cause": Cause.PERSON}
    return trainings.ask(snapshot, by=by, now=at, **{**facts, **changes})


def light_meter(order, folder, *, is_wanted):
    """Learn nothing: leave a model that knows light from dark, and tell as a child would."""
    made = registry.folder_of(make_light_meter(name="master", version=1 + ModelVersion.objects.count()))
    for file in made.iterdir():
        shutil.copy(file, folder)
    card = folder / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), **order["card"]}))
    steps = [{"stage": "train", "done": n, "total": 2, "loss": 0.5 / n, "held_back_loss": 0.4 / n} for n in (1, 2)]
    for told in [{"stage": "read", "done": 24, "total": 24}, *steps, None]:
        if not is_wanted(told):
            raise Unwanted
    held_back = [one for one in order["samples"] if one["split"] != "train"]
    return [Answer(path=one["path"], split=one["split"], probability=float(one["label"] != "ok")) for one in held_back]


def square_of(light):
    """Return an unseen scene of this light, as the decoder hands it on."""
    with Image.open(io.BytesIO(picture(light, seed=99))) as opened:
        return np.asarray(opened.convert("RGB"))


def run(training, *, fit=light_meter, at=NOON):
    trainings.run(str(training.pk), clock=lambda: at, fit=fit)
    training.refresh_from_db()
    return training


# The way through ------------------------------------------------------------------------------------------------


def test_a_training_ends_in_a_registered_candidate_that_only_watches(line, snapshot, quinn):
    serving = make_serving(line)
    training = run(ask(snapshot, by=quinn))
    version = training.version
    assert (training.state, str(version)) == ("done", "phone-glass-small-cnn:1")
    deployment = Deployment.objects.get(line=line)
    assert (deployment.serving, deployment.candidate, deployment.strategy) == (serving, version, "shadow")
    assert training.rollout == Rollout.objects.get(candidate=version)
    assert training.curve == [[0.5, 0.4], [0.25, 0.2]]


def test_the_card_tells_which_snapshot_and_which_parent(line, snapshot):
    serving = make_serving(line)
    card = run(ask(snapshot)).version.card
    assert (card["snapshot"], card["snapshot_sha256"]) == ("phone-glass/s-1", snapshot.sha256)
    assert card["parent"] == str(serving)
    assert {one["cut"] for one in card["slices"]} >= {"all", "class", "station", "shift"}


def test_every_image_it_was_made_with_is_kept_so_that_a_leak_into_the_bank_shows(snapshot):
    version = run(ask(snapshot)).version
    noted = set(TrainedOn.objects.filter(model_version=version).values_list("sha256", "group"))
    assert noted == set(snapshot.members.values_list("sha256", "group"))


def test_the_first_model_of_a_line_watches_too(line, snapshot):
    training = run(ask(snapshot))
    deployment = Deployment.objects.get(line=line)
    assert (deployment.serving, deployment.candidate) == (None, training.version)


def test_what_the_version_says_of_held_back_images_is_kept_beside_their_labels(snapshot):
    training = run(ask(snapshot))
    held_back = snapshot.members.exclude(split="train")
    assert HeldBack.objects.filter(training=training).count() == held_back.count() > 0
    for row in HeldBack.objects.select_related("member"):
        assert row.probability == (row.member.label == "defect")


def test_beside_an_open_rollout_the_version_waits_in_the_registry(line, snapshot):
    make_serving(line)
    other = make_model_version("other", classes=["scratch"])
    rollouts.start(line, other, strategy=RolloutStrategy.SHADOW, by=None, now=NOON)
    training = run(ask(snapshot))
    assert (training.state, training.rollout) == ("done", None)
    assert training.message == "Another rollout is open on the line; the version waits in the registry."
    assert Deployment.objects.get(line=line).candidate == other


def test_the_newest_version_that_waited_is_put_beside_the_line_once_the_other_rollout_has_ended(line, snapshot, quinn):
    make_serving(line)
    other = make_model_version("other", classes=["scratch"])
    open_one = rollouts.start(line, other, strategy=RolloutStrategy.SHADOW, by=None, now=NOON)
    older, newest = (run(ask(snapshot, at=days(n)), at=days(n)) for n in (1, 2))
    monitored.follow(now=days(3))
    assert Deployment.objects.get(line=line).candidate == other

    rollouts.abort(open_one, by=quinn, cause="no better", now=days(3))
    monitored.follow(now=days(3))
    newest.refresh_from_db()
    older.refresh_from_db()
    deployment = Deployment.objects.get(line=line)
    assert (deployment.candidate, deployment.strategy) == (newest.version, "shadow")
    assert (newest.rollout.candidate, newest.message, older.rollout) == (newest.version, "", None)

    rollouts.abort(newest.rollout, by=quinn, cause="nor this one", now=days(4))
    monitored.follow(now=days(4))
    assert Deployment.objects.get(line=line).candidate is None


@pytest.mark.parametrize("strategy", [RolloutStrategy.CANARY, RolloutStrategy.BLUE_GREEN])
def test_a_trained_version_may_enter_a_line_only_by_its_shadow(line, snapshot, strategy, quinn):
    make_serving(line)
    training = run(ask(snapshot))
    rollouts.abort(training.rollout, by=quinn, cause="later", now=NOON)
    with pytest.raises(rollouts.OnlyShadows):
        rollouts.start(line, training.version, strategy=strategy, by=quinn, now=NOON)


# One at a time, and its ends ------------------------------------------------------------------------------------


def test_a_line_asks_for_one_training_at_a_time(snapshot):
    ask(snapshot)
    with pytest.raises(trainings.AlreadyAsked):
        ask(snapshot)


def test_a_second_training_waits_while_one_runs_and_keeps_its_order(line, snapshot):
    running = ask(snapshot)
    Training.objects.filter(pk=running.pk).update(state="running", started_at=NOON, seen_at=NOON)
    other = make_line("phone-back", truth_share=0.0)
    make_labelled(other, first=100)
    waiting = ask(snapshots.take(other, query="", by=None, now=NOON))
    tasks.train(key=str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    assert Outbox.objects.get(topic="training.asked", key=str(waiting.pk)).done_at is None


def test_the_database_lets_one_training_run(snapshot):
    for _ in range(2):
        Training.objects.create(snapshot=snapshot, architecture="small-cnn", minutes=1, cause="person", asked_at=NOON)
    first, second = Training.objects.all()
    Training.objects.filter(pk=first.pk).update(state="running")
    with pytest.raises(IntegrityError), transaction.atomic():
        Training.objects.filter(pk=second.pk).update(state="running")


def test_what_cannot_be_learned_fails_with_the_sentence_of_the_child(snapshot):
    def refuse(order, folder, *, is_wanted):
        raise FittingFailed("The split 'test' needs readable images of both labels.")

    training = run(ask(snapshot), fit=refuse)
    assert (training.state, training.message) == ("failed", "The split 'test' needs readable images of both labels.")
    assert not ModelVersion.objects.exists()


def test_a_cancelled_training_stops_at_its_next_step_and_registers_nothing(snapshot, quinn):
    def cancelled(order, folder, *, is_wanted):
        assert is_wanted({"stage": "read", "done": 1, "total": 24})
        trainings.cancel(Training.objects.get(), by=quinn, now=NOON)
        return light_meter(order, folder, is_wanted=is_wanted)

    training = run(ask(snapshot), fit=cancelled)
    assert (training.state, training.cancelled_by, training.version) == ("cancelled", quinn, None)
    assert not ModelVersion.objects.filter(name="phone-glass-small-cnn").exists()
    assert not Rollout.objects.exists()
    with pytest.raises(trainings.IsOver):
        trainings.cancel(training, by=quinn, now=NOON)


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_training_that_ends_while_its_files_are_checked_leaves_nothing_behind(
    snapshot, quinn, monkeypatch, settings, end
):
    training, register = ask(snapshot), registry.register

    def overtaken(*given, **facts):
        if end == "cancelled":
            trainings.cancel(Training.objects.get(), by=quinn, now=NOON)
        else:
            assert trainings.sweep(now=NOON + timedelta(seconds=100)) == 1
        return register(*given, **facts)

    monkeypatch.setattr(registry, "register", overtaken)
    run(training)
    assert (training.state, training.version) == (end, None)
    assert not ModelVersion.objects.filter(name="phone-glass-small-cnn").exists()
    assert not (settings.MODELS_ROOT / "phone-glass-small-cnn").exists()
    assert not TrainedOn.objects.exists()
    assert not HeldBack.objects.exists()


def test_a_training_whose_worker_died_fails_with_a_sentence_and_frees_the_way(snapshot):
    training = ask(snapshot)
    Training.objects.filter(pk=training.pk).update(state="running", started_at=NOON, seen_at=NOON)
    assert trainings.sweep(now=NOON + timedelta(seconds=80)) == 0
    assert trainings.sweep(now=NOON + timedelta(seconds=100)) == 1
    training.refresh_from_db()
    assert training.state == "failed"
    assert "worker ended" in training.message
    assert run(ask(snapshot)).state == "done"


def test_a_message_that_comes_twice_trains_once(snapshot):
    training = run(ask(snapshot))
    assert trainings.run(str(training.pk), clock=lambda: NOON, fit=light_meter) is None
    assert ModelVersion.objects.filter(name="phone-glass-small-cnn").count() == 1


def test_images_sealed_since_the_snapshot_are_not_trained_on(line, snapshot, quinn):
    bank.add(
        line, serial="P-1", view="front", defect_class="scratch", mark="1", found_by="lens", by=quinn, now=NOON
    )  # fmt: skip
    with pytest.raises(trainings.SealedSince):
        ask(snapshot)


def test_an_architecture_that_is_not_on_the_list_is_refused(snapshot):
    with pytest.raises(trainings.UnknownArchitecture):
        ask(snapshot, architecture="transformer-9000")


# The child ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_real_child_learns_light_from_dark(line):
    make_labelled(line, 60)
    training = ask(snapshots.take(line, query="", by=None, now=NOON))
    trainings.run(str(training.pk), clock=lambda: NOON)
    training.refresh_from_db()
    assert training.message == ""
    assert training.state == "done"
    assert training.version.architecture == "small-cnn"
    assert training.version.card["figures"]["auc_low"] <= training.version.card["figures"]["auc"]
    assert len(training.curve) == training.version.card["training"]["epochs"]


@pytest.mark.slow
def test_a_line_without_a_defect_yet_gets_a_watching_model_of_its_good_parts(client, line, quinn):
    for n in range(40):
        state(make_item(line, light=DARK, serial=f"P-{n}", seed=n, at=NOON + timedelta(seconds=n)), Label.PASS)
    good_only = snapshots.take(line, query="", by=None, now=NOON)
    training = ask(good_only, architecture="patch-memory")
    trainings.run(str(training.pk), clock=lambda: NOON)

    training.refresh_from_db()
    assert (training.message, training.state) == ("", "done")
    assert Deployment.objects.get(line=line).candidate == training.version
    assert "auc" not in training.version.card["figures"]
    client.force_login(quinn)
    card = client.get(reverse("model", args=[training.version.name, 1])).content.decode()
    assert "There was no defect among them" in card
    assert "AUC" not in card
    assert "watches in shadow" in client.get(reverse("training-job", args=[line.slug, training.pk])).content.decode()
    assert client.get(reverse("training", args=[line.slug])).status_code == 200
    scored = registry.scorer(training.version).score
    assert scored(square_of(BRIGHT)).raw_score > scored(square_of(DARK)).raw_score


@pytest.mark.slow
def test_a_child_that_is_no_longer_wanted_is_gone(line, settings):
    make_labelled(line, 12)
    training = ask(snapshots.take(line, query="", by=None, now=NOON))
    before = children()
    trainings.cancel(training, by=make_user("quinn", role=Role.QA_LEAD), now=NOON)
    Training.objects.filter(pk=training.pk).update(state="waiting", ended_at=None)

    def clock():
        Training.objects.filter(pk=training.pk, state="running", stage="").update(state="cancelled", ended_at=NOON)
        return NOON

    assert trainings.run(str(training.pk), clock=clock).state == "cancelled"
    assert children() == before


def children():
    """Return the ids of this process's children."""
    with open(f"/proc/self/task/{os.getpid()}/children") as told:
        return told.read().split()


# By itself ------------------------------------------------------------------------------------------------------

DAILY = Occasions(every_days=1, on_drift=False)
DRIFT = Occasions(every_days=None, on_drift=True)


def days(count):
    return NOON + timedelta(days=count)


@pytest.mark.parametrize(
    ("occasions", "last_at", "drifted_at", "cause"),
    [
        (DAILY, None, None, Cause.TIME),
        (DAILY, days(1.2), None, None),
        (DAILY, days(1), days(1.9), Cause.TIME),
        (DRIFT, None, None, None),
        (DRIFT, None, days(1), Cause.DRIFT),
        (DRIFT, days(1), days(0.5), None),
        (DRIFT, days(1), days(1.5), Cause.DRIFT),
        (DRIFT, days(1.9), days(1.95), None),
    ],
)
def test_when_a_line_trains_by_itself(occasions, last_at, drifted_at, cause):
    facts = {"last_at": last_at, "drifted_at": drifted_at, "set_at": NOON, "now": days(2)}
    assert cause_now(occasions, **facts) == cause


def set_rule(line, by, **changes):
    facts = {"is_on": True, "every_days": 1, "on_drift": False, "architecture": "small-cnn", "minutes": 1}
    return retraining.set_rule(line, by=by, now=NOON, **{**facts, **changes})


def orders():
    return list(Outbox.objects.filter(topic="training.due").values_list("key", flat=True))


def test_a_rule_orders_a_training_that_ends_in_shadow_and_never_in_service(line, snapshot, quinn):
    serving = make_serving(line)
    set_rule(line, quinn)
    assert retraining.ask_where_due(line, drifted_at=None, now=days(1)) == Cause.TIME
    [key] = orders()
    training = retraining.begin(key, now=days(1))
    assert (training.cause, training.asked_by) == ("time", None)
    run(training, at=days(1))
    deployment = Deployment.objects.get(line=line)
    assert (deployment.serving, deployment.strategy) == (serving, "shadow")


def test_without_new_labels_a_rule_asks_for_nothing(line, snapshot, quinn):
    set_rule(line, quinn)
    run(ask(snapshot))
    retraining.ask_where_due(line, drifted_at=None, now=days(2))
    assert retraining.begin(orders()[0], now=days(2)) is None


def test_a_rule_that_is_off_or_withdrawn_does_nothing(line, snapshot, quinn):
    assert retraining.ask_where_due(line, drifted_at=None, now=days(9)) is None
    set_rule(line, quinn)
    retraining.ask_where_due(line, drifted_at=None, now=days(1))
    set_rule(line, quinn, is_on=False)
    assert retraining.ask_where_due(line, drifted_at=None, now=days(2)) is None
    assert retraining.begin(orders()[0], now=days(2)) is None


def test_only_an_administrator_switches_training_by_itself_on(client, line, quinn):
    wish = {"is_on": "on", "every_days": "7", "architecture": "small-cnn", "minutes": "5"}
    address = reverse("training-rule", args=[line.slug])
    client.force_login(quinn)
    assert client.post(address, wish).status_code == 403
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    assert client.post(address, {**wish, "every_days": ""}).status_code == 422
    assert client.post(address, wish).status_code == 302
    assert RetrainingRule.objects.get().every_days == 7


# Pages ----------------------------------------------------------------------------------------------------------


def test_a_lead_asks_for_a_training_and_sees_it_wait_run_and_end(client, line, snapshot, quinn):
    client.force_login(quinn)
    wish = {"snapshot": snapshot.pk, "architecture": "small-cnn", "minutes": "1"}
    answer = client.post(reverse("training-start", args=[line.slug]), wish)
    training = Training.objects.get()
    assert answer.url == reverse("training-job", args=[line.slug, training.pk])
    assert "waits for the worker" in client.get(answer.url).content.decode()
    seen = []

    def looked_at(order, folder, *, is_wanted):
        is_wanted({"stage": "train", "done": 1, "total": 14, "loss": 0.5, "held_back_loss": 0.4})
        seen.append(client.get(reverse("training-now", args=[line.slug, training.pk])).content.decode())
        return light_meter(order, folder, is_wanted=is_wanted)

    run(training, fit=looked_at)
    assert "1 / 14" in seen[0]
    assert "watches in shadow" in client.get(answer.url).content.decode()
    listed = client.get(reverse("training", args=[line.slug])).content.decode()
    assert "phone-glass-small-cnn:1" in listed


def test_a_lead_cancels_a_training_in_the_browser(client, line, snapshot, quinn):
    training = ask(snapshot)
    client.force_login(quinn)
    client.post(reverse("training-cancel", args=[line.slug, training.pk]))
    training.refresh_from_db()
    assert (training.state, training.cancelled_by) == ("cancelled", quinn)


def test_the_page_of_a_version_leads_to_its_snapshot_and_its_errors(client, line, snapshot, quinn):
    version = run(ask(snapshot)).version
    client.force_login(quinn)
    html = client.get(reverse("model", args=[version.name, version.version])).content.decode()
    assert reverse("training-snapshot", args=[line.slug, 1]) in html
    assert reverse("training-errors", args=[line.slug, version.training.pk]) in html


def test_strangers_neither_see_nor_start_nor_cancel(client, line, snapshot, ana, oscar):
    training = ask(snapshot)
    for person in (ana, oscar):
        client.force_login(person)
        assert client.get(reverse("training-job", args=[line.slug, training.pk])).status_code == 404
        for deed in ("start", "take", "rule"):
            assert client.post(reverse(f"training-{deed}", args=[line.slug])).status_code == 404
        assert client.post(reverse("training-cancel", args=[line.slug, training.pk])).status_code == 404
    training.refresh_from_db()
    assert training.state == "waiting"
