"""Which processes the engine runs, with which commands."""

import os
import signal
import sys
from pathlib import Path

from config.engine.home import Home
from config.engine.processes import Child

CELERY = [sys.executable, "-m", "celery", "--app", "config.celery", "--quiet", "worker", "--pool", "solo"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]


def environment(home: Home, *, demo: bool, broker_url: str) -> dict[str, str]:
    """Return what every process of the product sees. What the owner set wins."""
    settings = {
        "TOLLGATE_ENV": "demo" if demo else "production",
        "DJANGO_SETTINGS_MODULE": "config.settings.base" if demo else "config.settings.prod",
        "TOLLGATE_DATA": str(home.folder),
        "SECRET_KEY_FILE": str(home.secret_file),
        "REDIS_URL": broker_url,
        "HTTPS": "false",
        # Two threads on two contended cores collapse: one each, everywhere.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return {**settings, **os.environ}


def broker(command: list[str], home: Home, env: dict[str, str]) -> Child:
    return Child("broker", command, env, home.logs / "broker.log")


def relay(home: Home, env: dict[str, str]) -> Child:
    return Child("relay", [sys.executable, "-m", "config.relay"], env, home.logs / "relay.log")


def verdict_worker(home: Home, env: dict[str, str]) -> Child:
    """The worker that answers the line. Its progress stamp lets the supervisor see that it hangs."""
    env = {**env, "PROGRESS_FILE": str(progress_file(home))}
    command = [*CELERY, *QUIET, "--queues", "predict", "--hostname", "verdicts@%h"]
    return Child("worker", command, env, home.logs / "worker.log")


def second_worker(home: Home, env: dict[str, str]) -> Child:
    """Everything that may wait, with the clock inside: it never delays a verdict."""
    command = [*CELERY, *QUIET, "--queues", "default,reports,training", "--hostname", "rest@%h"]
    command += ["--beat", "--scheduler", "celery.beat:Scheduler"]
    return Child("second_worker", command, env, home.logs / "second_worker.log")


def web(home: Home, env: dict[str, str], port: int) -> Child:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", env.get("WEB_WORKERS", "2")]
    command += ["--threads", env.get("WEB_THREADS", "8"), "--no-control-socket", "--preload"]
    command += [
        "--log-level",
        "warning",
        "--graceful-timeout",
        "5",
        "--limit-request-line",
        "8190",
        "--worker-tmp-dir",
        "/dev/shm",
    ]
    return Child("web", command, env, home.logs / "web.log")


def station(home: Home, env: dict[str, str], *, url: str, keys: Path, rate: float, images: Path | None) -> Child:
    command = [sys.executable, "-m", "edge.simulated", "--url", url, "--stations", str(keys)]
    command += [
        "--rate",
        str(rate),
        "--spool",
        str(home.folder / "spool"),
        "--optics",
        str(home.folder / "optics.json"),
    ]
    if images is not None:
        command += ["--images", str(images), "--images-line", "phone-glass"]
    return Child("station", command, env, home.logs / "station.log", stop_signal=signal.SIGTERM)


def progress_file(home: Home) -> Path:
    return home.folder / "worker.progress"
