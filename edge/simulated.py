"""Several stations in one process, for the demo: `python -m edge.simulated --url URL --stations FILE --rate N`."""

import argparse
import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol

from edge.conditions import ControlFile
from edge.credentials import Key
from edge.incumbent import SimulatedIncumbent
from edge.outputs.console import ConsoleOutput
from edge.people import Staff, Truths, read_people
from edge.rendered import DrawnParts, UnknownProductError
from edge.schedule import due_at
from edge.shots import DataSetFolder, PictureSource, TruthFile, capture
from edge.spool import SpoolTakenError
from edge.station import DEFAULT_DEADLINE, DEFAULT_WAIT, STOP_WITHIN, Setup, Station, log_to_stderr, stop_on_signals
from edge.trouble import Trouble
from vision.dataset import DataSetError

logger = logging.getLogger("edge.simulated")

PAUSE_LOOK = 0.2
# Who of the demo's people read and rule on a staffed line; the others are left to the visitor.
STAFF = ("andre", "aria", "quill")
# Parts that a stalled machine owes are not made up for beyond this: no camera does.
LONGEST_DEBT = 60.0


class StationsFileError(ValueError):
    """The list of stations cannot be used; the message says what it should hold."""


@dataclass(frozen=True, kw_only=True)
class LineSetup:
    """One entry of the stations file."""

    line: str
    key: Key
    product: str


class PartLine(Protocol):
    """A line that parts can be sent over."""

    name: str

    @property
    def paused(self) -> bool: ...

    def shoot(self) -> bool:
        """Let one part pass the camera. False when there are no more parts."""


@dataclass(kw_only=True)
class SimulatedLine:
    """One line: a station, and the camera that feeds it."""

    name: str
    station: Station
    pictures: PictureSource
    controls: ControlFile
    incumbent: SimulatedIncumbent | None = None
    truth: TruthFile | None = None
    truths: Truths | None = None

    @property
    def paused(self) -> bool:
        return self.controls.of(self.name).paused

    def shoot(self) -> bool:
        moment = datetime.now(UTC)
        picture = self.pictures.next(self.controls.of(self.name).at(moment))
        if picture is None:
            return False
        shot = capture(picture, incumbent=self.incumbent, now=moment)
        if self.truth is not None:
            self.truth.add(shot.serial, picture)
        if self.truths is not None:
            self.truths.add(shot.serial, picture)
        self.station.take(shot)
        return True


def play(lines: Sequence[PartLine], *, parts_per_minute: float, stop: threading.Event) -> None:
    """Send parts over the lines in turn, at the rate of all lines together, until stopped or out of parts."""
    running, start, number = list(lines), time.monotonic(), 0
    while running and not stop.is_set():
        awake = [line for line in running if not line.paused]
        if not awake:
            stop.wait(PAUSE_LOOK)
            start, number = time.monotonic(), 0
            continue
        due = due_at(start, number, parts_per_minute)
        if time.monotonic() - due > LONGEST_DEBT:
            start, number = time.monotonic(), 0
        elif stop.wait(max(0.0, due - time.monotonic())):
            break
        line = awake[number % len(awake)]
        number += 1
        if not line.shoot():
            logger.info("%s has no more parts.", line.name)
            running.remove(line)
    stop.wait()


