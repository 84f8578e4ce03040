"""Model versions: taken in once and for ever, put on a line, loaded when an item asks for them."""

import importlib.util
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.validators import slug_re
from django.db import transaction
from django.db.models import Max, QuerySet

from inspection import epochs
from inspection.models import Deployment, DeploymentChange, Line, ModelVersion, User
from inspection.rules.words import Origin
from vision import serving as vision_serving
from vision.model_files import ModelRefused, export_in_child, inspect_in_child
from vision.serving import CARD_FILE, ModelFailed, ModelMissing, Scorer

# Kept loaded beside what stands on active lines: versions on trial, and those on their way out.
IDLE_LOADED_MAX = 4

GRAPH = "model.onnx"
WEIGHTS = "weights.safetensors"
WANTED_OF_A_CARD = ("architecture", "preprocessing", "decoder", "classes", "calibrator", "files")

# What this process has loaded, by folder, hash and address; the one used last stands last.
_loaded: dict[tuple[str, str, str], Scorer] = {}
# How long each model took to load here, until somebody asks.
_load_times: deque[float] = deque(maxlen=100)


def register(
    path: Path,
    *,
    name: str | None,
    origin: Origin,
    by: User | None = None,
    then: Callable[[ModelVersion], None] | None = None,
    now: datetime,
) -> ModelVersion:
    """Take a model in for ever: check a copy of its files, keep it below MODELS_ROOT, write its row.

    `path` is a folder with a card or the card itself; without a name the card's own is taken. `origin` and `by` say
    who answers for it. `then` is done in the transaction that writes the row: where it raises, nothing is kept, as
    where the model is refused with ModelRefused or ModelMissing.
    """
    source = path if path.is_dir() else path.parent
    settings.MODELS_ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.MODELS_ROOT, prefix=".arriving-") as arriving:
        # The copy is what is checked and kept: the original may change under our hands.
        staged = Path(arriving) / "model"
        staged.mkdir()
        _copy(source, card_file=CARD_FILE if path.is_dir() else path.name, to=staged)
        card = _checked_card(staged)
        proper = _proper(name or card.get("name"))
        with transaction.atomic():
            version = _written(card, name=proper, origin=origin, by=by, now=now)
            if then is not None:
                then(version)
            _keep(staged, version)
        return version


def find(name: str) -> ModelVersion:
    """Return the version "name:3", or the newest for a name alone. Raises ModelVersion.DoesNotExist."""
    plain, colon, version = name.partition(":")
    versions = ModelVersion.objects.filter(name=plain).order_by("-version")
    if colon:
        versions = versions.filter(version=int(version)) if version.isdecimal() else versions.none()
    found = versions.first()
    if found is None:
        raise ModelVersion.DoesNotExist(f"There is no model {name!r}.")
    return found


def serving(line: Line) -> ModelVersion | None:
    """Return the version that serves the line now."""
    deployment = Deployment.objects.select_related("serving").filter(line=line).first()
    return deployment.serving if deployment else None


def served_at(line: Line, moment: datetime) -> DeploymentChange | None:
    """Return what stood on the line at a moment, None before its first model: one query."""
    changes = DeploymentChange.objects.filter(line=line, changed_at__lte=moment)
    return changes.select_related("serving", "candidate", "changed_by").order_by("-changed_at", "-pk").first()


def present(line: Line) -> ModelVersion:
    """Return the version that serves the line now, where there must be one. Raises LookupError."""
    version = serving(line)
    if version is None:
        raise LookupError(f"No model serves {line}.")
    return version


@transaction.atomic
def serve(line: Line, version: ModelVersion | None, *, by: User | None, cause: str, now: datetime) -> DeploymentChange:
    """Put a version on the line from the next item on, and the line into that version's epoch.

    A candidate that becomes the serving version is no longer one. `version` None takes the model away.
    """
    Line.objects.select_for_update().get(pk=line.pk)
    wanted, _ = Deployment.objects.get_or_create(line=line)
    wanted.serving = version
    if wanted.candidate == version:
        wanted.candidate, wanted.strategy, wanted.share, wanted.step = None, "", 0.0, None
    change = arrange(line, wanted, by=by, cause=cause, now=now)
    epochs.enter(line, version, cause=cause, now=now)
    return change


