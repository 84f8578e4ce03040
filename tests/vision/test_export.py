"""Exported models: three files that vouch for each other, and the networks behind them."""

import hashlib

import numpy as np
import onnx
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from safetensors.numpy import load_file

from vision import backbone, export, networks
from vision.architectures import ARCHITECTURES, LITE0_POOLED
from vision.decode import Decoder
from vision.export import ExportFailed, save
from vision.model_checks import check_onnx, check_safetensors
from vision.serving import load
from vision.trainers import binary_loss
from vision.training import fit


def test_the_card_vouches_for_both_files(model, card):
    assert set(card["files"]) == {"weights.safetensors", "model.onnx"}
    for name, vouched in card["files"].items():
        content = (model / name).read_bytes()
        assert vouched == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_the_card_keeps_what_the_caller_knows_and_states_what_the_network_is(card, fitted):
    assert (card["name"], card["version"]) == ("grey-net", 3)
    assert card["opset"] == 17, "a caller cannot overrule a fact"
    assert (card["architecture"], card["classes"]) == ("small-cnn", ["scratch", "chip"])
    assert (card["preprocessing"], card["decoder"]) == (fitted.preprocessing, fitted.decoder)
    assert card["runtime_difference"] <= 1e-4
    assert 200_000 <= card["parameters"] <= 250_000
    assert card["training"]["images"] == fitted.counts


def test_a_small_model_takes_less_than_two_megabytes(model):
    assert sum(path.stat().st_size for path in model.iterdir()) < 2 * 1024 * 1024


def test_the_graph_is_plain_and_takes_any_number_of_images(model):
    graph = onnx.load(model / "model.onnx")
    assert [entry.version for entry in graph.opset_import] == [17]
    assert graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    check_onnx(model / "model.onnx")
    assert check_safetensors(model / "weights.safetensors", "small-cnn").classes == 3


def test_runtimes_that_differ_leave_no_card(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ExportFailed, match="differ by"):
        save(fitted, tmp_path, {"name": "x"})
    assert not (tmp_path / "card.json").exists()


def test_saving_twice_writes_the_same_weights(fitted, model, tmp_path):
    save(fitted, tmp_path, {"name": "grey-net"})
    for name in ("weights.safetensors", "model.onnx"):
        assert (tmp_path / name).read_bytes() == (model / name).read_bytes()


def test_weights_come_back_as_they_were_trained(fitted, model):
    kept = load_file(model / "weights.safetensors")
    assert all((kept[name] == values).all() for name, values in fitted.state.items())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_plain_rows_describe_the_network_that_torch_builds(name):
    state = networks.state_of(networks.build(name, 4))
    assert {tensor: values.shape for tensor, values in state.items()} == ARCHITECTURES[name].shapes(4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_gives_logits_maps_and_an_embedding(name):
    with torch.inference_mode():
        logits, maps, embedding = networks.build(name, 4).eval()(torch.zeros(2, 3, 224, 224))
    assert logits.shape == (2, 4)
    assert maps.shape[:2] == (2, 4)
    assert embedding.shape == (2, ARCHITECTURES[name].embedding)


def test_weights_that_do_not_fit_are_not_loaded(fitted):
    network = networks.build("small-cnn", 3)
    with pytest.raises(ValueError, match=r"classify\.bias"):
        networks.load_state(network, {n: v for n, v in fitted.state.items() if n != "classify.bias"})
    with pytest.raises(ValueError, match="extra"):
        networks.load_state(network, {**fitted.state, "extra": np.zeros(1, np.float32)})


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    return backbone.ensure(tmp_path_factory.mktemp("backbone") / "deeper" / "lite0.safetensors")


def test_the_converted_backbone_computes_what_the_published_network_computes(converted):
    published = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(backbone.published_file()))
    probe = networks.Lite0Probe(2)
    networks.load_state(probe, {**networks.state_of(probe), **backbone.load(converted)})
    images = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (2, 3, 224, 224)).astype(np.float32))
    with torch.inference_mode():
        expected, levels = published.eval().extract_features(images), probe.eval().backbone(images)
    assert torch.allclose(levels[0], expected, atol=1e-4)
    assert networks.pooled(levels).shape == (2, LITE0_POOLED)


def test_a_published_file_with_another_hash_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(backbone, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(backbone.BackboneMissing, match="not the pinned one"):
        backbone.convert(tmp_path / "lite0.safetensors")
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_converter_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(backbone, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(backbone.BackboneMissing, match=r"tools/environment\.py"):
        backbone.ensure(tmp_path / "lite0.safetensors")


def test_other_weights_in_its_place_are_refused(model, tmp_path):
    with pytest.raises(backbone.BackboneMissing, match="does not hold"):
        backbone.load(model / "weights.safetensors")
    with pytest.raises(backbone.BackboneMissing, match="python -m"):
        backbone.load(tmp_path / "absent")


def test_the_probe_learns_and_serves_like_the_small_network(samples, converted, tmp_path):
    few = [s for n, s in enumerate(samples) if s.split != "train" or n < 48]
    found = fit(few, architecture="lite0-probe", classes=["scratch", "chip"], minutes_cap=5, backbone=converted)
    card = save(found, tmp_path, {"name": "probe"})
    assert card["runtime_difference"] <= 1e-4
    assert (found.val.labels == (found.val.raw_scores > 0)).mean() > 0.8


@pytest.mark.slow
def test_the_tuned_network_validates_no_worse_than_the_probe_it_began_as(samples, converted, tmp_path):
    few = [s for n, s in enumerate(samples) if s.split != "train" or n < 48]
    asked = {"classes": ["scratch", "chip"], "minutes_cap": 5, "backbone": converted}
    probe, tuned = (fit(few, architecture=name, **asked) for name in ("lite0-probe", "lite0-tuned"))
    assert binary_loss(tuned.val.logits, tuned.val.class_numbers) <= binary_loss(
        probe.val.logits, probe.val.class_numbers
    )
    assert tuned.epochs >= 1
    assert save(tuned, tmp_path, {"name": "tuned"})["runtime_difference"] <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("knows_defects", [True, False])
def test_the_anomaly_model_learns_from_good_parts_alone(samples, converted, tmp_path, knows_defects):
    few = [s for n, s in enumerate(samples) if s.split != "train" or n < 48]
    learned = [s for s in few if s.label == "ok" or (knows_defects and s.split != "train")]
    found = fit(learned, architecture="patch-memory", classes=["other"], minutes_cap=5, backbone=converted)
    assert found.counts["train"]["defect"] == 0
    card = save(found, tmp_path, {"name": "memory"})
    assert card["runtime_difference"] <= 1e-4
    defect, good = (next(s for s in samples if s.split == "test" and s.label == label) for label in ("defect", "ok"))
    scorer = load(tmp_path)
    with Decoder() as decoder:
        sharp, plain = (scorer.score(decoder.decode(one.path).pixels) for one in (defect, good))
    assert sharp.raw_score > plain.raw_score
