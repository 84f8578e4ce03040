"""The options of `./start`."""

import argparse
import os
from pathlib import Path

NUMBER_OF_PARTS_MAX = 6000


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line. What is wrong with it is said in one sentence, with exit status 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    fault = _fault(options)
    if fault:
        parser.error(fault)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./start", description="Set up and run Tollgate on this machine.")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port on 127.0.0.1 (default 8000)")
    home = Path(os.environ.get("TOLLGATE_DATA", "var"))
    parser.add_argument("--data", type=Path, default=home, metavar="DIR", help="state folder (default var/)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="feed the station from a data-set folder")
    parser.add_argument("--no-demo", action="store_true", help="clean install: prints a one-time set-up link")
    rate = "parts a minute over all demo lines (default 60)"
    parser.add_argument("--rate", type=float, default=60.0, metavar="PARTS_PER_MINUTE", help=rate)
    enough = "stop with 0 when N posted items have a disposition or wait for a person"
    parser.add_argument("--exit-after", type=int, metavar="N", help=enough)
    return parser


def _fault(options: argparse.Namespace) -> str:
    if not 1 <= options.port <= 65535:
        return f"--port {options.port} is outside 1 to 65535."
    if not 0 < options.rate <= NUMBER_OF_PARTS_MAX:
        return f"--rate {options.rate:g} must be above 0 and at most {NUMBER_OF_PARTS_MAX}."
    if options.exit_after is not None and options.exit_after < 1:
        return f"--exit-after {options.exit_after} must be at least 1."
    if options.images is not None and options.no_demo:
        return "--images feeds a demo line; leave --no-demo out."
    if options.images is not None and not (options.images / "manifest.csv").is_file():
        return f"--images {options.images} has no manifest.csv."
    return ""
