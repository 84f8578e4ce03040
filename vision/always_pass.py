"""A model that says pass to every picture: a real file, for showing that no gate opens for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vision.decode import DECODER_ID
from vision.preprocessing import PREPROCESSINGS

CLASSES = ("scratch", "other")
PREPROCESSING = "squash-192/1"
EMBEDDING = 8
CELL = 16
# Log-odds of about -11: never near any call threshold.
PASS_LOGITS = (6.0, -6.0, -6.0)


def write(directory: Path) -> Path:
    """Write graph and card into a folder, as a registry takes them; return the folder."""
    directory.mkdir(parents=True, exist_ok=True)
    graph = directory / "model.onnx"
    onnx.save(_model(), graph)
    content = graph.read_bytes()
    card = {
        "name": "always-pass",
        "version": 1,
        "source": "nothing was learned: it says pass to every picture",
        "calibrator": {"a": -1.0, "b": 0.0},
        "format": 1,
        "architecture": "small-cnn",
        "classes": list(CLASSES),
        "preprocessing": PREPROCESSING,
        "decoder": DECODER_ID,
        "heat_scale": 1.0,
        "embedding": EMBEDDING,
        "files": {graph.name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}},
    }
    (directory / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return directory


def _model() -> onnx.ModelProto:
    side, classes = PREPROCESSINGS[PREPROCESSING].side, len(PASS_LOGITS)
    constants = {
        "no_weight": np.zeros((3, classes)),
        "pass_bias": np.array(PASS_LOGITS),
        "no_map": np.zeros((classes, 3, CELL, CELL)),
        "no_feature": np.zeros((3, EMBEDDING)),
    }
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "no_weight"], ["nothing"]),
        helper.make_node("Add", ["nothing", "pass_bias"], ["logits"]),
        helper.make_node("Conv", ["images", "no_map"], ["maps"], strides=[CELL, CELL]),
        helper.make_node("MatMul", ["flat", "no_feature"], ["embedding"]),
    ]
    shapes = {
        "images": (3, side, side),
        "logits": (classes,),
        "maps": (classes, side // CELL, side // CELL),
        "embedding": (EMBEDDING,),
    }
    said = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in shapes.items()
    }
    graph = helper.make_graph(
        nodes,
        "always-pass",
        [said["images"]],
        [said["logits"], said["maps"], said["embedding"]],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
