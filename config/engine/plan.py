"""Which processes the engine runs, with which commands."""

import os
import sys
from pathlib import Path

from config import env as environ
from config import settings_module
from config.engine.home import Home
from config.engine.processes import Child

CELERY = [sys.executable, "-m", "celery", "--app", "config.celery", "--quiet", "worker", "--pool", "solo"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
# Longer than a statement waits for a busy database: that is no hang.
RELAY_HANGS_AFTER_S = 25.0
IMAGES_LINE = "phone-glass"


def environment(home: Home, *, demo: bool, broker_url: str, url: str = "http://127.0.0.1:8000") -> dict[str, str]:
    """Return what every process of the product sees. What the owner set wins, but for the claimed folder."""
    settings = {
        "TOLLGATE_ENV": "demo" if demo else "production",
        "REDIS_URL": broker_url,
        "PUBLIC_URL": url,
        "HTTPS": "false",
        # Two threads on two contended cores collapse: one each, everywhere.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if "SECRET_KEY" not in os.environ:
        settings["SECRET_KEY_FILE"] = str(home.secret_file)
    seen = {**settings, **os.environ, "TOLLGATE_DATA": str(home.folder)}
    return {"DJANGO_SETTINGS_MODULE": settings_module(seen["TOLLGATE_ENV"]), **seen}


def broker(command: list[str], home: Home, env: dict[str, str]) -> Child:
    return Child("broker", command, env, home.logs / "broker.log")


def preparation(home: Home, env: dict[str, str], *, demo: bool) -> Child:
    """What brings database, files and people to where a start needs them. It ends when it is done."""
    command = [sys.executable, "-m", "config.engine.preparing", str(home.prepared_file), *(["--demo"] if demo else [])]
    # A migration takes as long as it takes.
    return Child("preparation", command, {**env, "DATABASE_STATEMENT_S": "0"}, home.logs / "preparation.log")


def relay(home: Home, env: dict[str, str]) -> Child:
    stamp = home.folder / "relay.progress"
    seen = {**env, "PROGRESS_FILE": str(stamp)}
    command = [sys.executable, "-m", "config.relay"]
    return Child("relay", command, seen, home.logs / "relay.log", stamp=stamp, hangs_after_s=RELAY_HANGS_AFTER_S)


def verdict_workers(home: Home, env: dict[str, str]) -> list[Child]:
    count = environ.integer("WORKERS", 1, low=1, high=64)
    return [verdict_worker(home, env, n) for n in range(1, count + 1)]


def verdict_worker(home: Home, env: dict[str, str], n: int = 1) -> Child:
    """A worker that answers the line. Its progress stamp lets the supervisor see that it hangs."""
    name = "worker" if n == 1 else f"worker_{n}"
    stamp = home.folder / f"{name}.progress"
    command = [*CELERY, *QUIET, "--queues", "predict", "--hostname", f"{name}@%h"]
    return Child(name, command, {**env, "PROGRESS_FILE": str(stamp)}, home.logs / f"{name}.log", stamp=stamp)


def second_worker(home: Home, env: dict[str, str]) -> Child:
    """Everything that may wait, with the clock inside: it never delays a verdict."""
    command = [*CELERY, *QUIET, "--queues", "default,reports", "--hostname", "second@%h"]
    command += ["--beat", "--scheduler", "celery.beat:Scheduler"]
    return Child("second_worker", command, env, home.logs / "second_worker.log")


def training_worker(home: Home, env: dict[str, str]) -> Child:
    """What may learn for an hour, in a child of its own: nothing else waits behind it."""
    command = [*CELERY, *QUIET, "--queues", "training", "--hostname", "training@%h"]
    return Child("training_worker", command, env, home.logs / "training_worker.log")


def web(home: Home, env: dict[str, str], port: int) -> Child:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "config.server.Worker"]
    command += ["--workers", str(environ.integer("WEB_WORKERS", 2, low=1, high=64))]
    command += ["--threads", str(environ.integer("WEB_THREADS", 8, low=1, high=256))]
    command += ["--preload", "--no-control-socket", "--log-level", "warning", "--graceful-timeout", "2"]
    command += ["--limit-request-line", "8190", "--worker-tmp-dir", "/dev/shm"]
    return Child("web", command, env, home.logs / "web.log")


def station(
    home: Home, env: dict[str, str], *, url: str, keys: Path, people: Path, rate: float, images: Path | None
) -> Child:
    command = [sys.executable, "-m", "edge.simulated", "--url", url, "--stations", str(keys), "--rate", str(rate)]
    command += ["--spool", str(home.folder / "spool"), "--optics", str(home.folder / "optics.json")]
    command += ["--people", str(people)]
    if images is not None:
        command += ["--images", str(images), "--images-line", IMAGES_LINE]
    return Child("station", command, env, home.logs / "station.log")


def counter(home: Home, env: dict[str, str], enough: int) -> Child:
    """What ends, with status 0, once so many items are answered."""
    command = [sys.executable, "-m", "config.engine.answered", str(enough)]
    return Child("counter", command, env, home.logs / "counter.log")
