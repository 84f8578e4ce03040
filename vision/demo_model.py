"""Makes the demo's model from drawn parts alone, so that nobody's photographs leave in its weights.

    python -m vision.demo_model

writes vision/demo/ anew. One model for all products the renderer knows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from vision.dataset import Sample, read_folder
from vision.drawn import CLASSES, PRODUCTS, write_set
from vision.export import save
from vision.training import Fitted, Progress, Scores, fit

NAME = "drawn-net"
DIRECTORY = Path(__file__).resolve().parent / "demo"
SEED = 20_000
COUNT = 12_000
_DEFECT_SHARE = 0.45
_MINUTES = 60.0


def build(
    directory: str | Path,
    *,
    seed: int = SEED,
    count: int = COUNT,
    minutes_cap: float = _MINUTES,
    progress: Callable[[Progress], None] = lambda _progress: None,
) -> dict[str, Any]:
    """Draw `count` parts, an equal share of each product, train small-cnn on them, write the model, return its card."""
    with tempfile.TemporaryDirectory(prefix="drawn-parts-") as folder:
        samples = _draw(Path(folder), seed=seed, count=count)
        fitted = fit(
            samples,
            architecture="small-cnn",
            classes=defect_classes(),
            seed=seed,
            minutes_cap=minutes_cap,
            progress=progress,
        )
    return save(fitted, directory, _card(fitted, seed=seed, count=count))


def defect_classes() -> list[str]:
    """Codes of all products' defect classes, each once, "other" last."""
    codes = dict.fromkeys(known.code for product in PRODUCTS for known in CLASSES[product])
    return sorted(codes, key=lambda code: code == "other")


def _draw(folder: Path, *, seed: int, count: int) -> list[Sample]:
    each = count // len(PRODUCTS)
    # Part numbers of their own: the demo's lines and the tests draw other parts.
    seeds = [seed + n * count for n in range(len(PRODUCTS))]
    folders = [folder / product for product in PRODUCTS]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(_draw_product, PRODUCTS, folders, seeds, [each] * len(PRODUCTS)))
    return [sample for one in folders for sample in read_folder(one)]


def _draw_product(product: str, folder: Path, seed: int, count: int) -> None:
    write_set(folder, count=count, seed=seed, product=product, defect_share=_DEFECT_SHARE)


def _card(fitted: Fitted, *, seed: int, count: int) -> dict[str, Any]:
    return {
        "name": NAME,
        "version": 1,
        "source": f"{count} drawn parts of {', '.join(PRODUCTS)}, seed {seed}",
        "calibrator": platt(fitted.val),
        "figures": {
            "images": len(fitted.test.labels),
            "defects": int(fitted.test.labels.sum()),
            "auc": round(float(roc_auc_score(fitted.test.labels, fitted.test.raw_scores)), 4),
        },
    }


def platt(val: Scores) -> dict[str, float]:
    """Platt's a and b, p = 1 / (1 + exp(a * f + b)), with his smoothed targets (Platt 1999)."""
    defects, goods = int(val.labels.sum()), int((1 - val.labels).sum())
    target = np.where(val.labels == 1, (defects + 1) / (defects + 2), 1 / (goods + 2))
    scores = np.concatenate([val.raw_scores, val.raw_scores])[:, None]
    labels: NDArray[np.int64] = np.repeat([1, 0], len(target))
    fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(scores, labels, np.concatenate([target, 1 - target]))
    return {"a": float(-fitted.coef_[0, 0]), "b": float(-fitted.intercept_[0])}


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: build the demo's model."""
    parser = argparse.ArgumentParser(description="Train the demo's model on drawn parts.")
    parser.add_argument("--to", type=Path, default=DIRECTORY, help="the model's directory")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT, help="parts to draw")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="time cap of the training")
    options = parser.parse_args(arguments)
    card = build(options.to, seed=options.seed, count=options.count, minutes_cap=options.minutes, progress=_tell)
    sys.stdout.write(f"AUC {card['figures']['auc']} on {card['figures']['images']} drawn parts it never saw\n")


def _tell(progress: Progress) -> None:
    if progress.stage == "train":
        sys.stderr.write(f"epoch {progress.done} of {progress.total}: {progress.note}\n")


if __name__ == "__main__":
    main()
