"""What Prometheus reads: well formed, complete, guarded, and what dashboards and alert rules refer to exists."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.utils.timezone import now as clock
from django.utils.translation import override
from prometheus_client.parser import text_string_to_metric_families

from inspection import automation
from inspection.models import Hold
from inspection.rules.words import Role
from monitoring import exposition, gathering
from monitoring.models import Alarm
from tests.builders import make_user
from tests.monitoring.world import examine
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: apt-get install prometheus.")
NAME = re.compile(r"\btollgate_[a-z0-9_]+")


@pytest.fixture
def line():
    return make_deciding_line()


def test_the_help_of_a_value_is_what_the_pages_call_it_in_english(client, line):
    examine(line, "A-1", at=clock())
    gathering.follow(now=clock())
    gathering.read_levels(now=clock())
    with override("ko"):
        helps = {name: family.documentation for name, family in families(client).items()}
    assert helps["tollgate_explain_seconds"] == "Explaining, last 5 min."
    assert helps["tollgate_queue_age_seconds"] == "Oldest waiting image, newest value."


def families(client, **headers) -> dict:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def test_an_independent_parser_reads_what_was_seen(client, line):
    moment = clock()
    for n in range(3):
        examine(line, f"A-{n}", at=moment - timedelta(seconds=20), ms=40.0)
    gathering.follow(now=moment)
    gathering.read_levels(now=moment)
    automation.place_hold(line, kind=Hold.ALARM, reason="dark", now=moment)
    Alarm.objects.create(line=line, rule="queue-old", state="unacknowledged", is_on=True, raised_at=moment)
    found = families(client)
    predict = {s.labels["quantile"]: s.value for s in found["tollgate_predict_seconds"].samples}
    assert predict == {quantile: pytest.approx(0.04, rel=0.011) for quantile in ("0.5", "0.95", "0.99")}
    assert [s.value for s in found["tollgate_volume_per_second"].samples] == [3 / 300]
    assert [(s.labels, s.value) for s in found["tollgate_line_held"].samples] == [({"line": "phone-back"}, 1)]
    assert [s.labels["priority"] for s in found["tollgate_alarms_active"].samples] == ["P2"]
    assert [s.value for s in found["tollgate_line_level"].samples] == [3]


VALUE = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{({LABEL}(?:,{LABEL})*,?)\}})? {VALUE}(?: -?\d+)?")


def test_every_line_keeps_to_the_text_format_as_it_is_written_down(client, line):
    """Read by the format's own grammar: one HELP and TYPE before a family's samples, and no series twice."""
    examine(line, "A-1", at=clock() - timedelta(seconds=20))
    gathering.follow(now=clock())
    body = client.get("/metrics").content.decode()
    assert body.endswith("\n")
    described, series, family = [], [], ""
    for said in body.splitlines():
        if said.startswith("# "):
            _, word, family, *_rest = said.split(" ", 3)
            described.append((word, family))
        else:
            sample = SAMPLE.fullmatch(said)
            assert sample, said
            assert sample[1] == family
            series.append((sample[1], sample[2]))
    assert len(set(described)) == len(described) == 2 * len({name for _, name in described})
    assert len(set(series)) == len(series) > 40


def test_names_are_distinct_sane_and_all_there(client, line):
    found = families(client)
    assert found.keys() == exposition.names()
    assert all(NAME.fullmatch(name) for name in found)


def test_labels_are_lines_and_statistics_alone(client, line):
    examine(line, "A-1", at=clock() - timedelta(seconds=20))
    gathering.follow(now=clock())
    labels = {label for family in families(client).values() for s in family.samples for label in s.labels}
    assert labels <= {"line", "quantile", "priority"}


def test_metrics_are_for_this_machine_or_for_the_token(client, line, settings):
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 403
    settings.METRICS_TOKEN = "scrape-me"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert families(client, Authorization="Bearer scrape-me")


def test_dashboard_and_alerts_refer_to_metrics_that_exist():
    board = json.loads((DEPLOY / "grafana" / "tollgate.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    alerts = yaml.safe_load(ALERTS.read_text())
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    assert len(asked) > 20
    assert {name for expression in asked for name in NAME.findall(expression)} <= exposition.names()
    assert all(NAME.search(expression) for expression in asked)


@needs_promtool
def test_prometheus_itself_accepts_the_rules_and_the_exposition(client, line):
    moment = clock()
    examine(line, "A-1", at=moment - timedelta(seconds=20))
    gathering.follow(now=moment)
    gathering.read_levels(now=moment)
    rules = subprocess.run([PROMTOOL, "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)
    assert (rules.returncode, rules.stderr) == (0, "")
    body = client.get("/metrics").content
    read = subprocess.run([PROMTOOL, "check", "metrics"], input=body, capture_output=True, check=False)
    assert (read.returncode, read.stderr) == (0, b"")


# Channels -------------------------------------------------------------------------------------------------------


WEBHOOK = {"name": "control room", "kind": "webhook", "address": "https://plant.example/alarms",
           "secret": "sixteen-characters", "line": "", "least": "P2", "language": "ko"}  # fmt: skip


@pytest.fixture
def admin(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR))
    return client


def test_an_administrator_makes_a_channel_and_sends_a_test(admin):
    admin.post("/alarms/channels/add/", WEBHOOK)
    page = admin.get("/alarms/channels/").content.decode()
    assert "https://plant.example" in page
    assert "sixteen-characters" not in page
    number = re.search(r"/alarms/channels/(\d+)/test/", page)[1]
    admin.post(f"/alarms/channels/{number}/test/")
    page = admin.get("/alarms/channels/").content.decode()
    assert "Tollgate: 시험 경보" in page
    assert '<td lang="ko">한국어</td>' in page
    admin.post(f"/alarms/channels/{number}/switch/")
    assert "Switch on" in admin.get("/alarms/channels/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"secret": "short"}, {"address": "http://plant.example/"}, {"kind": "apprise"}, {"name": ""}, {"language": "de"}],
)
def test_a_channel_that_may_not_be_is_refused_with_a_sentence(admin, wrong):
    answer = admin.post("/alarms/channels/add/", WEBHOOK | wrong)
    assert answer.status_code == 422
    assert "No channel yet" in answer.content.decode()


def test_channels_are_for_administrators(client):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    assert client.get("/alarms/channels/").status_code == 403
    assert client.post("/alarms/channels/add/", WEBHOOK).status_code == 403
