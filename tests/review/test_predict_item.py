"""The task that takes one item from the outbox to the line or to people."""

from datetime import timedelta

import pytest
from django.utils.timezone import now as clock

from inspection import arms, automation, outbox, registry, rollouts
from inspection.models import Disposition, Outbox, Prediction, Routing, StageRun
from inspection.rules.words import RolloutStrategy
from review import queues
from review.models import ReviewTask
from review.tasks import look_silently, predict_item
from tests.builders import NOON, make_line, make_user
from tests.inspection.items import BRIGHT, DARK, make_item
from tests.inspection.models import make_bands, make_light_meter, make_serving
from tests.vision import prediction_server
from vision.runtimes import remote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "images"}},
    }
    registry.forget_loaded()


@pytest.fixture
def line():
    """A line at partial with nothing drawn, patient enough for a slow machine."""
    shares = dict.fromkeys(("truth_share", "overlap_share", "control_share", "audit_share"), 0.0)
    line = make_line(level="partial", model_deadline_s=600.0, review_deadline_s=900.0, **shares)
    make_bands(line, make_serving(line))
    return line


def test_an_image_inside_the_bands_reaches_the_line_without_people(line):
    item = make_item(line, light=DARK, at=clock())
    predict_item(key=str(item.pk))
    assert Disposition.objects.get(run=item.run).verdict == "pass"
    assert not ReviewTask.objects.exists()
    assert Outbox.objects.get(key=item.pk).done_at is not None


def test_an_image_for_people_has_its_task_with_the_routing(line):
    automation.stop(line, by=make_user("quinn"), reason="smoke", now=clock())
    item = make_item(line, at=clock())
    predict_item(key=str(item.pk))
    task = ReviewTask.objects.get()
    assert (task.item, task.purpose, task.level) == (item, "primary", "partial")
    assert task.queue_rank is not None


def test_a_hundred_deliveries_have_one_effect(line):
    automation.stop(line, by=make_user("quinn"), reason="smoke", now=clock())
    item = make_item(line, at=clock())
    for _ in range(100):
        predict_item(key=str(item.pk))
    assert (Prediction.objects.count(), Routing.objects.count(), ReviewTask.objects.count()) == (1, 1, 1)
    assert StageRun.objects.filter(stage="decode").count() == 1


def test_an_item_that_another_worker_holds_is_left_alone(line):
    item = make_item(line, at=clock())
    outbox.claim("item.received", item.pk, now=clock())
    predict_item(key=str(item.pk))
    assert not Routing.objects.exists()


def test_a_worker_that_died_after_the_claim_is_followed_by_another(line):
    item = make_item(line, light=BRIGHT, at=clock())
    outbox.claim("item.received", item.pk, now=clock() - outbox.LEASE - timedelta(seconds=1))
    predict_item(key=str(item.pk))
    assert Disposition.objects.get(run=item.run).verdict == "reject"


def test_a_worker_that_comes_back_late_offers_nothing_that_another_has_claimed():
    outbox.ask("batch.received", "7", now=NOON)
    late = outbox.claim("batch.received", "7", now=NOON)
    assert outbox.claim("batch.received", "7", now=NOON + outbox.LEASE) is not None
    outbox.give_back(late)
    assert outbox.claim("batch.received", "7", now=NOON + outbox.LEASE) is None


def test_an_image_that_took_three_workers_down_is_never_touched_again_and_its_part_held(line):
    item = make_item(line, at=clock())
    for n in range(outbox.ATTEMPTS_MAX, 0, -1):
        outbox.claim("item.received", item.pk, now=clock() - n * (outbox.LEASE + timedelta(seconds=1)))
    predict_item(key=str(item.pk))
    routing = Routing.objects.get()
    assert (routing.route, routing.reason) == ("quarantine", "attempts-used-up")
    assert not StageRun.objects.exists()
    assert Disposition.objects.get(run=item.run).verdict == "hold"
    assert Outbox.objects.get(key=item.pk).done_at is not None


