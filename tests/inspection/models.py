"""Tiny models with a known answer, written as graphs by hand, to see what the pipeline does with their answers."""

import hashlib
import json

import numpy as np
import onnx
from django.conf import settings
from onnx import TensorProto, helper

from inspection import epochs, registry
from inspection.models import Bands, Line, ModelVersion
from tests.builders import NOON, make_model_version
from vision.decode import DECODER_ID

STEEPNESS = 8.0


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
    graph = b"no graph" if kind == "broken" else _graph(kind).SerializeToString()
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


def _graph(kind: str) -> onnx.ModelProto:
    steepness = np.array([[np.nan if kind == "nan" else STEEPNESS]], dtype=np.float32)
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        node("Unsqueeze", ["mean", "one"], ["column"]),
        node("Mul", ["column", "steepness"], ["defect"]),
        node("Mul", ["column", "zero"], ["pass"]),
        node("Concat", ["pass", "defect", *(["defect"] if kind == "wide" else [])], ["logits"], axis=1),
        node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=1),
        node("AveragePool", ["grey"], ["places"], kernel_shape=[8, 8], strides=[8, 8]),
        node("Mul", ["places", "zero_place"], ["nowhere"]),
        node("Concat", ["nowhere", "places"], ["maps"], axis=1),
        node("ReduceMean", ["images"], ["embedding"], axes=[2, 3], keepdims=0),
    ]
    constants: dict[str, np.ndarray] = {
        "one": np.array([1], dtype=np.int64),
        "steepness": steepness,
        "zero": np.zeros((1, 1), dtype=np.float32),
        "zero_place": np.zeros((1, 1, 1, 1), dtype=np.float32),
    }
    outputs = {"logits": ["n", 3 if kind == "wide" else 2], "maps": ["n", 2, 24, 24], "embedding": ["n", 3]}
    graph = helper.make_graph(
        nodes,
        "light-meter",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 192, 192])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


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
