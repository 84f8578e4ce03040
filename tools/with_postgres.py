"""Run a command against a PostgreSQL of its own: `python tools/with_postgres.py pytest tests/inspection`.

The cluster lives in a temporary folder behind a unix socket and is gone afterwards.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoPostgres(Exception):
    """PostgreSQL's programs are not on this machine."""


def programs() -> Path:
    """Return the folder of the newest installed server programs. Raises NoPostgres."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    if found and (found[-1] / "postgres").exists():
        return found[-1]
    on_path = shutil.which("postgres")
    if on_path is None:
        raise NoPostgres("PostgreSQL is not installed: apt-get install postgresql.")
    return Path(on_path).resolve().parent


@contextmanager
def cluster(*, is_for_tests: bool = False) -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh cluster; stop and remove it afterwards.

    Tests take their rows back: what autovacuum learns from them, that every table is empty, makes plans that take
    minutes for the rows of the next test. So theirs learns nothing; any other has to, as one that serves does.
    """
    folder = Path(tempfile.mkdtemp(prefix="tollgate-pg-"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    bin_folder = programs()
    try:
        _run(owner, bin_folder / "initdb", "--pgdata", data, "--username", "tollgate", "--auth", "trust", "--no-sync")
        learns = "off" if is_for_tests else "on"
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c autovacuum={learns} -c max_connections=60"
        _run(
            owner,
            bin_folder / "pg_ctl",
            "--pgdata",
            data,
            "--wait",
            "--silent",
            "--log",
            folder / "log",
            "-o",
            options,
            "start",
        )
        _run(owner, bin_folder / "createdb", "--host", folder, "--username", "tollgate", "tollgate")
        yield f"postgres://tollgate@{str(folder).replace('/', '%2F')}/tollgate"
    finally:
        if (data / "postmaster.pid").exists():
            _run(owner, bin_folder / "pg_ctl", "--pgdata", data, "--mode", "immediate", "--silent", "stop")
        shutil.rmtree(folder)


def _owner() -> pwd.struct_passwd | None:
    """Return whom the server runs as: it refuses to be root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("No unprivileged user to run PostgreSQL as.")


def _run(owner: pwd.struct_passwd | None, *command: object) -> None:
    who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    words = [str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", **who)


if __name__ == "__main__":
    try:
        with cluster(is_for_tests=True) as url:
            sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode)
    except NoPostgres as reason:
        print(f"Skipped on PostgreSQL: {reason}")
