"""`python -m config.engine`: run Tollgate on this machine until Ctrl-C."""

import os
import signal
import sys
import threading
from pathlib import Path

from config.engine import options as engine_options
from config.engine.failure import CannotStart
from config.engine.home import Home
from config.engine.supervisor import Supervisor


def main() -> int:
    options = engine_options.parse()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _run(options, stop)
    except CannotStart as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _run(options, stop: threading.Event) -> int:
    home = Home(options.data)
    with home.claimed():
        home.check_room()
        supervisor = Supervisor(options, home, stop)
        return supervisor.run()


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
