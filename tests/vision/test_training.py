"""Training: what it learns, what it gives back, and what it refuses."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.vision.conftest import write_parts
from vision.architectures import ARCHITECTURES
from vision.backbone import BackboneMissing
from vision.decode import DECODER_ID
from vision.trainers.lite0_probe import fit_probe
from vision.training import TrainingRefused, class_numbers, fit


def test_it_tells_defects_from_good_parts_it_never_saw(fitted):
    for part in (fitted.val, fitted.test):
        assert roc_auc_score(part.labels, part.raw_scores) > 0.95


def test_it_tells_the_classes_apart(fitted):
    defects = fitted.test.class_numbers > 0
    called = 1 + fitted.test.logits[defects, 1:].argmax(axis=1)
    assert (called == fitted.test.class_numbers[defects]).mean() > 0.8


def test_the_scores_belong_to_the_samples_of_their_split(fitted, samples):
    for name, part in (("val", fitted.val), ("test", fitted.test)):
        assert list(part.samples) == [s for s in samples if s.split == name]
        assert part.logits.shape == (len(part.samples), 3)
        assert part.labels.tolist() == [int(s.label == "defect") for s in part.samples]
    assert fitted.counts == {
        "train": {"ok": 48, "defect": 48},
        "val": {"ok": 16, "defect": 16},
        "test": {"ok": 16, "defect": 16},
        "unreadable": {"images": 0},
    }


def test_what_was_fitted_says_how_it_must_be_served(fitted):
    design = ARCHITECTURES["small-cnn"]
    assert (fitted.decoder, fitted.preprocessing) == (DECODER_ID, design.preprocessing)
    assert {name: values.shape for name, values in fitted.state.items()} == design.shapes(3)
    assert fitted.classes == ("scratch", "chip")
    assert fitted.heat_scale > 0


def test_progress_counts_images_and_epochs(fitted, told):
    read = [p.done for p in told if p.stage == "read"]
    trained = [p.done for p in told if p.stage == "train"]
    assert read == list(range(1, 161))
    assert trained == list(range(1, fitted.epochs + 1))
    assert "validation loss" in told[-1].note


def test_one_seed_gives_one_network(tmp_path):
    parts = write_parts(tmp_path, 40)
    first, second, other = (
        fit(parts, architecture="small-cnn", classes=["scratch", "chip"], seed=seed, minutes_cap=0)
        for seed in (1, 1, 2)
    )
    assert all((first.state[name] == second.state[name]).all() for name in first.state)
    assert not all((first.state[name] == other.state[name]).all() for name in first.state)


def test_the_time_cap_shortens_training_but_ends_with_a_network(tmp_path):
    fitted = fit(write_parts(tmp_path, 40), architecture="small-cnn", classes=["scratch", "chip"], minutes_cap=0)
    assert fitted.epochs == 1
    assert np.isfinite(fitted.test.logits).all()


def test_an_image_that_does_not_decode_is_left_out_and_counted(tmp_path):
    parts = write_parts(tmp_path, 40)
    parts[0].path.write_bytes(b"not an image")
    fitted = fit(parts, architecture="small-cnn", classes=["scratch", "chip"], minutes_cap=0)
    assert fitted.counts["unreadable"] == {"images": 1}
    assert fitted.counts["train"] == {"ok": 11, "defect": 12}


def test_groups_without_a_split_are_dealt_whole(tmp_path):
    parts = [replace(s, split="", group=f"sheet-{n // 4}") for n, s in enumerate(write_parts(tmp_path, 80))]
    fitted = fit(parts, architecture="small-cnn", classes=["scratch", "chip"], minutes_cap=0)
    held_back = {s.group for s in fitted.val.samples} | {s.group for s in fitted.test.samples}
    seen = Counter(s.group for s in (*fitted.val.samples, *fitted.test.samples))
    assert len(held_back) == 6
    assert set(seen.values()) == {4}


def labelled(samples, **changes):
    return [replace(samples[0], **changes), *samples[1:]]


@pytest.mark.parametrize(
    ("change", "classes", "architecture", "words"),
    [
        ({}, ["scratch", "chip"], "resnet", "architecture is 'resnet'"),
        ({}, [], "small-cnn", "name each defect class once"),
        ({}, ["scratch", "scratch", "chip"], "small-cnn", "name each defect class once"),
        ({}, ["pass", "scratch", "chip"], "small-cnn", "leave out 'pass'"),
        ({"label": ""}, ["scratch", "chip"], "small-cnn", "1 of 160 images have no label"),
        ({"label": "defect", "defect_type": "dent"}, ["scratch", "chip"], "small-cnn", "'dent' is none of the classes"),
    ],
)
def test_a_request_that_cannot_give_a_model_is_refused_before_any_work(samples, change, classes, architecture, words):
    with pytest.raises(TrainingRefused) as refused:
        fit(labelled(samples, **change), architecture=architecture, classes=classes)
    assert words in str(refused.value)


def test_a_split_with_one_label_only_is_refused(samples):
    good_only = [s for s in samples if s.split != "test" or s.label == "ok"]
    with pytest.raises(TrainingRefused, match="'test' needs readable images of both labels"):
        fit(good_only, architecture="small-cnn", classes=["scratch", "chip"], minutes_cap=0)


def test_a_feature_that_hardly_ever_fired_in_training_does_not_outweigh_all_others():
    chance = np.random.default_rng(7)
    features, numbers = chance.normal(size=(200, 12)), np.repeat([0, 1], 100)
    features[100:, 0] += 6
    features[:, 1] = 0.0
    features[3, 1] = 1e-3
    probe = fit_probe(features, numbers, features, numbers, classes=2)
    clear = np.zeros((1, 12))
    clear[0, 0] = 6.0
    fired = clear.copy()
    fired[0, 1] = 1.0
    (_, before), (_, after) = probe.logits(clear)[0], probe.logits(fired)[0]
    assert before > 0
    assert after == pytest.approx(before, abs=0.5)


def test_the_probe_says_what_it_needs(samples):
    with pytest.raises(BackboneMissing, match=r"python -m vision\.backbone"):
        fit(samples[:40], architecture="lite0-probe", classes=["scratch", "chip"])


@pytest.mark.parametrize(
    ("defect_type", "classes", "number"),
    [("chip", ["scratch", "chip"], 2), ("dent", ["scratch", "other"], 2), ("", ["scratch"], 1), ("dent", ["any"], 1)],
)
def test_a_defect_of_an_unknown_type_counts_as_other_or_as_the_only_class(samples, defect_type, classes, number):
    assert class_numbers([replace(samples[1], defect_type=defect_type)], classes).tolist() == [number]
