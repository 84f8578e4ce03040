"""Runs the product's own processes for a benchmark: real broker, verdict workers, relay, web, in its own folder."""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
import requests
from django.core.management import call_command

from config.engine import broker, plan, static_files
from config.engine.home import Home
from config.engine.processes import Child, stop_all

UP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Engine:
    """A running engine: where it answers, and which process is which."""

    url: str
    children: dict[str, Child]

    def processor_s(self) -> dict[str, float]:
        """Return the processor seconds each process and its descendants have used: a figure that other load spares."""
        used, parents = _processes()
        return {
            name: sum(seconds for pid, seconds in used.items() if child.pid in _line_of(pid, parents))
            for name, child in self.children.items()
        }

    def memory_mb(self, name: str) -> float:
        """Return what one process and its descendants hold in memory."""
        return family_mb(self.children[name].pid)


@contextmanager
def running(*, workers: int = 1, has_second: bool = False) -> Iterator[Engine]:
    """Start the processes, lend them, and end exactly those. Django is set up for the same data inside.

    The second worker does what may wait, silent looks among it. Each process tells a PostgreSQL (DATABASE_URL) its own
    name, so that rows can be told apart by who wrote them.
    """
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        home = Home(Path(folder))
        with home.claimed():
            outside = broker.external()
            address = outside or f"redis+socket://{broker.socket_path(home.folder)}"
            env = plan.environment(home, demo=True, broker_url=address)
            os.environ.update(env)
            django.setup()
            call_command("migrate", interactive=False, verbosity=0)
            static_files.collect()
            port = _free_port()
            own_broker = [] if outside else [_broker(home, env, address)]
            verdicts = [plan.verdict_worker(home, env, n) for n in range(1, workers + 1)]
            later = [plan.second_worker(home, env)] if has_second else []
            children = [*own_broker, plan.relay(home, env), *verdicts, *later, plan.web(home, env, port)]
            for child in children:
                child.environment = {**child.environment, "PGAPPNAME": child.name}
            try:
                yield _start(children, url=f"http://127.0.0.1:{port}")
            finally:
                stop_all(children)


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def family_mb(pid: int) -> float:
    """Return what a process and its descendants hold in memory."""
    _, parents = _processes()
    return sum(resident_mb(one) for one in parents if pid in _line_of(one, parents))


def _processes() -> tuple[dict[int, float], dict[int, int]]:
    """Return the processor seconds and the parent of every process that can be read."""
    used, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            # It ended while the list was read.
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used, parents


def _line_of(pid: int, parents: dict[int, int]) -> set[int]:
    line = set[int]()
    while pid in parents and pid not in line:
        line.add(pid)
        pid = parents[pid]
    return line


def _broker(home: Home, env: dict[str, str], address: str) -> Child:
    return plan.broker(broker.command(Path(address.removeprefix("redis+socket://")), home.folder), home, env)


def _start(children: list[Child], *, url: str) -> Engine:
    for child in children:
        child.start()
    deadline = time.monotonic() + UP_WITHIN_S
    while not _answers(url):
        if time.monotonic() > deadline:
            raise TimeoutError("\n".join(f"{child.name}: {child.last_words()}" for child in children))
        time.sleep(0.2)
    return Engine(url=url, children={child.name: child for child in children})


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
