"""Which runtime serves best: onnxruntime, torch, or int8 in onnxruntime, by accuracy and time on real photographs.

    python -m bench.runtimes --images FOLDER --models FOLDER [--sets NAME ...] [--architectures NAME ...]

--models is the folder that `python -m bench.training --models` filled; what it does not hold yet is left out. Every
runtime sees the same test images, on one thread. int8 is made by onnxruntime's own tools: the weights alone (dynamic),
or activations too, their ranges taken from a hundred training images (static).
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail as OrtFail
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.metrics import roc_auc_score

from bench import figures
from bench.training import SETS
from inspection.fitting import OVERKILL_SHARES, escape_at
from vision.architectures import ARCHITECTURES
from vision.dataset import Sample, read_folder
from vision.decode import Decoder
from vision.preprocessing import PREPROCESSINGS
from vision.serving import CARD_FILE, Scorer, load, read_card

NAME = "runtimes"
GRAPH = "model.onnx"
CALIBRATION_IMAGES = 100
BATCH = 8
TIMED = 10
Pictures = list[NDArray[np.uint8]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare the runtimes on sets of real photographs.")
    parser.add_argument("--images", type=Path, help="folder of data sets")
    parser.add_argument("--models", type=Path, help="folder of models that bench.training kept")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--architectures", nargs="+", default=tuple(ARCHITECTURES), choices=tuple(ARCHITECTURES))
    options = parser.parse_args(arguments)
    if options.images is None or options.models is None:
        print("Give the folder of real images with --images and that of trained models with --models.", file=sys.stderr)
        return 1
    found: dict[str, Any] = {}
    for name in options.sets:
        trained = [one for one in options.architectures if (options.models / name / one / CARD_FILE).is_file()]
        if trained:
            found[name] = _of_set(options.images / name, {one: options.models / name / one for one in trained})
            figures.keep(NAME, found)
    return 0


def _of_set(images: Path, models: dict[str, Path]) -> dict[str, Any]:
    """Return the table of one set: by architecture and runtime, accuracy and time."""
    samples = read_folder(images)
    tested = [sample for sample in samples if sample.split == "test"]
    seen = [sample for sample in samples if sample.split == "train"][:: max(1, len(samples) // CALIBRATION_IMAGES)]
    with Decoder() as decoder:
        pictures, ranges = _decoded(decoder, tested), _decoded(decoder, seen)
    labels = np.array([sample.label == "defect" for sample in tested], dtype=np.int64)
    return {architecture: _of_model(folder, pictures, labels, ranges) for architecture, folder in models.items()}


def _of_model(folder: Path, pictures: Pictures, labels: NDArray[np.int64], ranges: Pictures) -> dict[str, Any]:
    plain = load(folder)
    reference = _scores(plain, pictures)
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as work:
        ways: dict[str, Callable[[], Scorer]] = {
            "onnxruntime": lambda: plain,
            "torch": lambda: load(folder, runtime="torch"),
            "int8, weights": lambda: load(_dynamic(folder, Path(work) / "dynamic")),
            "int8, weights and activations": lambda: load(_static(folder, Path(work) / "static", ranges)),
        }
        return {way: _tried(scorer, reference, pictures, labels) for way, scorer in ways.items()}


def _tried(
    scorer: Callable[[], Scorer], reference: NDArray[np.float64], pictures: Pictures, labels: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the row of a runtime, or what onnxruntime says of a graph that its own tools made and it cannot run."""
    try:
        return _measured(scorer(), reference, pictures, labels)
    except OrtFail as failure:
        return {"cannot run": str(failure)[:200]}


def _measured(
    scorer: Scorer, reference: NDArray[np.float64], pictures: Pictures, labels: NDArray[np.int64]
) -> dict[str, Any]:
    """Return what a runtime says and how long it takes, beside the scores of the plain one."""
    scores = _scores(scorer, pictures)
    shares = (escape_at(share, scores=scores, labels=labels) for share in OVERKILL_SHARES)
    return {
        "auc": round(float(roc_auc_score(labels, scores)), 4),
        **{f"escape at {one['overkill'] * 100:.0f} % overkill": round(one["rate"], 4) for one in shares},
        "largest difference of log-odds": round(float(np.abs(scores - reference).max()), 4),
        "ms per image, one by one": round(_ms(lambda batch: scorer.score_many(batch, heatmap=False), pictures, 1), 2),
        f"ms per image, batches of {BATCH}": round(
            _ms(lambda batch: scorer.score_many(batch, heatmap=False), pictures, BATCH), 2
        ),
    }


def _scores(scorer: Scorer, pictures: Pictures) -> NDArray[np.float64]:
    return np.array([one.raw_score for one in scorer.score_many(pictures, heatmap=False)])


def _ms(run: Callable[[Pictures], object], pictures: Pictures, size: int) -> float:
    """Return the median milliseconds an image, of batches of a size, after one that warms up."""
    batches = [pictures[start : start + size] for start in range(0, size * (TIMED + 1), size)]
    times = []
    for batch in batches:
        started = time.perf_counter()
        run(batch)
        times.append((time.perf_counter() - started) * 1000 / len(batch))
    return median(times[1:])


# int8 -----------------------------------------------------------------------------------------------------------


class _Ranges(CalibrationDataReader):
    """Prepared images, one by one, for the ranges of the activations."""

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        recipe = PREPROCESSINGS[read_card(folder)["preprocessing"]]
        self._batches: Iterator[dict[str, Any]] = ({"images": recipe.prepare([picture])} for picture in pictures)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


def _dynamic(folder: Path, to: Path) -> Path:
    prepared = _copied(folder, to)
    quantize_dynamic(prepared, to / GRAPH, weight_type=QuantType.QUInt8)
    return _vouched(to)


def _static(folder: Path, to: Path, ranges: Pictures) -> Path:
    prepared = _copied(folder, to)
    quantize_static(
        prepared,
        to / GRAPH,
        _Ranges(folder, ranges),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return _vouched(to)


def _copied(folder: Path, to: Path) -> Path:
    """Copy a model, and return its graph as the tools want it: shapes known, batch normalisation folded in."""
    shutil.copytree(folder, to)
    prepared = to / "prepared.onnx"
    quant_pre_process(folder / GRAPH, prepared, skip_symbolic_shape=True)
    return prepared


def _vouched(folder: Path) -> Path:
    """Let the card vouch for the graph that stands in the folder now."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["files"][GRAPH]["sha256"] = hashlib.sha256((folder / GRAPH).read_bytes()).hexdigest()
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    return folder


def _decoded(decoder: Decoder, samples: Sequence[Sample]) -> Pictures:
    return [decoder.decode(sample.path, renditions=False).pixels for sample in samples]


if __name__ == "__main__":
    sys.exit(main())
