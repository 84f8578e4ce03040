"""What the web server answers is counted without a statement, and each request leaves one line with its ids."""

from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse

from config import middleware
from inspection.models import Outbox
from inspection.tracing import trace_id, traceparent
from monitoring import rollups, traffic
from monitoring.rules.summaries import Summary
from tests.builders import NOON

IMAGE = UUID("0193a2b4-0000-7000-8000-00000000002a")


@pytest.fixture(autouse=True)
def nothing_answered():
    traffic._answers.clear()


def seen(metric) -> Summary | None:
    return rollups.newest(None, [metric], now=NOON, minutes=1).get(metric)


def answer_with(rf, status=200, path="/alarms/", writes=False):
    """Let one request pass the counting, answered as told."""

    def view(request):
        if writes:
            Outbox.objects.create(topic="export.asked", key="1", available_at=NOON)
        return HttpResponse(status=status)

    return middleware.counted(view)(rf.get(path))


@pytest.mark.django_db
def test_requests_failures_and_times_come_into_the_windows(rf):
    for status in (200, 404, 500, 503):
        answer_with(rf, status)
    assert traffic.write(now=NOON) == 4
    assert seen("web_requests").total == 4
    assert seen("web_errors").mean == 0.5
    assert seen("web_time").n == 4
    assert traffic.write(now=NOON) == 0


@pytest.mark.django_db
def test_counting_costs_no_statement_and_probes_are_no_requests(rf, client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer_with(rf)
        for probe in middleware.PROBES:
            answer_with(rf, path=probe)
    client.get("/accounts/login/")
    assert traffic.write(now=NOON) == 2


@pytest.mark.django_db
def test_a_request_that_was_asked_to_wait_is_counted_without_its_time(rf):
    answer_with(rf, path="/api/v1/verdicts/?wait=30")
    traffic.write(now=NOON)
    assert seen("web_requests").total == 1
    assert seen("web_time") is None


@pytest.mark.django_db
def test_what_writes_waited_is_measured_where_something_was_written(rf):
    answer_with(rf)
    traffic.write(now=NOON)
    assert seen("write_wait") is None
    answer_with(rf, writes=True)
    traffic.write(now=NOON)
    assert seen("write_wait").n == 1


@pytest.mark.django_db
def test_what_cannot_be_written_is_kept_for_the_next_time(rf):
    def is_locked(execute, statement, *bound):
        raise OperationalError("database is locked")

    answer_with(rf)
    answer_with(rf, 500)
    with connection.execute_wrapper(is_locked), pytest.raises(OperationalError):
        traffic.write(now=NOON)
    assert traffic.write(now=NOON) == 2
    assert seen("web_errors").mean == 0.5


# Lines ----------------------------------------------------------------------------------------------------------


def lines(caplog, event):
    return [one.msg for one in caplog.records if isinstance(one.msg, dict) and one.msg["event"] == event]


@pytest.mark.django_db
def test_each_request_leaves_one_line_with_its_ids_and_without_its_query(client, caplog):
    caplog.set_level("INFO", "config")
    client.get("/accounts/login/?next=/secret/", headers={"traceparent": traceparent(IMAGE)})
    client.get("/healthz")
    (line,) = lines(caplog, "request")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/accounts/login/", 200)
    assert line["caller_trace_id"] == trace_id(IMAGE)
    assert line["request_id"]
    assert line["ms"] > 0
    assert "secret" not in str(line)


def test_the_line_of_an_upload_names_the_trace_of_its_image(rf, caplog):
    caplog.set_level("INFO", "config")
    answer = HttpResponse(status=202, headers={"traceparent": traceparent(IMAGE)})
    middleware.access_line(lambda request: answer)(rf.post("/api/v1/items/"))
    assert lines(caplog, "request")[0]["trace_id"] == trace_id(IMAGE)
