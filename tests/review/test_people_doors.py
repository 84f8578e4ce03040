"""What every door for people's programs keeps to: methods, queries, windows, who may, one id for one call."""

from uuid import uuid4

import pytest

from inspection.rules.words import Role
from tests.builders import make_user
from tests.review.asking import claim, code_of, decide, the_task
from tests.review.scene import make_task, read

pytestmark = pytest.mark.django_db

READING = ["/api/v1/lines/", "/api/v1/decisions/", "/api/v1/adjudications/"]
REPORTS = ["/api/v1/lines/phone-glass/agreement/", "/api/v1/lines/phone-glass/automation/"]


@pytest.fixture
def quinns(line, client_of):
    return client_of(make_user("quinn", role=Role.QA_LEAD))


@pytest.mark.parametrize("address", [*READING, *REPORTS, "/api/v1/lines/phone-glass/agreement.csv"])
def test_head_is_answered_without_a_body(quinns, address):
    answer = quinns.head(address)
    assert answer.status_code == 200
    assert b"".join(answer) == b""


@pytest.mark.parametrize("address", [*READING, REPORTS[0]])
def test_a_query_that_no_door_knows_is_refused(quinns, address):
    assert code_of(quinns.get(address + "?sort=password")) == (422, "unknown-field")


@pytest.mark.parametrize("address", REPORTS)
def test_a_member_who_reads_no_reports_is_forbidden_and_a_stranger_finds_nothing(line, ana, client_of, address):
    assert code_of(client_of(ana).get(address)) == (403, "forbidden")
    assert client_of(make_user("oscar", role=None)).get(address).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["since=0001-01-01", "until=9999-12-31", "since=2001-01-01&until=2026-12-31", "model=net:" + "9" * 4500, "since=x"],
)
@pytest.mark.parametrize("address", ["/api/v1/lines/phone-glass/agreement/", "/api/v1/lines/phone-glass/agreement.csv"])
def test_a_window_no_report_covers_is_refused(quinns, address, query):
    assert code_of(quinns.get(f"{address}?{query}")) == (422, "validation")


def test_the_rows_come_as_a_table_to_who_asks_for_one(line, ana, quinns):
    read(make_task(line), ana)
    answer = quinns.get("/api/v1/lines/phone-glass/agreement.csv", headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    assert b"".join(answer).decode("utf-8-sig").startswith('"opened_at","serial",')


def test_one_id_is_one_call(line, ana, client_of):
    make_task(line)
    client = client_of(ana)
    task, mine = the_task(client, line), str(uuid4())
    assert decide(client, task, decision_id=mine).status_code == 201
    assert decide(client, task, decision_id=mine).status_code == 200
    other = decide(client, task, decision_id=mine, label="defect", defect_class="scratch")
    assert code_of(other) == (422, "validation")
    assert claim(client, line).json()["tasks"] == []