def test_an_answer_after_the_models_deadline_leaves_the_part_with_people(line):
    item = make_item(line, light=DARK, at=clock())
    queues.admit_overdue(now=clock() + timedelta(seconds=601))
    predict_item(key=str(item.pk))
    assert Routing.objects.get().route == "human"
    assert Prediction.objects.get().role == "shadow"
    assert ReviewTask.objects.count() == 1
    assert Disposition.objects.get(run=item.run).verdict is None


def test_arguments_of_a_later_release_are_ignored(line):
    item = make_item(line, at=clock())
    predict_item(key=str(item.pk), trace="0193")
    assert Routing.objects.count() == 1


def shadowed(line):
    """Put a candidate into shadow on the line, and take one image through the live part."""
    candidate = make_light_meter(name="candidate")
    rollout = rollouts.start(line, candidate, strategy=RolloutStrategy.SHADOW, by=None, now=clock())
    item = make_item(line, light=DARK, at=clock())
    predict_item(key=str(item.pk))
    return rollouts.current(rollout), item


def test_a_candidate_looks_in_a_work_order_of_its_own_after_the_verdict(line):
    step, item = shadowed(line)
    assert Disposition.objects.get(run=item.run).verdict == "pass"
    assert list(Prediction.objects.values_list("role", flat=True)) == ["serving"]
    for _ in range(3):
        look_silently(key=str(item.pk))
    assert set(Prediction.objects.values_list("role", flat=True)) == {"serving", "shadow"}
    evidence = arms.evidence_of(step, now=clock())
    assert (evidence.candidate.seen, evidence.incumbent.seen, arms.dropped(step)) == (1, 1, 0)


@pytest.mark.parametrize("topic", ["item.silent", "item.received"])
def test_a_look_gives_way_when_it_is_old_or_live_images_wait(line, topic):
    step, item = shadowed(line)
    if topic == "item.received":
        make_item(line, serial="A-2", at=clock())
    Outbox.objects.filter(topic=topic, done_at=None).update(available_at=clock() - timedelta(seconds=61))
    look_silently(key=str(item.pk))
    assert arms.dropped(step) == 1
    assert Prediction.objects.count() == 1
    assert Outbox.objects.get(topic="item.silent").done_at is not None


def test_a_prediction_server_that_is_away_leaves_the_part_to_people(line, settings):
    settings.REMOTE_MODELS = {"light-meter": "http://127.0.0.1:9"}
    item = make_item(line, light=DARK, at=clock())
    predict_item(key=str(item.pk))
    assert Routing.objects.get(item=item).reason == "no-prediction"
    assert "did not answer" in StageRun.objects.get(item=item, stage="predict").detail
    assert ReviewTask.objects.get().item == item


def test_each_version_of_a_name_on_a_prediction_server_answers_for_itself(line, settings, monkeypatch):
    monkeypatch.setitem(remote.RemoteRuntime.__init__.__kwdefaults__, "read_s", 30.0)
    said = []
    with prediction_server.running() as address:
        settings.REMOTE_MODELS = {"light-meter": address}
        for version in (registry.serving(line), make_light_meter(version=2)):
            registry.serve(line, version, by=None, cause="test", now=clock())
            item = make_item(line, light=DARK, serial=str(version), at=clock())
            predict_item(key=str(item.pk))
            said.append((Routing.objects.get(item=item).model_version, Prediction.objects.get(item=item).call))
    assert [(str(version), call) for version, call in said] == [("light-meter:1", "pass"), ("light-meter:2", "defect")]
    assert Disposition.objects.get(run__part__serial="light-meter:1").verdict == "pass"


def test_a_rollback_to_a_model_whose_file_is_gone_leaves_people_alone_with_the_part(line):
    serving = registry.serving(line)
    candidate = make_light_meter(name="candidate")
    rollout = rollouts.start(line, candidate, strategy=RolloutStrategy.CANARY, by=None, now=clock())
    registry.folder_of(serving).joinpath("model.onnx").unlink()
    rollouts.roll_back(rollout, by=None, cause="bad", now=clock())
    item = make_item(line, light=DARK, at=clock())
    predict_item(key=str(item.pk))
    assert Routing.objects.get(item=item).reason == "no-prediction"
