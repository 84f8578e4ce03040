"""What the held-back images say about a model, and one training all the way to a registered version."""

import numpy as np
import pytest

from inspection import registry, training
from inspection.fitting import escape_at
from inspection.learning import classes_of
from tests.builders import NOON, make_line, make_model_version
from tests.inspection.items import BRIGHT, DARK, picture
from vision.dataset import Sample

GOOD = np.arange(100, dtype=float)


def escape(overkill: float, defects: list[float], good=GOOD):
    scores = np.concatenate([good, defects])
    return escape_at(overkill, scores=scores, labels=np.array([0] * len(good) + [1] * len(defects)))


@pytest.mark.parametrize(
    ("overkill", "misses", "overkilled"), [(0.01, 3, 1), (0.05, 2, 5), (0.0, 4, 0), (0.019, 3, 1), (1.0, 0, 99)]
)
def test_the_threshold_spends_no_more_good_parts_than_allowed(overkill, misses, overkilled):
    found = escape(overkill, [50.0, 93.0, 97.5, 98.5, 120.0])
    assert (found["misses"], found["overkilled"]) == (misses, overkilled)


def test_ties_at_the_threshold_are_missed_rather_than_overkilled():
    found = escape(0.01, [99.0, 100.0], good=np.array([99.0] * 50 + [1.0] * 50))
    assert (found["overkilled"], found["misses"]) == (0, 1)


def test_the_interval_is_the_exact_one():
    found = escape(0.01, [0.0, *[200.0] * 59])
    assert (found["rate"], found["low"], found["high"]) == (
        pytest.approx(1 / 60),
        pytest.approx(0.000422, abs=1e-5),
        pytest.approx(0.0894, abs=1e-3),
    )


def sample(defect_type: str) -> Sample:
    return Sample(path="x.jpg", label="defect", defect_type=defect_type)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("shown", "classes"),
    [
        (["crack", "scratch"], ["scratch", "crack"]),
        (["scratch"], ["scratch"]),
        (["scratch", "dent"], ["scratch", "other"]),
        (["scratch", ""], ["scratch", "other"]),
        ([""], ["other"]),
    ],
)
def test_the_classes_are_those_of_the_line_that_the_images_show(shown, classes):
    assert classes_of(make_line(), [sample(kind) for kind in shown]) == classes


@pytest.mark.django_db
def test_what_the_version_to_be_replaced_knows_stays_among_the_classes():
    parent = make_model_version(classes=["crack", "gone"])
    assert classes_of(make_line(), [sample("scratch")], parent=parent) == ["scratch", "crack"]


@pytest.mark.django_db
def test_what_learns_from_good_parts_alone_speaks_for_all_classes():
    line, parent = make_line(), make_model_version(classes=["crack"])
    assert classes_of(line, [sample("scratch")], good_only=True) == ["other"]
    assert classes_of(line, [sample("scratch")], parent=parent, good_only=True) == ["crack", "other"]


@pytest.mark.django_db
def test_an_unknown_architecture_is_refused_with_the_ones_there_are():
    with pytest.raises(training.TrainingRefused, match="use one of small-cnn, lite0-probe"):
        train(make_line(), [], architecture="transformer-9000")


@pytest.mark.slow
@pytest.mark.django_db
def test_labelled_images_become_a_registered_model_whose_card_tells_what_it_is_worth(settings, tmp_path):
    settings.MODELS_ROOT = tmp_path / "models"
    steps = []
    version = train(make_line(), easy_samples(tmp_path), progress=steps.append)
    card, figures = version.card, version.card["figures"]
    assert str(version) == "light:1"
    assert (figures["images"], figures["defects"]) == (16, 8)
    assert 0.9 < figures["auc"] <= 1
    assert [price["overkill"] for price in figures["escape"]] == [0.01, 0.05]
    assert all(price["low"] <= price["rate"] <= price["high"] for price in figures["escape"])
    assert 0 <= figures["ece"] <= 1
    assert figures["ms_per_image"] > 0
    assert (card["line"], card["source"], card["calibrator"]) == ("phone-glass", "light", version.calibrator)
    assert version.calibrator["a"] < 0
    assert registry.scorer(version).card["classes"] == ["scratch"]
    assert {step.stage for step in steps} == {"read", "steps", "train"}


def train(line, samples, **changes):
    facts = {
        "architecture": "small-cnn",
        "name": "light",
        "source": "light",
        "minutes": 1.0,
        "now": NOON,
        "progress": lambda _step: None,
        "then": lambda _version: None,
    }
    return training.train(line, samples=samples, **{**facts, **changes})


def easy_samples(folder) -> list[Sample]:
    """Return 80 small images of which every second one is bright and called a scratch: quickly learned."""
    samples = []
    for n in range(80):
        is_bad = n % 2 == 1
        path = folder / f"{n}.jpg"
        path.write_bytes(picture(BRIGHT if is_bad else DARK, seed=n))
        split = "test" if n < 16 else "val" if n < 32 else "train"
        label, kind = ("defect", "scratch") if is_bad else ("ok", "")
        samples.append(Sample(path=path, label=label, defect_type=kind, split=split))
    return samples
