"""One image through all stages: its page, and the ids that headers and logs carry."""

from datetime import timedelta

import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from config.celery import app
from config.middleware import caller_trace
from inspection import tracing
from inspection.rules.words import Role, Stage, Verdict
from tests.builders import NOON, make_user
from tests.monitoring.world import examine, settle
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_deciding_line()


def page(client, line, item):
    return client.get(f"/lines/{line.slug}/images/{item.pk}/trace/")


def test_the_page_shows_each_stage_with_its_times(client, line):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    item = examine(line, "A-1", ms=40.0, took_s=0.5, failed=(Stage.PREDICT,))
    settle(item, Verdict.PASS, sequence=7, at=NOON + timedelta(seconds=2))
    answer = page(client, line, item)
    steps = {step.word: step for step in answer.context["steps"]}
    assert list(steps)[-1] == "To the line"
    assert (steps["Decode"].took_ms, steps["Route"].after_s, steps["To the line"].after_s) == (40, 0.5, 2)
    assert [word for word, step in steps.items() if step.has_failed] == ["Predict"]
    assert item.pk.hex in answer.content.decode()


def test_the_page_is_for_leads_of_the_line(client, line):
    item = examine(line, "A-1")
    client.force_login(make_user("ana"))
    assert page(client, line, item).status_code == 404


def test_what_a_worker_logs_names_the_trace_of_its_image(line):
    item, seen = examine(line, "A-1"), {}

    @app.task(name="tests.monitoring.look")
    def look(*, key: str) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    look(key=str(item.pk))
    assert seen["trace_id"] == item.pk.hex
    assert tracing.caller(tracing.traceparent(item.pk)) == item.pk.hex


@pytest.mark.parametrize(
    "header",
    ["", "00-abc", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'0' * 16}-01", f"zz-{'1' * 32}-{'1' * 16}-01"],
)
def test_a_header_that_names_no_trace_is_none(header):
    assert tracing.caller(header) is None


def test_a_caller_s_trace_stands_in_the_log_lines_of_its_request():
    seen = {}

    def answer(_request):
        seen.update(structlog.contextvars.get_contextvars())
        return HttpResponse()

    sent = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    with structlog.contextvars.bound_contextvars(caller_trace_id=None):
        caller_trace(answer)(RequestFactory().get("/fleet/", headers=sent))
    assert seen["caller_trace_id"] == "a" * 32
