"""A model from labelled images: fitted, calibrated, judged on what it never saw, registered.

Imports torch: commands only, never the web process. A training that people ask for runs in a child (`fitter`).
"""

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from inspection import fitting, registry
from inspection.learning import backbone_file, classes_of
from inspection.models import Line, ModelVersion
from inspection.rules.words import Origin
from vision.architectures import ARCHITECTURES
from vision.backbone import BackboneMissing
from vision.dataset import Sample
from vision.trainers import Progress
from vision.training import TrainingRefused

__all__ = ["BackboneMissing", "TrainingRefused", "train"]


def train(
    line: Line,
    *,
    samples: Sequence[Sample],
    architecture: str,
    name: str,
    source: str,
    minutes: float,
    now: datetime,
    progress: Callable[[Progress], None],
    then: Callable[[ModelVersion], None],
) -> ModelVersion:
    """Fit, calibrate on the validation split, judge on the test split, export and register a version.

    Whole groups stay on one side of the splits. The card says what the test split showed; nothing is put on the
    line. `then` is done with the version in the transaction that registers it. Raises TrainingRefused or
    BackboneMissing, and then nothing is registered.
    """
    order = fitting.Order(
        samples=samples,
        architecture=architecture,
        classes=classes_of(
            line, samples, good_only=architecture in ARCHITECTURES and ARCHITECTURES[architecture].good_only
        ),
        minutes=minutes,
        backbone=str(backbone_file()),
        card={"name": name, "line": line.slug, "source": source, "trained_at": now.isoformat()},
    )
    with tempfile.TemporaryDirectory(prefix="tollgate-model-") as folder:
        fitting.make(order, Path(folder), progress=progress)
        return registry.register(Path(folder), name=name, origin=Origin.COMMAND, then=then, now=now)
