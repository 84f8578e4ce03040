"""Writes a trained network as files: safetensors for keeping, ONNX for serving, and a card that vouches for both."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

from vision.architectures import ARCHITECTURES
from vision.model_checks import check_onnx, check_safetensors
from vision.networks import build, load_state
from vision.preprocessing import PREPROCESSINGS
from vision.runtimes import Floats
from vision.runtimes.onnx import MODEL_FILE, OnnxRuntime
from vision.runtimes.torch import WEIGHTS_FILE, TorchRuntime
from vision.serving import CARD_FILE, TOLERANCE, difference
from vision.training import Fitted

OPSET = 17

CARD_FORMAT = 1


class ExportFailed(RuntimeError):
    """The files do not say the same thing; none of them may be used."""


def save(fitted: Fitted, directory: str | Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write weights.safetensors, model.onnx and card.json, and return the finished card.

    `card` holds what the caller knows: name, version, calibrator {"a", "b"}, figures. What the
    network itself fixes (architecture, classes, preprocessing, decoder, sha256, ...) is added and wins.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    network = build(fitted.architecture, 1 + len(fitted.classes))
    load_state(network, fitted.state)
    network.eval()
    probe = _probe_images(fitted.preprocessing, seed=fitted.seed)
    save_file({name: np.ascontiguousarray(values) for name, values in fitted.state.items()}, directory / WEIGHTS_FILE)
    _write_graph(network, probe, directory / MODEL_FILE)
    check_safetensors(directory / WEIGHTS_FILE, fitted.architecture)
    check_onnx(directory / MODEL_FILE)
    apart = _difference(network, directory / MODEL_FILE, probe)
    finished = {**card, **_facts(fitted, directory, apart)}
    _write_card(finished, directory)
    return finished


def complete(directory: str | Path) -> dict[str, Any]:
    """Write the graph of a directory that holds a card and checked weights only; return the card that vouches for it.

    Serving runs graphs; whoever brings weights alone gets the product's own export of them.
    """
    directory = Path(directory)
    card = json.loads((directory / CARD_FILE).read_text(encoding="utf-8"))
    network = build(card["architecture"], 1 + len(card["classes"]))
    load_state(network, load_file(directory / WEIGHTS_FILE))
    network.eval()
    probe = _probe_images(card["preprocessing"], seed=0)
    _write_graph(network, probe, directory / MODEL_FILE)
    check_onnx(directory / MODEL_FILE)
    apart = _difference(network, directory / MODEL_FILE, probe)
    files = {name: _vouch(directory / name) for name in (WEIGHTS_FILE, MODEL_FILE)}
    finished = {**card, "opset": OPSET, "runtime_difference": apart, "files": files}
    _write_card(finished, directory)
    return finished


def _write_card(card: Mapping[str, Any], directory: Path) -> None:
    (directory / CARD_FILE).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _probe_images(preprocessing: str, *, seed: int) -> Floats:
    """Three noise pictures: the free batch axis is exercised, and no image of a customer leaves with the model."""
    side = PREPROCESSINGS[preprocessing].side
    return np.random.default_rng(seed).normal(0, 1, (3, 3, side, side)).astype(np.float32)


def _write_graph(network: nn.Module, probe: Floats, path: Path) -> None:
    names = ["logits", "maps", "embedding"]
    with warnings.catch_warnings():
        # The exporter that needs no further package announces its retirement and grumbles about slices;
        # the pin of torch decides when it goes, the comparison below whether it was right.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.from_numpy(probe),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["images"],
            output_names=names,
            dynamic_axes={name: {0: "batch"} for name in ("images", *names)},
        )


def _difference(network: nn.Module, path: Path, probe: Floats) -> float:
    served, trained = OnnxRuntime(path), TorchRuntime(network)
    found = max(difference(served, trained, batch) for batch in (probe, probe[:1]))
    if not found <= TOLERANCE:
        raise ExportFailed(f"onnxruntime and torch differ by {found:.1e}, {TOLERANCE:.0e} is allowed.")
    return found


def _facts(fitted: Fitted, directory: Path, apart: float) -> dict[str, Any]:
    return {
        "format": CARD_FORMAT,
        "architecture": fitted.architecture,
        "classes": list(fitted.classes),
        "preprocessing": fitted.preprocessing,
        "decoder": fitted.decoder,
        "heat_scale": fitted.heat_scale,
        "embedding": ARCHITECTURES[fitted.architecture].embedding,
        "parameters": sum(values.size for values in fitted.state.values()),
        "opset": OPSET,
        "runtime_difference": apart,
        "training": {
            "seed": fitted.seed,
            "epochs": fitted.epochs,
            "seconds": round(fitted.seconds, 1),
            "images": fitted.counts,
        },
        "files": {name: _vouch(directory / name) for name in (WEIGHTS_FILE, MODEL_FILE)},
    }


def _vouch(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
