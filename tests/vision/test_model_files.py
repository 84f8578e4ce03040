"""Model files from strangers: only plain numbers or plain graphs come in, and looking does no harm."""

import io
import json
import pickle
import shutil
import struct
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file, save_file

from vision import model_checks
from vision.model_checks import check_onnx, check_safetensors
from vision.model_files import ModelRefused, inspect_in_child


@pytest.fixture
def weights(model, tmp_path):
    return shutil.copy(model / "weights.safetensors", tmp_path / "weights.safetensors")


@pytest.fixture
def graph(model, tmp_path):
    return shutil.copy(model / "model.onnx", tmp_path / "model.onnx")


def code_of(check, *arguments) -> str:
    with pytest.raises(ModelRefused) as refused:
        check(*arguments)
    return refused.value.code


def test_our_own_files_pass_in_the_child(weights, graph):
    found = inspect_in_child(weights, architecture="small-cnn")
    assert (found.kind, found.classes, found.size_bytes) == ("safetensors", 3, weights.stat().st_size)
    assert inspect_in_child(graph).kind == "onnx"


class Planted:
    """What a pickle can do to whoever opens it."""

    def __init__(self, marker):
        self._marker = marker

    def __reduce__(self):
        return open, (str(self._marker), "w")


@pytest.mark.parametrize("architecture", ["small-cnn", None])
@pytest.mark.parametrize("packed", [False, True], ids=["pickle", "zip"])
def test_a_pickle_is_refused_and_never_opened(tmp_path, architecture, packed):
    marker, path = tmp_path / "owned", tmp_path / "weights.pt"
    content = pickle.dumps(Planted(marker))
    path.write_bytes(content)
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    code = code_of(lambda: inspect_in_child(path, architecture=architecture))
    assert code in ("model-corrupt", "model-type-unsupported")
    assert not marker.exists()


def header(entries: dict) -> bytes:
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 1_000) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        header({"classify.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        header(
            {
                "classify.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                "other": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
            }
        )
        + bytes(12),
        header({"classify.bias": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
        header({"classify.bias": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}) + bytes(8),
        zipped(bytes(64_000_000)),
    ],
    ids=[
        "empty",
        "too short",
        "length 2^63",
        "length past the end",
        "not an object",
        "no data",
        "overlap",
        "huge tensor",
        "size overflow",
        "zip bomb",
    ],
)
def test_a_broken_safetensors_file_is_refused(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    assert code_of(check_safetensors, path, "small-cnn") == "model-corrupt"
    assert code_of(lambda: inspect_in_child(path, architecture="small-cnn")) == "model-corrupt"


def changed(path, **changes):
    """The file with some tensors replaced, or left out where the change is None."""
    state = {**load_file(path), **{name.replace("__", "."): values for name, values in changes.items()}}
    save_file({name: values for name, values in state.items() if values is not None}, path)
    return path


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"classify__bias": np.array([0, np.nan, 0], np.float32)}, "model-corrupt"),
        ({"classify__bias": np.array([0, np.inf, 0], np.float32)}, "model-corrupt"),
        ({"classify__bias": np.zeros(3, np.float64)}, "model-shape"),
        ({"classify__bias": np.zeros(1, np.float32)}, "model-shape"),
        ({"classify__bias": np.zeros(1_000, np.float32)}, "model-shape"),
        ({"classify__bias": np.zeros((3, 1), np.float32)}, "model-shape"),
        ({"classify__bias": None}, "model-shape"),
        ({"classify__weight": np.zeros((3, 7), np.float32)}, "model-shape"),
        ({"extra": np.zeros(3, np.float32)}, "model-shape"),
    ],
    ids=["NaN", "infinity", "float64", "one class", "1,000 classes", "two axes", "missing", "wrong shape", "extra"],
)
def test_tensors_that_are_not_the_networks_are_refused(weights, changes, code):
    assert code_of(check_safetensors, changed(weights, **changes), "small-cnn") == code


def test_weights_of_another_network_or_of_none_are_refused(weights):
    assert code_of(check_safetensors, weights, "lite0-probe") == "model-shape"
    assert code_of(check_safetensors, weights, "resnet") == "model-type-unsupported"


def test_a_file_past_the_cap_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(model_checks, "MAX_BYTES", 10)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(bytes(11))
    assert code_of(check_safetensors, path, "small-cnn") == "model-too-large"
    assert code_of(check_onnx, path) == "model-too-large"


def refused_after(graph, change) -> str:
    found = onnx.load(graph)
    change(found)
    graph.write_bytes(found.SerializeToString())
    return code_of(check_onnx, graph)


def to_external(found):
    tensor = found.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")


def constant_outside(found):
    tensor = helper.make_tensor("outside", TensorProto.FLOAT, [1], [0.0])
    tensor.external_data.add(key="location", value="/etc/passwd")
    found.graph.node.append(helper.make_node("Constant", [], ["outside"], value=tensor))


def with_branch(found):
    branch = helper.make_graph([], "branch", [], [])
    node = helper.make_node("Relu", ["images"], ["nowhere"])
    node.attribute.append(helper.make_attribute("body", branch))
    found.graph.node.append(node)


def with_function(found):
    found.functions.append(
        helper.make_function("mine", "Mine", ["x"], ["y"], [], opset_imports=[helper.make_opsetid("", 17)])
    )


def foreign_node(found):
    found.graph.node.append(helper.make_node("Relu", ["images"], ["y"], domain="x"))


def many_nodes(found):
    found.graph.node.extend(helper.make_node("Relu", ["images"], [f"n{n}"]) for n in range(2_000))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (to_external, "model-unsafe"),
        (constant_outside, "model-unsafe"),
        (with_function, "model-unsafe"),
        (with_branch, "model-unsafe"),
        (lambda found: found.opset_import.append(helper.make_opsetid("com.custom", 1)), "model-unsafe"),
        (lambda found: found.graph.node.append(helper.make_node("Loop", ["images"], ["y"])), "model-unsafe"),
        (foreign_node, "model-unsafe"),
        (many_nodes, "model-too-large"),
        (lambda found: found.graph.output.pop(), "model-shape"),
        (lambda found: setattr(found.graph.input[0], "name", "picture"), "model-shape"),
        (lambda found: setattr(found.graph.node[0], "op_type", "Gemm"), "model-corrupt"),
    ],
    ids=[
        "data outside",
        "constant outside",
        "function",
        "graph in a graph",
        "foreign domain",
        "loop",
        "foreign node",
        "too many nodes",
        "an output less",
        "another input",
        "not a valid graph",
    ],
)
def test_a_graph_that_is_more_than_plain_arithmetic_is_refused(graph, change, code):
    assert refused_after(graph, change) == code


def test_what_is_no_graph_at_all_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\xff" * 100)
    assert code_of(check_onnx, path) == "model-type-unsupported"


def test_a_file_that_is_not_there_is_refused_by_the_child(tmp_path):
    assert code_of(inspect_in_child, tmp_path / "absent.onnx") == "model-corrupt"
