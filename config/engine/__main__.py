"""`python -m config.engine`: run Tollgate on this machine until Ctrl-C."""

import os
import signal
import sys
import threading
from argparse import Namespace
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.engine import options as engine_options
from config.engine.failure import CannotStart
from config.engine.home import Home
from config.engine.supervisor import Supervisor


def main() -> int:
    options = engine_options.parse()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _run(options, stop)
    except (CannotStart, ImproperlyConfigured) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _run(options: Namespace, stop: threading.Event) -> int:
    home = Home(options.data)
    with home.claimed():
        home.check_room()
        return Supervisor(options, home, stop).run()


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
