"""What a model file must be to be taken in: plain numbers for a network of ours, or a plain self-contained graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from safetensors import SafetensorError, safe_open

from vision.architectures import ARCHITECTURES, Shapes
from vision.model_files import MAX_BYTES, MAX_CLASSES, Inspection, ModelRefused

MAX_NODES = 2_000

# What the exporter writes for the allowed architectures, and plain relatives of it.
# fmt: off
_OPERATORS = frozenset({
    "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv", "Div",
    "Flatten", "Gather", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Identity", "MatMul", "MaxPool", "Mul", "Pad",
    "ReduceMax", "ReduceMean", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice", "Softmax", "Sqrt",
    "Squeeze", "Sub", "Transpose", "Unsqueeze",
})
# fmt: on
_DOMAINS = ("", "ai.onnx")
_INPUTS = ["images"]
_OUTPUTS = ["logits", "maps", "embedding"]
_FLOAT = "F32"


def check_safetensors(path: str | Path, architecture: str) -> Inspection:
    """Accept exactly the tensors of one allowed network, in float32 and finite. Raises `ModelRefused`."""
    path = Path(path)
    if architecture not in ARCHITECTURES:
        raise ModelRefused("model-type-unsupported", "The architecture is not on the list of this product.")
    size = _size(path)
    try:
        with safe_open(path, framework="numpy") as opened:
            classes = _class_count(opened)
            _check_tensors(opened, ARCHITECTURES[architecture].shapes(classes))
    except (SafetensorError, ValueError, OSError) as error:
        raise ModelRefused("model-corrupt", "The file is not whole, or not safetensors at all.") from error
    return Inspection(kind="safetensors", classes=classes, size_bytes=size)


def _size(path: Path) -> int:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ModelRefused("model-too-large", f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    return size


def _class_count(opened: Any) -> int:
    if "classify.bias" not in opened.keys():  # noqa: SIM118 - not a mapping
        raise ModelRefused("model-shape", "The file holds no tensor 'classify.bias'.")
    shape = opened.get_slice("classify.bias").get_shape()
    if len(shape) != 1 or not 2 <= shape[0] <= MAX_CLASSES:
        raise ModelRefused("model-shape", f"The network must have 2 to {MAX_CLASSES} classes, pass included.")
    return int(shape[0])


def _check_tensors(opened: Any, expected: Shapes) -> None:
    names = set(opened.keys())
    if names != set(expected):
        raise ModelRefused("model-shape", f"{len(names ^ set(expected))} tensors are missing or not of this network.")
    for name, shape in expected.items():
        tensor = opened.get_slice(name)
        if tuple(tensor.get_shape()) != shape or tensor.get_dtype() != _FLOAT:
            raise ModelRefused("model-shape", f"Tensor {name!r} is not float32 of the shape {shape}.")
        if not np.isfinite(opened.get_tensor(name)).all():
            raise ModelRefused("model-corrupt", f"Tensor {name!r} holds NaN or infinity.")


def check_onnx(path: str | Path) -> Inspection:
    """Accept a self-contained graph of plain operators with our input and outputs. Raises `ModelRefused`."""
    path = Path(path)
    size = _size(path)
    try:
        # External data stays where it is: a path in the file must not make us open another one.
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        # The parser meets strangers' bytes.
        raise ModelRefused("model-type-unsupported", "The file is not an ONNX model.") from error
    _check_reach(model)
    _check_nodes(model)
    _check_interface(model)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        # The checker raises several kinds, from C++ too.
        raise ModelRefused("model-corrupt", "The ONNX graph is not valid.") from error
    return Inspection(kind="onnx", classes=0, size_bytes=size)


def _check_reach(model: onnx.ModelProto) -> None:
    """Refuse whatever reaches outside the file or brings code of its own."""
    tensors = [*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute)]
    if model.graph.sparse_initializer or any(t.external_data or t.data_location for t in tensors):
        raise ModelRefused("model-unsafe", "The model keeps data outside its file.")
    if model.functions or model.training_info:
        raise ModelRefused("model-unsafe", "The model brings functions or training steps of its own.")
    if any(entry.domain not in _DOMAINS for entry in model.opset_import):
        raise ModelRefused("model-unsafe", "The model uses operators outside the standard domain.")


def _check_nodes(model: onnx.ModelProto) -> None:
    nodes = model.graph.node
    if len(nodes) > MAX_NODES:
        raise ModelRefused("model-too-large", f"The graph has more than {MAX_NODES} nodes.")
    for node in nodes:
        if node.domain not in _DOMAINS or node.op_type not in _OPERATORS:
            raise ModelRefused("model-unsafe", f"Operator {node.op_type!a} is not on the list of this product.")
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise ModelRefused("model-unsafe", "The model holds graphs within its graph.")


def _check_interface(model: onnx.ModelProto) -> None:
    held = {initializer.name for initializer in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in held]
    outputs = [value.name for value in model.graph.output]
    if inputs != _INPUTS or outputs != _OUTPUTS:
        raise ModelRefused("model-shape", f"The graph must take {_INPUTS} and give {_OUTPUTS}.")
