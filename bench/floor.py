"""Lines, stations and people for engines that are only driven over HTTP."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.own_engine import ROOT, clean_environment
from config.engine.home import Home


def furnish(folder: Path, *lines: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Fill the folder of an engine that does not run yet.

    `lines` are "slug:level:stations[:review deadline[:model deadline]]", deadlines in s.
    Return {"password", "people": {name: token}, "stations": [{"line", "key_id", "secret"}]}.
    """
    with Home(folder).claimed():
        done = run(folder, "-m", "bench.floor_rows", *lines, environment=environment)
    return json.loads(done)


def run(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a Python program on the folder of an engine and return what it printed."""
    seen = {**environment_of(folder), **(environment or {})}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=seen, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def environment_of(folder: Path) -> dict[str, str]:
    """Return what a process needs to see in order to work on the folder of an engine."""
    own = {"TOLLGATE_ENV": "demo", "TOLLGATE_DATA": str(folder), "SECRET_KEY_FILE": str(folder / "secret.key")}
    return {**clean_environment(), **own, "DJANGO_SETTINGS_MODULE": "config.settings.base"}
