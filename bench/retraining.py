"""A line meets parts that its model never saw, learns them anew, and brings the new model into service: real images.

    python -m bench.retraining --images FOLDER [--before SET] [--after SET] [--architecture small-cnn]

FOLDER holds the data sets. A model of the first set serves a line at shadow. Then come the parts of the second set,
each image of its training and validation splits once; people read them, a lead takes a snapshot of the line's own
labels and trains on it, and the candidate goes through shadow and the steps of a canary. What comes meanwhile is drawn
from the images of the test split, which no model has seen, over and over under other serials: evidence counts each as
a part. Everything is done by the product's own deeds, in the simulator's scratch database; people hardly err.
"""

import argparse
import importlib
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import django
from PIL import Image

from bench import figures
from vision.dataset import OTHER, Sample, read_folder

NAME = "retraining"
PARTS_MAX = 40_000
QUALITY = 95


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets")
    parser.add_argument("--before", default="phone_msd", help="the set that the serving model knows")
    parser.add_argument("--after", default="deeppcb_tiles", help="the set that the line makes now")
    parser.add_argument("--architecture", default="small-cnn")
    parser.add_argument("--minutes", type=int, default=6, help="time cap of each training")
    parser.add_argument("--items", type=int, default=PARTS_MAX, help="parts at most")
    options = parser.parse_args(arguments)
    if not (options.images / options.after).is_dir():
        print(f"{options.images / options.after} is not there: nothing was measured.", file=sys.stderr)
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        serving = trained(read_folder(options.images / options.before), Path(folder), options)
        figures.keep(NAME, {"before": options.before, "after": options.after, **story(serving, options)})
    return 0


def trained(samples: Sequence[Sample], folder: Path, options: argparse.Namespace) -> Path:
    """Write a model of the images into the folder; it calls every defect one class."""
    fitting = importlib.import_module("inspection.fitting")
    order = fitting.Order(
        samples=samples,
        architecture=options.architecture,
        classes=[OTHER],
        minutes=options.minutes,
        backbone="",
        card={"name": "before"},
    )
    fitting.make(order, folder, progress=lambda _: None)
    return folder


def story(serving: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Let it happen and return what came of it."""
    # Its models exist only inside a set-up Django.
    scene = importlib.import_module("bench.retraining_scene")
    pictures = importlib.import_module("monitoring.simulation.pictures")
    simulate = importlib.import_module("monitoring.simulation.runs").simulate
    shelf = Shelf(read_folder(options.images / options.after))
    scenario = scene.OtherParts(shelf, architecture=options.architecture, minutes=options.minutes, items=options.items)
    told = simulate(
        scenario,
        eyes=lambda seed: pictures.Pictures(seed=seed, draw=shelf.draw, model=serving),
        keeps_pictures=True,
        progress=lambda done, total, _note: print(f"\r{done} of {total} parts", end="", file=sys.stderr),
    ).report
    return {
        "parts": told["items"],
        "days": round(told["days"], 1),
        "readings": told["human_readings"],
        **told["figures"],
    }


class Shelf:
    """The images of a set by what they show: first those to learn from, each once, then those of the test split."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        order = sorted(samples, key=lambda sample: sample.path)
        Random(0).shuffle(order)
        self._learned = _by_kind(sample for sample in order if sample.split != "test")
        self._tested = {kind: cycle(own) for kind, own in _by_kind(s for s in order if s.split == "test").items()}
        self.classes = {kind: float(len(own)) for kind, own in self._learned.items() if kind}
        self.to_learn = [kind for kind, own in self._learned.items() for _ in own]
        Random(1).shuffle(self.to_learn)

    def draw(self, made: Any, rng: Random) -> bytes:
        """Return the next image of the part's kind."""
        kind = made.defect_class if made.is_defect else ""
        left = self._learned.get(kind)
        sample = left.pop() if left else next(self._tested[kind])
        with Image.open(sample.path) as image:
            stream = io.BytesIO()
            image.convert("RGB").save(stream, "JPEG", quality=QUALITY)
            return stream.getvalue()


def _by_kind(samples: Any) -> dict[str, list[Sample]]:
    kinds: dict[str, list[Sample]] = {}
    for sample in samples:
        kinds.setdefault(sample.defect_type if sample.label == "defect" else "", []).append(sample)
    return kinds


if __name__ == "__main__":
    sys.exit(main())
