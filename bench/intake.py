"""Capture to routed, through the station's door: one verdict worker, real broker, 640x480 JPEGs.

    python -m bench.intake [--model FOLDER] [--rate 6] [--seconds 40] [--burst 300]

First an open loop at a fixed rate (a late answer does not slow the next capture), then a burst as fast as the door
takes it, then the same images in a bare decode-and-predict loop of one process, for the ratio.
"""

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from bench import figures
from bench.engine import running
from bench.predict import DEMO_MODEL, bare_rate, files
from bench.shots import shots
from vision.decode import Decoder
from vision.serving import load

WARM_UP_S = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time the way from the capture to the routing.")
    parser.add_argument("--model", type=Path, default=DEMO_MODEL, help="folder of a model")
    parser.add_argument("--rate", type=float, default=6.0, help="images a second")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--burst", type=int, default=300, help="images of the burst")
    options = parser.parse_args(arguments)
    steady = int(options.rate * (options.seconds + WARM_UP_S))
    pictures = shots(steady + options.burst)
    with running() as engine:
        # The load writes rows to prepare and reads them to measure: its models exist only inside a set-up Django.
        load_of = importlib.import_module("bench.intake_load")
        door = load_of.open_door(engine.url, model=options.model)
        paced = door.pace(pictures[:steady], rate=options.rate, warm_up_s=WARM_UP_S)
        before = engine.processor_s()
        sustained = door.burst(pictures[steady:])
        spent = {name: seconds - before[name] for name, seconds in engine.processor_s().items()}
    with files(pictures[steady:]) as paths, Decoder() as decoder:
        bare = bare_rate(paths, decoder, load(options.model))
    figures.keep(
        "intake",
        {
            **{f"{name} at {options.rate:g}/s": value for name, value in paced.items()},
            **sustained,
            "processor of the burst, ms an item": {
                name: round(seconds * 1000 / options.burst, 1) for name, seconds in spent.items()
            },
            "bare decode and predict, images/s": round(bare, 1),
            "ratio to the bare loop": round(sustained["sustained, items/s"] / bare, 2),
        },
    )


if __name__ == "__main__":
    main()
