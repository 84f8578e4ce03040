"""What each architecture learns on real inspection photographs, beside baselines that others reached there.

    python -m bench.training --images FOLDER [--sets NAME ...] [--architectures NAME ...] [--minutes M]
                             [--models FOLDER] [--again]

FOLDER holds data sets with a manifest.csv each; without it there is nothing to learn from. Figures alone are kept, and
the models only where --models names a folder for them, as bench.runtimes reads it. A set and an architecture that are
in the results already are left as they are, so that a run goes on where the last one ended; --again measures them anew.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import figures
from inspection.fitting import Order, make
from vision.architectures import ARCHITECTURES
from vision.dataset import read_folder
from vision.serving import read_card

NAME = "training"
SETS = ("phone_msd", "casting", "deeppcb_tiles", "elpv")
# One run each, seed 0, on the same test splits: a frozen EfficientNet-Lite0 probe, and a small CNN from scratch.
BASELINES = {
    "phone_msd": {"probe": (0.995, 0.029, 0.029), "cnn": (0.996, 0.174, 0.014)},
    "casting": {"probe": (0.997, 0.042, 0.008), "cnn": (0.990, 0.075, 0.067)},
    "deeppcb_tiles": {"probe": (0.911, 0.51, 0.38), "cnn": (0.992, 0.163, 0.043)},
    "elpv": {"probe": (0.938, 0.43, 0.30), "cnn": (0.866, 0.57, 0.50)},
}
AHEAD = "best of the three that learn defects, ahead of the best baseline"
COLUMNS = ("auc", "escape at 1 % overkill", "escape at 5 % overkill")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train every architecture on sets of real photographs.")
    parser.add_argument("--images", type=Path, help="folder of data sets")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--architectures", nargs="+", default=tuple(ARCHITECTURES), choices=tuple(ARCHITECTURES))
    parser.add_argument("--minutes", type=float, default=6.0, help="time cap of each training")
    parser.add_argument("--backbone", type=Path, default=Path("var/lite0-backbone.safetensors"))
    parser.add_argument("--models", type=Path, help="folder outside the repository that keeps the trained models")
    parser.add_argument("--again", action="store_true", help="measure what is in the results already")
    options = parser.parse_args(arguments)
    if options.images is None or not options.images.is_dir():
        print("Give the folder of real images with --images; without it nothing is measured.", file=sys.stderr)
        return 1
    for architecture in options.architectures:
        for name in options.sets:
            if options.again or architecture not in kept().get(name, {}):
                figures.keep(NAME, merged(name, architecture, measured(name, architecture, options)))
    return 0


def measured(name: str, architecture: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train on defect against good, as the baselines did, and return what the test split shows."""
    order = Order(
        samples=read_folder(options.images / name),
        architecture=architecture,
        classes=["defect"],
        minutes=options.minutes,
        backbone=str(options.backbone),
        card={"name": "bench"},
    )
    began = _processor_s()
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        make(order, Path(folder), progress=_tell)
        spent = _processor_s() - began
        if options.models is not None:
            shutil.copytree(folder, options.models / name / architecture, dirs_exist_ok=True)
        return shown(read_card(folder), processor_s=spent)


def shown(card: dict[str, Any], *, processor_s: float) -> dict[str, Any]:
    """Return the row of a trained model."""
    found = card["figures"]
    return {
        "auc": [round(found[name], 4) for name in ("auc", "auc_low", "auc_high")],
        **{
            f"escape at {escape['overkill']:.0%} overkill".replace("%", " %"): [
                round(escape[name], 4) for name in ("rate", "low", "high")
            ]
            for escape in found["escape"]
        },
        "ece": round(found["ece"], 4),
        "test images": found["images"],
        "test defects": found["defects"],
        "epochs": card["training"]["epochs"],
        "processor seconds, reading to card": round(processor_s),
        "ms per image": round(found["ms_per_image"], 2),
    }


def merged(name: str, architecture: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return the kept results with one measurement put in, the baselines beside it."""
    baselines = {
        f"baseline {model}": dict(zip(COLUMNS, values, strict=True)) for model, values in BASELINES[name].items()
    }
    before = kept()
    rows = {**before.get(name, {}), architecture: found, **baselines}
    return {**before, name: {**rows, AHEAD: ahead(rows)}}


def ahead(rows: dict[str, Any]) -> dict[str, float]:
    """Return by how much the best that learns defects is ahead of the best baseline, figure by figure.

    AUC as it is, escapes in points of a percent; negative where a baseline is better.
    """
    own = [rows[one] for one, known in ARCHITECTURES.items() if one in rows and not known.good_only]
    others = [row for name, row in rows.items() if name.startswith("baseline")]
    if not own:
        return {}
    area, *escapes = COLUMNS
    gained = {area: round(max(row[area][0] for row in own) - max(row[area] for row in others), 4)}
    for column in escapes:
        less = min(row[column] for row in others) - min(row[column][0] for row in own)
        gained[f"{column}, points fewer"] = round(100 * less, 1)
    return gained


def kept() -> dict[str, Any]:
    """Return what earlier runs measured, by set and architecture."""
    return figures.kept(NAME)


def _processor_s() -> float:
    """Seconds of work, of the decoder's child too: other work of the machine does not count."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _tell(progress: Any) -> None:
    if progress.stage == "train":
        print(f"epoch {progress.done} of {progress.total}: {progress.note}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