@transaction.atomic
def arrange(line: Line, wanted: Deployment, *, by: User | None, cause: str, now: datetime) -> DeploymentChange:
    """Let the line's models stand as wanted from the next item on. One transaction, so no process sees half of it.

    Another serving version takes the line into its own epoch and under its own bands.
    """
    Line.objects.select_for_update().get(pk=line.pk)
    left = Deployment.objects.select_related("serving", "bands").filter(line=line).first()
    wanted.line, wanted.bands = line, left.bands if left else None
    if (left.serving if left else None) != wanted.serving:
        epochs.enter(line, wanted.serving, cause=cause, now=now)
        _exchange_bands(line, wanted)
    wanted.save()
    return _note(wanted, by=by, cause=cause, now=now)


def _exchange_bands(line: Line, wanted: Deployment) -> None:
    """Put the serving version under its own bands where it has some; those of before wait beside it for the way back.

    Whether they hold is asked anew at every item: bands of another epoch decide nothing.
    """
    before, beside = Line.objects.values_list("bands", flat=True).get(pk=line.pk), wanted.bands
    line.bands = beside if beside and beside.model_version_id == wanted.serving_id else None
    line.save(update_fields=["bands"])
    wanted.bands_id = before


@lru_cache(maxsize=256)
def of_id(pk: int) -> ModelVersion:
    """Return a version, kept by this process: it never changes."""
    return ModelVersion.objects.get(pk=pk)


def scorer(version: ModelVersion) -> Scorer:
    """Return the loaded model of a version, kept by this process. Raises ModelMissing for other files than its own.

    What stands on an active line stays loaded, however many lines there are; of the rest only those used last.
    One that the settings name (REMOTE_MODELS, by name:version or name) runs on the prediction server of that address.
    """
    address = settings.REMOTE_MODELS.get(str(version)) or settings.REMOTE_MODELS.get(version.name, "")
    key = (version.folder, version.onnx_sha256, address)
    loaded = _loaded.pop(key, None) or _load_timed(*key)
    _loaded[key] = loaded
    return loaded


def standing() -> QuerySet[ModelVersion]:
    """Return every version that stands on an active line: serves, is on its way, or is the way back."""
    deployments = Deployment.objects.filter(line__is_active=True).values_list("serving", "candidate", "standby")
    return ModelVersion.objects.filter(pk__in={pk for three in deployments for pk in three if pk is not None})


def holds_registered(version: ModelVersion) -> bool:
    """Say whether graph, weights and calibrator on the disk still are what was registered.

    A version that was registered without a graph has no file that could be another one.
    """
    if not version.onnx_sha256:
        return True
    folder = folder_of(version)
    try:
        calibrator = vision_serving.read_card(folder).get("calibrator")
        graph = sha256((folder / GRAPH).read_bytes()).hexdigest()
        weights = [sha256(path.read_bytes()).hexdigest() for path in folder.glob(WEIGHTS)]
    except (OSError, ValueError, ModelMissing):
        return False
    known = weights in ([], [version.weights_sha256])
    return known and (calibrator, graph) == (version.calibrator, version.onnx_sha256)


def graph_of(version: ModelVersion) -> Path:
    """Return where the version's graph lies."""
    return folder_of(version) / GRAPH


def folder_of(version: ModelVersion) -> Path:
    return settings.MODELS_ROOT / version.folder


def forget_loaded() -> None:
    """Drop the models this process has loaded."""
    _loaded.clear()
    of_id.cache_clear()


def loaded_count() -> int:
    """Return how many models this process holds."""
    return len(_loaded)


def take_load_times() -> list[float]:
    """Return how long each model took that this process has loaded since it was last asked, in seconds."""
    return [_load_times.popleft() for _ in range(len(_load_times))]


def _load_timed(folder: str, onnx_sha256: str, address: str) -> Scorer:
    started = time.perf_counter()
    loaded = _load(settings.MODELS_ROOT / folder, onnx_sha256, address, folder)
    _load_times.append(time.perf_counter() - started)
    _make_room()
    return loaded


def _make_room() -> None:
    """Let go of what stands on no active line and was not used lately. Asked when a model was loaded: seldom."""
    needed = set(standing().values_list("folder", flat=True))
    idle = [key for key in _loaded if key[0] not in needed]
    for key in idle[:-IDLE_LOADED_MAX]:
        del _loaded[key]