def read_stations(path: Path) -> list[LineSetup]:
    """Read the stations file: objects with line, key_id, secret and product; line `phone-lens` makes product lens."""
    try:
        rows = json.loads(path.read_bytes())
        setups = [
            LineSetup(
                line=row["line"],
                key=Key(key_id=row["key_id"], secret=row["secret"]),
                product=(row.get("product") or row["line"]).removeprefix("phone-"),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        sentence = f"{path} is no list of stations ({fault!r}): each needs line, key_id, secret and product."
        raise StationsFileError(sentence) from fault
    if not setups:
        raise StationsFileError(f"{path} lists no station.")
    return setups


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    log_to_stderr()
    stop = threading.Event()
    stop_on_signals(stop)
    controls, truths = ControlFile(options.optics, Trouble("Control file", logger)), Truths()
    try:
        lines = _lines(options, controls, truths)
        staff = _staff(options, truths)
    except (StationsFileError, UnknownProductError, DataSetError, SpoolTakenError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1
    for line in lines:
        line.station.start()
    if staff is not None:
        names = [line.name for line in lines]
        threading.Thread(target=staff.work, args=(names, stop), daemon=True).start()
    play(lines, parts_per_minute=options.rate, stop=stop)
    for line in lines:
        line.station.stop()
    end = time.monotonic() + STOP_WITHIN
    for line in lines:
        line.station.join(max(0.0, end - time.monotonic()))
    return 0


def _staff(options: argparse.Namespace, truths: Truths) -> Staff | None:
    """Return the simulated people where a file of tokens names them."""
    if options.people is None:
        return None
    # A control file of their own: each reader keeps what it has seen of the file.
    controls = ControlFile(options.optics, Trouble("Control file of the people", logger))
    return Staff(options.url, read_people(options.people, STAFF), truths, controls)


def _lines(options: argparse.Namespace, controls: ControlFile, truths: Truths) -> list[SimulatedLine]:
    setups = read_stations(options.stations)
    if options.images and options.images_line not in [setup.line for setup in setups]:
        raise StationsFileError(
            f"--images-line is {options.images_line!r}, a line that {options.stations} does not list."
        )
    truth = TruthFile(options.truth) if options.truth else None
    seed = secrets.randbits(32) if options.seed is None else options.seed
    lines = [_line(options, setup, controls, truth, seed) for setup in setups]
    return [replace(line, truths=truths) for line in lines]


def _line(
    options: argparse.Namespace, setup: LineSetup, controls: ControlFile, truth: TruthFile | None, seed: int
) -> SimulatedLine:
    station = Station(
        Setup(
            url=options.url,
            key=setup.key,
            spool=options.spool / setup.key.key_id,
            deadline=options.deadline,
            wait=options.wait,
        ),
        ConsoleOutput(sys.stdout, prefix=f"{setup.line}\t"),
    )
    return SimulatedLine(
        name=setup.line,
        station=station,
        pictures=_pictures(options, setup, seed, station.sources_taken()),
        controls=controls,
        incumbent=_incumbent(options, f"{setup.line}:{seed}"),
        truth=truth,
    )


def _pictures(options: argparse.Namespace, setup: LineSetup, seed: int, taken: set[str]) -> PictureSource:
    if options.images and setup.line == options.images_line:
        return DataSetFolder(options.images, seed=seed, taken=taken)
    return DrawnParts(setup.product, defect_rate=options.defect_rate, seed=seed, taken=taken)


def _incumbent(options: argparse.Namespace, seed: str) -> SimulatedIncumbent | None:
    if options.incumbent is None:
        return None
    miss_rate, false_alarm_rate = options.incumbent
    return SimulatedIncumbent(miss_rate=miss_rate, false_alarm_rate=false_alarm_rate, random=Random(seed))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m edge.simulated", description="Play stations for a demo.")
    parser.add_argument("--url", required=True, help="address of the server, as http://127.0.0.1:8000")
    parser.add_argument("--stations", required=True, type=Path, metavar="FILE", help="JSON list of stations")
    parser.add_argument("--rate", type=_above_zero, default=60.0, metavar="N", help="parts a minute over all lines")
    parser.add_argument("--seed", type=int, metavar="S", help="the same parts in the same order; default at random")
    parser.add_argument("--images", type=Path, metavar="DIR", help="data-set folder that feeds one line")
    parser.add_argument("--images-line", metavar="LINE", help="the line that --images feeds")
    parser.add_argument(
        "--defect-rate", type=_share, default=0.05, metavar="P", help="share of drawn parts with a defect"
    )
    parser.add_argument(
        "--incumbent", type=_share, nargs=2, metavar=("MISS", "FALSE_ALARM"), help="an older system's errors"
    )
    parser.add_argument("--optics", type=Path, metavar="FILE", help="control file: light, focus, noise … by line")
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="write what each part truly is, on this machine only"
    )
    parser.add_argument("--people", type=Path, metavar="FILE", help="tokens of people who read staffed lines")
    parser.add_argument("--spool", type=Path, default=Path("var") / "spool", metavar="DIR")
    parser.add_argument("--deadline", type=_above_zero, default=DEFAULT_DEADLINE, metavar="S")
    parser.add_argument("--wait", type=float, default=DEFAULT_WAIT, metavar="S")
    options = parser.parse_args(arguments)
    if options.images and not options.images_line:
        parser.error("--images needs --images-line.")
    return options


def _above_zero(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} must lie in 0-1")
    return number


if __name__ == "__main__":
    sys.exit(main())
