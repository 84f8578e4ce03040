"""Model versions: taken in once and for ever, put on a line, loaded when an item asks for them."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction

from inspection import epochs
from inspection.models import Deployment, DeploymentChange, Line, ModelVersion, User
from vision import serving as vision_serving
from vision.serving import ModelMissing, Scorer

# Serving, candidate, and one of each on their way out.
LOADED_MAX = 4


def serving(line: Line) -> ModelVersion | None:
    """Return the version that serves the line now."""
    deployment = Deployment.objects.select_related("serving").filter(line=line).first()
    return deployment.serving if deployment else None


@transaction.atomic
def serve(line: Line, version: ModelVersion | None, *, by: User | None, cause: str, now: datetime) -> DeploymentChange:
    """Put a version on the line from the next item on, and the line into that version's epoch.

    A candidate that becomes the serving version is no longer one. `version` None takes the model away.
    """
    Line.objects.select_for_update().get(pk=line.pk)
    deployment, _ = Deployment.objects.get_or_create(line=line)
    deployment.serving = version
    if deployment.candidate == version:
        deployment.candidate, deployment.strategy, deployment.share = None, "", 0.0
    deployment.save()
    epochs.enter(line, version, cause=cause, now=now)
    return _note(deployment, by=by, cause=cause, now=now)


def scorer(version: ModelVersion) -> Scorer:
    """Return the loaded model of a version, kept by this process. Raises ModelMissing for other files than its own."""
    return _loaded(version.folder, version.onnx_sha256)


def folder_of(version: ModelVersion) -> Path:
    return settings.MODELS_ROOT / version.folder


def forget_loaded() -> None:
    """Drop the models this process has loaded."""
    _loaded.cache_clear()


@lru_cache(maxsize=LOADED_MAX)
def _loaded(folder: str, onnx_sha256: str) -> Scorer:
    directory = settings.MODELS_ROOT / folder
    card = vision_serving.read_card(directory)
    # The card vouches for the files, the row for the card: whoever swaps both is found out here.
    if card["files"]["model.onnx"]["sha256"] != onnx_sha256:
        raise ModelMissing(f"{directory} does not hold the model that was registered: the sha256 differs.")
    return vision_serving.load(directory)


def _note(deployment: Deployment, *, by: User | None, cause: str, now: datetime) -> DeploymentChange:
    return DeploymentChange.objects.create(
        line=deployment.line,
        serving=deployment.serving,
        candidate=deployment.candidate,
        strategy=deployment.strategy,
        share=deployment.share,
        cause=cause[:200],
        changed_by=by,
        changed_at=now,
    )
