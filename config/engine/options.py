"""The options of `./start`."""

import argparse
from pathlib import Path


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./start", description="Set up and run Tollgate on this machine.")
    parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default 8000)")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="state folder (default var/)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="feed the station from a data-set folder")
    parser.add_argument("--no-demo", action="store_true", help="clean install: prints a one-time set-up link")
    parser.add_argument(
        "--rate", type=float, default=60.0, metavar="PARTS_PER_MINUTE", help="parts a minute (default 60)"
    )
    parser.add_argument("--exit-after", type=int, metavar="N", help="stop with 0 when N items are answered or waiting")
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        parser.error(f"--port {options.port} is outside 1 to 65535.")
    if not 0 < options.rate <= 6000:
        parser.error(f"--rate {options.rate} is outside 0 to 6000.")
    if options.exit_after is not None and options.exit_after < 1:
        parser.error(f"--exit-after {options.exit_after} must be at least 1.")
    if options.images is not None and not (options.images / "manifest.csv").is_file():
        parser.error(f"--images {options.images} has no manifest.csv.")
    return options
