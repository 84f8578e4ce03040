"""The station beside the camera: `python -m edge.station --url URL --key KEYFILE --watch DIR`."""

import argparse
import logging
import signal
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from edge import loops
from edge.camera import Camera, CameraError, WatchedFolder
from edge.client import Client
from edge.credentials import Key, KeyFileError, is_open_to_others, read_key
from edge.deputy import Deputy, Fetcher
from edge.grants import Grants
from edge.judge import Judge
from edge.ledger import Ledger
from edge.line import Line
from edge.outputs import NETWORKED, ControlOutput, OutputError, connect
from edge.outputs.console import ConsoleOutput
from edge.parts import Capture
from edge.spool import DEFAULT_LIMIT, MEGABYTE, Spool, SpoolTakenError

WATCH_INTERVAL = 0.1
# The server gives its own fail-safe after the line's review deadline (30 s unless set otherwise).
# The station's comes a little later, for when not even that arrives.
DEFAULT_DEADLINE = 35.0
DEFAULT_WAIT = 1.5
# Loops that wait for the server are not waited for: every one of them may end anywhere.
STOP_WITHIN = 0.3


@dataclass(frozen=True, kw_only=True)
class Setup:
    """All that makes one station: where it sends to, as whom, and where it keeps what it must not lose."""

    url: str
    key: Key
    spool: Path
    deadline: float = DEFAULT_DEADLINE
    wait: float = DEFAULT_WAIT
    spool_limit: int = DEFAULT_LIMIT


class Station:
    """One station: spool, ledger, line and the loops that join them. Pictures come by `take` or from a camera."""

    def __init__(self, setup: Setup, output: ControlOutput, *, camera: Camera | None = None) -> None:
        logger = logging.getLogger(f"edge.{setup.key.key_id}")
        spool = Spool(setup.spool, limit=setup.spool_limit)
        ledger = Ledger(setup.spool / "ledger.sqlite3")
        ledger.forget_old(time.time())
        line = Line(ledger, output, deadline=setup.deadline, logger=logger)
        self._kit = loops.Kit(spool=spool, ledger=ledger, line=line, logger=logger, random=Random())
        self._intake = loops.Intake(self._kit)
        self._grants = Grants(setup.spool / "alone", setup.key)
        self._judge = Judge(setup.spool / "alone" / "looked-at")
        self._setup, self._camera = setup, camera
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to send, to listen and to watch. What an earlier process left open is taken up."""
        self._kit.line.catch_up()
        uploader = loops.Uploader(self._kit, self._client(), arrived=self._intake.arrived, wait=self._setup.wait)
        follower = loops.Follower(self._kit, self._client())
        heart = loops.Heart(self._kit, self._client(), self._intake, self._grants)
        fetcher = Fetcher(self._kit, self._client(), self._grants)
        deputy = Deputy(self._kit, self._grants, self._judge)
        steps = [uploader.step, follower.step, heart.step, fetcher.step, deputy.step, self._watch]
        if self._camera is not None:
            steps.append(partial(self._intake.step, self._camera))
        for step in steps:
            loop = partial(loops.run, step, stop=self._stop, logger=self._kit.logger)
            # Daemons: a request that hangs must not keep the station from ending.
            # Ending in the midst of anything is safe, as a kill is.
            self._threads.append(threading.Thread(target=loop, daemon=True))
            self._threads[-1].start()

    def take(self, capture: Capture) -> bool:
        """Take a picture from a camera that cannot wait: without room it is lost, counted, and its part held."""
        taken = self._intake.take(capture)
        if not taken:
            self._intake.dropped += 1
        return taken

    def sources_taken(self) -> set[str]:
        """The sources of all pictures that are safe: with the server, set aside for good, or in the spool."""
        return {source for source, key, settled in self._kit.ledger.pictures() if settled or key in self._kit.spool}

    def stop(self) -> None:
        self._stop.set()
        self._intake.arrived.set()

    def join(self, within: float = STOP_WITHIN) -> None:
        end = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _watch(self) -> float:
        line = self._kit.line
        line.changed.wait(WATCH_INTERVAL)
        line.changed.clear()
        line.watch(monotonic=time.monotonic(), wall=time.time())
        line.tell()
        return 0.0

    def _client(self) -> Client:
        return Client(self._setup.url, self._setup.key)


def stop_on_signals(stop: threading.Event) -> None:
    """Let SIGTERM and Ctrl-C set the event instead of ending the process in the midst."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    log_to_stderr()
    try:
        station = _station(options)
    except (KeyFileError, CameraError, SpoolTakenError, OutputError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    stop = threading.Event()
    stop_on_signals(stop)
    station.start()
    stop.wait()
    station.stop()
    station.join()
    return 0


def _station(options: argparse.Namespace) -> Station:
    key = read_key(options.key)
    if is_open_to_others(options.key):
        logging.getLogger("edge").warning("Others may read %s; set its mode to 600.", options.key)
    setup = Setup(
        url=options.url,
        key=key,
        spool=options.spool or Path("var") / "spool" / key.key_id,
        deadline=options.deadline,
        wait=options.wait,
        spool_limit=options.spool_limit_mb * MEGABYTE,
    )
    camera = WatchedFolder(options.watch, view=options.view)
    return Station(setup, _output(options, key), camera=camera)


def _output(options: argparse.Namespace, key: Key) -> ControlOutput:
    if options.output == "console":
        return ConsoleOutput(sys.stdout)
    return connect(options.output, options.output_address or "", name=key.key_id)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m edge.station", description="Watch a camera's folder for Tollgate.")
    parser.add_argument("--url", required=True, help="address of the server, as http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, type=Path, metavar="KEYFILE", help="file with the station's key")
    parser.add_argument("--watch", required=True, type=Path, metavar="DIR", help="folder into which the camera writes")
    parser.add_argument("--spool", type=Path, metavar="DIR", help="default var/spool/KEY_ID")
    parser.add_argument("--spool-limit-mb", type=int, default=DEFAULT_LIMIT // MEGABYTE, metavar="MB")
    parser.add_argument("--output", choices=["console", *NETWORKED], default="console", help="how the line is told")
    parser.add_argument("--output-address", metavar="URL", help="mqtt://HOST:PORT or modbus://HOST:PORT/BASE")
    parser.add_argument("--view", help="the view this camera sees; default the line's only one")
    parser.add_argument(
        "--deadline", type=float, default=DEFAULT_DEADLINE, metavar="S", help="silence before the fail-safe"
    )
    parser.add_argument(
        "--wait", type=float, default=DEFAULT_WAIT, metavar="S", help="how long a post waits for a verdict"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
