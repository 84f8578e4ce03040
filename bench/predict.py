"""How long one image takes, without the product around it: decode, predict, and both in a bare loop.

python -m bench.predict [--model FOLDER] [--images N]
"""

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import figures
from bench.shots import shots
from vision.decode import Decoder
from vision.serving import Scorer, load

DEMO_MODEL = Path(__file__).resolve().parent.parent / "vision" / "demo"
BATCH = 8


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time decoding and prediction.")
    parser.add_argument("--model", type=Path, default=DEMO_MODEL, help="folder of a model")
    parser.add_argument("--images", type=int, default=120)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    scorer = load(options.model)
    load_ms = (time.perf_counter() - started) * 1000
    with files(shots(options.images)) as paths, Decoder() as decoder:
        pictures = [decoder.decode(path, renditions=False).pixels for path in paths]
        found = {
            "load model, ms": round(load_ms, 1),
            "decode 640x480, ms": figures.spread(timed(lambda path: decoder.decode(path, renditions=False), paths)),
            "decode with renditions, ms": figures.spread(timed(decoder.decode, paths)),
            "predict, ms": figures.spread(timed(scorer.score, pictures)),
            f"predict in batches of {BATCH}, ms an image": round(_batched_ms(scorer, pictures), 2),
            "bare decode and predict, images/s": round(bare_rate(paths, decoder, scorer), 1),
            **_torch(options.model, pictures),
        }
    figures.keep("predict", found)


def bare_rate(paths: Sequence[Path], decoder: Decoder, scorer: Scorer) -> float:
    """Return images per second of the loop that a script would run: decode, score, next."""
    started = time.perf_counter()
    for path in paths:
        scorer.score(decoder.decode(path, renditions=False).pixels, heatmap=False)
    return len(paths) / (time.perf_counter() - started)


def timed(step: Callable, subjects: Sequence) -> list[float]:
    """Return the milliseconds of the step on each subject, after one that warms up."""
    step(subjects[0])
    times = []
    for subject in subjects:
        started = time.perf_counter()
        step(subject)
        times.append((time.perf_counter() - started) * 1000)
    return times


@contextmanager
def files(pictures: Sequence[bytes]) -> Iterator[list[Path]]:
    """Lend the pictures as files."""
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        paths = [Path(folder) / f"{n}.jpg" for n in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            path.write_bytes(picture)
        yield paths


def _batched_ms(scorer: Scorer, pictures: Sequence[NDArray[np.uint8]]) -> float:
    started = time.perf_counter()
    scorer.score_many(pictures, heatmap=False)
    return (time.perf_counter() - started) * 1000 / len(pictures)


def _torch(folder: Path, pictures: Sequence[NDArray[np.uint8]]) -> dict[str, object]:
    """Time the second runtime and hold the first against it, where torch is installed."""
    if importlib.util.find_spec("torch") is None or not (folder / "weights.safetensors").is_file():
        return {}
    served, trained = load(folder), load(folder, runtime="torch")
    gaps = [abs(served.score(shot).raw_score - trained.score(shot).raw_score) for shot in pictures[:20]]
    return {
        "predict with torch, ms": figures.spread(timed(trained.score, pictures)),
        "largest difference of scores": f"{max(gaps):.1e}",
    }


if __name__ == "__main__":
    main()
