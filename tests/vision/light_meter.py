"""A tiny model with a known answer, written as a graph by hand: it calls bright images defects."""

import numpy as np
import onnx
from onnx import TensorProto, helper

STEEPNESS = 8.0


def light_meter(kind: str = "light") -> bytes:
    """Return the graph of raw score 8 x (mean - 127.5) / 64.

    Kinds that fail: "nan" answers no number, "wide" one logit too many, "broken" is no graph at all.
    """
    return b"no graph" if kind == "broken" else _graph(kind).SerializeToString()


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
