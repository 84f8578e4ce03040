"""Models come in once, are checked, and stand on a line from the next item on."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from safetensors.numpy import save_file

from inspection import pipeline, registry
from inspection.models import DeploymentChange, ModelVersion, Prediction
from inspection.rules.words import Origin
from tests.builders import NOON, make_line, make_user
from tests.inspection.items import make_item, soon
from tests.inspection.models import make_light_meter, make_serving
from vision.model_files import ModelRefused
from vision.networks import build, state_of
from vision.serving import ModelMissing, load

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
def package():
    """The files of a model, as somebody would bring them."""
    return registry.folder_of(make_light_meter(name="bought"))


def rewrite(package, **changes):
    card = package / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), **changes}))


def test_a_registered_model_keeps_what_its_card_says_and_runs(package):
    version = registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)
    assert (str(version), version.architecture, version.classes) == ("light:1", "small-cnn", ["scratch"])
    assert version.calibrator == {"a": -1.0, "b": 0.0}
    assert registry.scorer(version).card == version.card


def test_registering_again_makes_the_next_version_in_a_folder_of_its_own(package):
    first = registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)
    second = registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)
    assert (first.folder, second.folder) == ("light/1", "light/2")
    assert registry.folder_of(first).joinpath("model.onnx").is_file()


def test_the_card_may_lie_under_its_own_name(package):
    package.joinpath("card.json").rename(package / "lamp-model.json")
    assert (
        str(registry.register(package / "lamp-model.json", name="light", origin=Origin.COMMAND, now=NOON)) == "light:1"
    )


def test_without_a_name_the_card_names_the_model(package):
    rewrite(package, name="lamp")
    assert str(registry.register(package, name=None, origin=Origin.COMMAND, now=NOON)) == "lamp:1"


@pytest.mark.parametrize("name", ["../outside", "a/b", "", "zwei wörter", None])
def test_a_name_that_is_no_folder_name_is_refused(package, name):
    with pytest.raises(ModelRefused, match="letters, digits"):
        registry.register(package, name=name, origin=Origin.COMMAND, now=NOON)


def test_where_what_is_to_be_noted_with_it_fails_nothing_is_kept(package, settings):
    class CannotBeNoted(Exception):
        pass

    def note(version):
        assert str(version) == "light:1"
        raise CannotBeNoted

    with pytest.raises(CannotBeNoted):
        registry.register(package, name="light", origin=Origin.COMMAND, then=note, now=NOON)
    assert not ModelVersion.objects.filter(name="light").exists()
    assert {path.name for path in settings.MODELS_ROOT.iterdir()} == {"bought"}


def test_what_happens_to_the_original_afterwards_does_not_matter(package):
    version = registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)
    package.joinpath("model.onnx").write_bytes(b"something else")
    assert registry.scorer(version)


def test_weights_that_come_alone_get_a_graph_of_our_own_that_says_the_same(tmp_path, settings):
    write_weights(tmp_path)
    version = registry.register(tmp_path, name="net", origin=Origin.COMMAND, now=NOON)
    grey = np.full((64, 64, 3), 90, dtype=np.uint8)
    trained = load(registry.folder_of(version), runtime="torch")
    assert registry.scorer(version).score(grey).raw_score == pytest.approx(trained.score(grey).raw_score, abs=1e-4)
    registry.forget_loaded()
    settings.MODEL_RUNTIME = "torch"
    assert registry.scorer(version).score(grey).raw_score == trained.score(grey).raw_score
    assert not tmp_path.joinpath("model.onnx").exists()


def write_weights(folder):
    """Write an untrained network as safetensors with its card."""
    save_file(state_of(build("small-cnn", 2)), folder / "weights.safetensors")
    digest = registry.sha256(folder.joinpath("weights.safetensors").read_bytes()).hexdigest()
    card = json.loads(registry.folder_of(make_light_meter()).joinpath("card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "files": {"weights.safetensors": {"sha256": digest}}}))


def _other_hash(package):
    rewrite(package, files={"model.onnx": {"sha256": "0" * 64}})


def _no_file(package):
    package.joinpath("model.onnx").unlink()


def _pickle(package):
    package.joinpath("model.onnx").write_bytes(b"\x80\x04cposix\nsystem\n(S'touch /tmp/owned'\ntR.")
    _vouch(package)


def _wide(package):
    package.joinpath("model.onnx").write_bytes(
        registry.folder_of(make_light_meter("wide", name="wide")).joinpath("model.onnx").read_bytes()
    )
    _vouch(package)


def _vouch(package):
    digest = registry.sha256(package.joinpath("model.onnx").read_bytes()).hexdigest()
    rewrite(package, files={"model.onnx": {"sha256": digest}})


def _bad_weights(package):
    package.joinpath("weights.safetensors").write_bytes(b"\xff" * 64)
    digest = registry.sha256(b"\xff" * 64).hexdigest()
    card = json.loads(package.joinpath("card.json").read_text())
    rewrite(package, files={**card["files"], "weights.safetensors": {"sha256": digest}})


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_other_hash, "model-hash"),
        (_no_file, "model-type-unsupported"),
        (_pickle, "model-type-unsupported"),
        (_wide, "model-shape"),
        (_bad_weights, "model-corrupt"),
        (lambda package: rewrite(package, calibrator=None) or _drop(package, "calibrator"), "model-card"),
    ],
)
def test_a_model_that_is_not_what_it_should_be_is_refused_and_nothing_is_kept(package, damage, code, settings):
    damage(package)
    with pytest.raises(ModelRefused) as refusal:
        registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)
    assert refusal.value.code == code
    assert not ModelVersion.objects.filter(name="light").exists()
    assert {path.name for path in settings.MODELS_ROOT.iterdir()} <= {"bought", "wide"}


def _drop(package, key):
    card = json.loads(package.joinpath("card.json").read_text())
    del card[key]
    package.joinpath("card.json").write_text(json.dumps(card))


def test_a_folder_without_a_card_and_an_unknown_architecture_are_refused(package, tmp_path):
    with pytest.raises(ModelMissing, match=r"no card\.json"):
        registry.register(tmp_path, name="light", origin=Origin.COMMAND, now=NOON)
    rewrite(package, architecture="transformer-9000")
    with pytest.raises(ModelMissing, match="does not have"):
        registry.register(package, name="light", origin=Origin.COMMAND, now=NOON)


def test_openvino_is_refused_at_the_command_line_with_the_way_out(package, settings):
    package.joinpath("model.onnx").unlink()
    package.joinpath("model.xml").write_text("<net/>")
    package.joinpath("model.bin").write_bytes(b"0")
    with pytest.raises(CommandError, match=r"OpenVINO IR is not served; bring what it was converted from"):
        call_command("register_model", str(package / "card.json"), name="light")
    assert not ModelVersion.objects.filter(name="light").exists()
    assert {path.name for path in settings.MODELS_ROOT.iterdir()} == {"bought"}


def test_a_version_is_never_changed():
    version = make_light_meter()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(calibrator={"a": 0.0, "b": 0.0})


def test_a_model_is_found_by_name_newest_first_or_by_its_version():
    make_light_meter(version=1)
    make_light_meter(version=2)
    assert [str(registry.find(name)) for name in ("light-meter", "light-meter:1")] == ["light-meter:2", "light-meter:1"]


@pytest.mark.parametrize("name", ["light-meter:3", "light-meter:", "light-meter:x", "other"])
def test_a_model_that_is_not_there_is_named(name):
    make_light_meter()
    with pytest.raises(ModelVersion.DoesNotExist, match=name):
        registry.find(name)


def test_serving_notes_who_put_what_on_the_line_and_enters_its_epoch():
    line, quinn = make_line(), make_user("quinn")
    first, second = make_light_meter(), make_light_meter(version=2)
    registry.serve(line, first, by=quinn, cause="first model", now=NOON)
    line.refresh_from_db()
    epoch = line.epoch
    registry.serve(line, second, by=quinn, cause="better", now=soon())
    line.refresh_from_db()
    assert (registry.serving(line), line.epoch.model_version) == (second, second)
    registry.serve(line, first, by=None, cause="rollback", now=soon(1))
    line.refresh_from_db()
    assert line.epoch == epoch
    changes = DeploymentChange.objects.order_by("changed_at")
    assert [(c.serving, c.changed_by, c.cause) for c in changes] == [
        (first, quinn, "first model"),
        (second, quinn, "better"),
        (first, None, "rollback"),
    ]


def test_a_candidate_that_takes_over_is_no_candidate_any_more():
    line = make_line()
    first, second = make_light_meter(), make_light_meter(version=2)
    registry.serve(line, first, by=None, cause="start", now=NOON)
    line.deployment.candidate, line.deployment.strategy, line.deployment.share = second, "canary", 0.05
    line.deployment.save()
    change = registry.serve(line, second, by=None, cause="canary passed", now=soon())
    assert (change.serving, change.candidate, change.strategy, change.share) == (second, None, "", 0.0)


def test_every_model_that_stands_on_a_line_stays_loaded_however_many_there_are():
    lines = [make_line(f"line-{n}", level="shadow") for n in range(9)]
    for line in lines:
        make_serving(line, name=f"{line.slug}-serving")
        line.deployment.standby = make_light_meter(name=f"{line.slug}-before")
        line.deployment.save()
    pipeline.warm_up()
    registry.take_load_times()
    for line in lines:
        pipeline.examine(make_item(line), now=NOON)
        pipeline.keep_warm(line)
    assert (registry.loaded_count(), registry.take_load_times()) == (18, [])


def test_what_stands_on_no_line_is_let_go_when_newer_models_are_loaded():
    standing = make_serving(make_line())
    for n in range(registry.IDLE_LOADED_MAX + 3):
        registry.scorer(standing)
        registry.scorer(make_light_meter(name=f"tried-{n}"))
    assert registry.loaded_count() <= 1 + registry.IDLE_LOADED_MAX + 1
    registry.take_load_times()
    registry.scorer(standing)
    registry.scorer(registry.find(f"tried-{n}"))
    assert registry.take_load_times() == []


def test_a_line_without_a_deployment_has_no_model():
    assert registry.serving(make_line()) is None


def test_the_next_item_meets_the_model_that_was_just_put_on_the_line():
    line = make_line(level="shadow")
    for name in ("first", "second"):
        make_serving(line, name=name)
        item = make_item(line, serial=name)
        pipeline.record(item, pipeline.examine(item, now=NOON), now=soon())
    names = Prediction.objects.order_by("created_at", "pk").values_list("model_version__name", flat=True)
    assert list(names) == ["first", "second"]
