"""A model that a person sends over HTTP: weights as safetensors, for a network of the allow-list, and no other file.

What a stranger's machine says of its own model is not taken: figures come from the line's own images.
"""

import fcntl
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File

from inspection import registry
from inspection.models import ModelVersion, User
from inspection.rules.words import Origin
from vision.architectures import ARCHITECTURES, PASS
from vision.decode import DECODER_ID
from vision.model_files import MAX_BYTES, MAX_CLASSES, ModelRefused
from vision.scoring import UNCALIBRATED
from vision.serving import CARD_FILE

FILE_MAX = MAX_BYTES
# Codes of defect classes with commas between, in the order of the network's outputs behind pass.
CLASSES_PATTERN = rf"^\s*[-a-zA-Z0-9_]{{1,40}}(\s*,\s*[-a-zA-Z0-9_]{{1,40}}){{0,{MAX_CLASSES - 2}}}\s*\Z"
SUFFIX = ".safetensors"
# Where the header of safetensors begins, behind its length: what an archive or a pickle never has there.
_HEADER_AT = 8
_FOREIGN = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_LOCK = ".uploading"


class Busy(Exception):
    """Another upload is being checked: one at a time, so that the line's own work goes on."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file of weights with what it is said to be. `sha256` is what the sender expects, if it says so."""

    file: File
    name: str
    architecture: str
    classes: str
    calibrator_a: float = UNCALIBRATED["a"]
    calibrator_b: float = UNCALIBRATED["b"]
    heat_scale: float = 1.0
    made_from: str = ""
    sha256: str = ""


def check_type(file: File) -> None:
    """Refuse what is plainly another kind of file, by its name or its first bytes. Raises ModelRefused."""
    head = file.read(_HEADER_AT + 1)
    file.seek(0)
    is_foreign = head.startswith(_FOREIGN) and head[_HEADER_AT:] != b"{"
    if is_foreign or not (file.name or "").endswith(SUFFIX):
        raise ModelRefused("model-type-unsupported", "Over HTTP a model comes as safetensors only.")


def take_in(upload: Upload, *, by: User, now: datetime) -> ModelVersion:
    """Register the model under the person's name, whole or not at all. Raises ModelRefused or Busy."""
    check_type(upload.file)
    settings.MODELS_ROOT.mkdir(parents=True, exist_ok=True)
    with _alone(), tempfile.TemporaryDirectory(dir=settings.MODELS_ROOT, prefix=".uploaded-") as folder:
        weights = Path(folder) / registry.WEIGHTS
        digest = _written(upload.file, weights)
        (Path(folder) / CARD_FILE).write_text(json.dumps(_card(upload, sha256_of_file=digest)), encoding="utf-8")
        return registry.register(Path(folder), name=upload.name, origin=Origin.UPLOAD, by=by, now=now)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the one place there is for a check: it takes a processor and the memory of a training library."""
    with (settings.MODELS_ROOT / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("Another model is being checked.") from error
        yield


def _written(file: File, path: Path) -> str:
    """Copy a file chunk by chunk and return its hash."""
    digest = sha256()
    with path.open("wb") as target:
        for chunk in file.chunks():
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _card(upload: Upload, *, sha256_of_file: str) -> dict[str, Any]:
    """Return the card: what the network itself fixes, and what the sender says and nothing can check."""
    network = ARCHITECTURES[upload.architecture]
    return {
        "name": upload.name,
        "architecture": network.name,
        "preprocessing": network.preprocessing,
        "decoder": DECODER_ID,
        "embedding": network.embedding,
        "classes": _classes(upload.classes),
        "calibrator": {"a": upload.calibrator_a, "b": upload.calibrator_b},
        "heat_scale": upload.heat_scale,
        "source": upload.made_from,
        # The registry compares: a file other than the sender's own hash says is refused there.
        "files": {registry.WEIGHTS: {"sha256": upload.sha256 or sha256_of_file}},
    }


def _classes(told: str) -> list[str]:
    codes = [code.strip() for code in told.split(",")]
    if PASS in codes or len(set(codes)) < len(codes):
        raise ModelRefused("model-shape", "Each class of defect is named once; pass is no defect.")
    return codes
