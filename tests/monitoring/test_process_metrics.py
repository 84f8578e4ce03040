"""What the product's processes take, and what a worker holds."""

import json
import os
import subprocess

import pytest
from django.utils.timezone import now as clock

from inspection import registry
from inspection.models import ModelVersion
from monitoring import rollups, signs, traffic
from monitoring.rules.metrics import PROCESSES
from monitoring.sources import processes
from tests.monitoring.world import window

pytestmark = pytest.mark.django_db


def test_memory_and_processor_of_every_process_are_those_of_all_its_copies_and_children(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(processes, "_last", {})
    settings.RUN_FILE = tmp_path / "run.json"
    idle = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        # A process that has just been born still grows: this one has answered and waits.
        idle.stdin.write(b"up\n")
        idle.stdin.flush()
        assert idle.stdout.readline() == b"up\n"
        known = dict.fromkeys(PROCESSES, idle.pid) | {"relay": os.getpid(), "station": os.getpid()}
        settings.RUN_FILE.write_text(json.dumps({"pids": known}))
        first = dict(processes.levels())
        assert first.keys() == {f"{name}_memory" for name in PROCESSES}
        assert first["relay_memory"] > first["web_memory"] > 0
        settings.RUN_FILE.write_text(json.dumps({"pids": known | {"web_2": idle.pid}}))
        sum(range(3_000_000))
        second = dict(processes.levels())
        assert second["web_memory"] == pytest.approx(2 * first["web_memory"])
        assert second["relay_processor"] > 0.05
        assert all(second[f"{name}_processor"] == 0 for name in PROCESSES if name != "relay")
    finally:
        idle.kill()
        idle.communicate()
    assert f"{PROCESSES[0]}_memory" not in dict(processes.levels())


def test_a_process_that_the_relay_cannot_see_tells_what_it_takes_itself(settings, tmp_path):
    settings.RUN_FILE = tmp_path / "run.json"
    signs.show_worker()
    traffic.note(traffic.Answer(status=200, took_s=0.1, waited_s=None))
    traffic.write(now=clock())
    newest = rollups.newest(None, ["worker_memory", "web_memory"], now=clock(), minutes=5)
    assert min(newest["worker_memory"].last, newest["web_memory"].last) > 10
    settings.RUN_FILE.write_text(json.dumps({"pids": {"worker": os.getpid()}}))
    assert not list(processes.own("worker"))


def test_a_worker_tells_what_models_it_holds_and_how_long_they_took_to_load(monkeypatch):
    monkeypatch.setattr(registry, "_load", lambda *_: object())
    registry.forget_loaded()
    registry.take_load_times()
    version = ModelVersion(name="m", version="1", folder="m/1", onnx_sha256="0" * 64)
    signs.show_worker()
    assert window(None, "models_loaded").last == 0
    for _ in range(2):
        registry.scorer(version)
    signs.show_worker()
    newest = rollups.newest(None, ["models_loaded", "model_load"], now=clock(), minutes=5)
    assert newest["models_loaded"].last == 1
    assert newest["model_load"].n == 1
    registry.forget_loaded()
