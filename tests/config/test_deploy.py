"""The recipes under deploy/: every process there is, with no more rights than it needs. Read for their form alone."""

import re
from pathlib import Path

import pytest
import yaml

from config import relay

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
UNIT = (ROOT / "deploy/systemd/tollgate.service").read_text()
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "tollgate"]


def command_of(name: str) -> str:
    command = SERVICES[name]["command"]
    return command if isinstance(command, str) else " ".join(command)


def test_every_queue_has_a_worker_and_nothing_is_sent_elsewhere():
    served = [
        name
        for service in OURS
        for found in re.findall(r"--queues (\S+)", command_of(service))
        for name in found.split(",")
    ]
    assert sorted(served) == sorted({queue for _, queue in relay.TASKS.values()})


@pytest.mark.parametrize("single", ["--beat", "config.relay", "gunicorn config.wsgi"])
def test_what_runs_once_is_there_once(single):
    assert sum(single in command_of(service) for service in OURS) == 1


@pytest.mark.parametrize("name", OURS)
def test_each_process_is_a_production_without_rights_over_its_code(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["TOLLGATE_ENV"] == "production"
    assert "\nUSER 10001" in (ROOT / "deploy/compose/Dockerfile").read_text()


def test_no_secret_stands_in_the_recipe():
    text = (ROOT / "deploy/compose/compose.yaml").read_text()
    secrets = re.findall(r"(?:PASSWORD: |:|>)\"?\$\{(\w+_PASSWORD):\?\}", text)
    assert set(secrets) == {"POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
    assert not re.search(r"PASSWORD: \"?[^$\"]", text)


def test_only_this_machine_reaches_a_port():
    assert [service["ports"] for service in SERVICES.values() if "ports" in service] == [["127.0.0.1:8000:8000"]]


def test_the_product_may_neither_empty_nor_reconfigure_its_broker():
    assert {"-config", "-flushall", "-flushdb", "-acl"} <= set(SERVICES["broker"]["command"])


@pytest.mark.parametrize(
    "line",
    [
        "User=tollgate",
        "UMask=0027",
        "NoNewPrivileges=true",
        "ProtectSystem=strict",
        "PrivateTmp=true",
        "CapabilityBoundingSet=",
    ],
)
def test_the_service_runs_as_somebody_who_may_do_nothing_else(line):
    assert line in UNIT.splitlines()
    assert re.search(r"^MemoryMax=\d+G$", UNIT, re.MULTILINE)
