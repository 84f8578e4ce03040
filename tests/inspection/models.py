"""Tiny models with a known answer, written as graphs by hand, to see what the pipeline does with their answers."""

import hashlib
import json

from django.conf import settings

from inspection import epochs, registry
from inspection.models import Bands, Line, ModelVersion
from tests.builders import NOON, make_model_version
from tests.vision.light_meter import light_meter
from vision.decode import DECODER_ID


def make_serving(
    line: Line, *, kind: str = "light", name: str = "light-meter", version: int = 1, **fields
) -> ModelVersion:
    """Register a model of the kind without the door's checks and let it serve the line."""
    made = make_light_meter(kind, name=name, version=version, **fields)
    registry.serve(line, made, by=None, cause="test", now=NOON)
    line.refresh_from_db()
    return made


def make_light_meter(kind: str = "light", *, name: str = "light-meter", version: int = 1, **fields) -> ModelVersion:
    """Return a version that calls bright images defects: raw score 8 x (mean - 127.5) / 64.

    Kinds that fail: "nan" answers no number, "wide" one logit too many, "broken" is no graph at all.
    """
    folder = settings.MODELS_ROOT / name / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    graph = light_meter(kind)
    (folder / "model.onnx").write_bytes(graph)
    digest = hashlib.sha256(graph).hexdigest()
    card = {
        "architecture": "small-cnn",
        "preprocessing": "squash-192/1",
        "decoder": DECODER_ID,
        "classes": ["scratch"],
        "calibrator": {"a": -1.0, "b": 0.0},
        "files": {"model.onnx": {"sha256": digest}},
    }
    (folder / "card.json").write_text(json.dumps(card))
    return make_model_version(
        name=name,
        version=version,
        onnx_sha256=digest,
        folder=f"{name}/{version}",
        **{"classes": ["scratch"], "decoder_id": DECODER_ID, "preprocessing_id": "squash-192/1", **fields},
    )


def make_bands(line: Line, version: ModelVersion, **fields) -> Bands:
    """Certify the version on the line for dark and bright images of any usual size, and put the bands in force."""
    facts = {
        "epoch": line.epoch,
        "calibrator_hash": epochs.calibrator_hash(version),
        "t_lo": 0.05,
        "t_hi": 0.95,
        "certificates": {},
        "envelope": {"p99_luminance": [80, 250], "size_bytes": [100, 100_000]},
        "created_at": NOON,
    }
    line.bands = Bands.objects.create(line=line, model_version=version, **{**facts, **fields})
    line.save(update_fields=["bands"])
    return line.bands
