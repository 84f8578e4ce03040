"""A model on a real server of the Open Inference Protocol, KServe's own, beside the same model in this process.

    python -m bench.remote_server --model FOLDER --python OTHER/bin/python [--images 40]

--model is a folder of a finished model (card and ONNX graph), --python the interpreter of an environment with `kserve`
and `onnxruntime`: a server is no package of the product. It holds the graph; preparation, calibration and checks stay
here, as they do for every remote model. Drawn parts are sent one by one.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests

from bench import figures
from vision.drawn.parts import draw_random
from vision.runtimes.remote import CONNECT_S, MODELS, READ_S, RemoteRuntime
from vision.serving import Scorer, load, read_card

NAME = "remote_server"
SERVER = Path(__file__).with_name("kserve_server.py")
MODEL = "drawn-parts"
STARTS_WITHIN_S = 120
PATIENCE_S = 20.0
"""More than the product's: a slow answer is measured, not given up."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run a model on KServe's server and compare it with the local one.")
    parser.add_argument("--model", type=Path, required=True, help="folder of a finished model")
    parser.add_argument("--python", type=Path, required=True, help="interpreter of an environment with kserve")
    parser.add_argument("--images", type=int, default=40)
    options = parser.parse_args(arguments)
    pictures = [np.asarray(draw_random(n, size=(320, 240)).image.convert("RGB")) for n in range(options.images)]
    with serving(options.python, options.model / "model.onnx") as (address, version):
        figures.keep(NAME, {"server": version, **compared(options.model, address, pictures)})
    return 0


@contextmanager
def serving(python: Path, graph: Path) -> Iterator[tuple[str, str]]:
    """Serve the graph in a process of its own; yield the server's address and what it calls itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([python, SERVER, graph, MODEL, str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            yield address, told(address, process)
        finally:
            process.terminate()


def told(address: str, process: subprocess.Popen[bytes]) -> str:
    """Wait until the server is ready for the model; return its name and version by its own metadata."""
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{address}/v2/models/{MODEL}/ready", timeout=2).ok:
                known = requests.get(f"{address}/v2", timeout=2).json()
                return f"{known['name']} {known['version']}"
        except requests.RequestException:
            time.sleep(0.5)
    raise SystemExit("The server did not come up.")


def compared(folder: Path, address: str, pictures: Sequence[Any]) -> dict[str, Any]:
    """Return how far the two are apart, how long each takes for one image, and how often longer than a try may.

    The first answer of each warms it up.
    """
    local = load(folder)
    remote = Scorer(read_card(folder), RemoteRuntime(f"{address}{MODELS}{MODEL}", MODEL, "1", read_s=PATIENCE_S))
    here, there = ([scorer.score(one) for one in (pictures[0], *pictures)][1:] for scorer in (local, remote))
    pairs = list(zip(here, there, strict=True))
    return {
        "images": len(pairs),
        "largest difference of log-odds": max(abs(a.raw_score - b.raw_score) for a, b in pairs),
        "largest difference of features": max(float(np.abs(a.embedding - b.embedding).max()) for a, b in pairs),
        "other calls": sum(a.label != b.label for a, b in pairs),
        "ms here": figures.spread([a.ms for a, _ in pairs]),
        "ms there": figures.spread([b.ms for _, b in pairs]),
        "longer than a try": sum(b.ms > (CONNECT_S + READ_S) * 1000 for _, b in pairs),
    }


if __name__ == "__main__":
    sys.exit(main())