def _load(directory: Path, onnx_sha256: str, address: str, folder: str) -> Scorer:
    card = vision_serving.read_card(directory)
    # The card vouches for the files, the row for the card: whoever swaps both is found out here.
    if card["files"][GRAPH]["sha256"] != onnx_sha256:
        raise ModelMissing(f"{directory} does not hold the model that was registered: the sha256 differs.")
    if address:
        name, _, number = folder.partition("/")
        return vision_serving.load_remote(directory, address, name, number)
    return vision_serving.load(directory, settings.MODEL_RUNTIME)


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


# Taking in ------------------------------------------------------------------------------------------------------


def _copy(source: Path, *, card_file: str, to: Path) -> None:
    if not (source / card_file).is_file():
        raise ModelMissing(f"There is no {card_file} in {source}.")
    shutil.copyfile(source / card_file, to / CARD_FILE)
    for name in (GRAPH, WEIGHTS):
        if (source / name).is_file():
            shutil.copyfile(source / name, to / name)
    if not any((to / name).is_file() for name in (GRAPH, WEIGHTS)):
        raise ModelRefused("model-type-unsupported", _what_is_missing(source))


def _what_is_missing(source: Path) -> str:
    if any(source.glob("*.xml")):
        return f"OpenVINO IR is not served; bring what it was converted from, as {GRAPH} or {WEIGHTS}."
    return f"There is neither {GRAPH} nor {WEIGHTS} beside the card."


def _checked_card(folder: Path) -> dict[str, Any]:
    card = vision_serving.read_card(folder)
    missing = [key for key in WANTED_OF_A_CARD if key not in card]
    if missing:
        raise ModelRefused("model-card", f"The card does not tell {', '.join(missing)}.")
    if (folder / WEIGHTS).is_file():
        _check_file(folder / WEIGHTS, card, architecture=card["architecture"])
    if not (folder / GRAPH).is_file():
        return _exported(folder)
    _check_file(folder / GRAPH, card, architecture=None)
    _try_out(folder)
    return card


def _exported(folder: Path) -> dict[str, Any]:
    """Give weights that came alone the product's own graph, which is run once before it is believed."""
    if importlib.util.find_spec("torch") is None:
        raise ModelRefused("model-type-unsupported", f"Weights alone need torch to be exported; bring {GRAPH} too.")
    export_in_child(folder)
    return vision_serving.read_card(folder)


def _proper(name: object) -> str:
    """Return the name if it can be one: it becomes a folder's."""
    if not isinstance(name, str) or not slug_re.fullmatch(name):
        raise ModelRefused("model-name", f"The name {name!r} must consist of letters, digits, '-' and '_'.")
    return name


def _check_file(path: Path, card: Mapping[str, Any], *, architecture: str | None) -> None:
    if card["files"].get(path.name, {}).get("sha256") != sha256(path.read_bytes()).hexdigest():
        raise ModelRefused("model-hash", f"{path.name} is not the file its card describes: the sha256 differs.")
    found = inspect_in_child(path, architecture=architecture)
    if found.classes and found.classes != 1 + len(card["classes"]):
        raise ModelRefused("model-shape", f"{path.name} knows {found.classes} classes, its card another number.")


def _try_out(folder: Path) -> None:
    """Let the model look at a grey picture, so that one that answers in another shape is refused here."""
    try:
        vision_serving.load(folder).score(np.full((64, 64, 3), 127, dtype=np.uint8))
    except ModelFailed as failure:
        raise ModelRefused("model-shape", str(failure)) from failure


def _written(card: Mapping[str, Any], *, name: str, origin: Origin, by: User | None, now: datetime) -> ModelVersion:
    last = ModelVersion.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0
    return ModelVersion.objects.create(
        name=name,
        version=last + 1,
        architecture=card["architecture"],
        weights_sha256=card["files"].get(WEIGHTS, {}).get("sha256", ""),
        onnx_sha256=card["files"][GRAPH]["sha256"],
        preprocessing_id=card["preprocessing"],
        decoder_id=card["decoder"],
        calibrator=card["calibrator"],
        classes=card["classes"],
        card=card,
        folder=f"{name}/{last + 1}",
        origin=origin.value,
        registered_by=by,
        created_at=now,
    )


def _keep(staged: Path, version: ModelVersion) -> None:
    target = folder_of(version)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Left by a registration that was cut off before its row was committed: nothing refers to it.
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
