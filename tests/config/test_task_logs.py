"""A worker's log lines name the task and what it works on."""

from contextlib import suppress
from uuid import UUID

import pytest
import structlog

from config import relay
from config.celery import app
from inspection import tracing
from inspection.models import Outbox
from tests.builders import NOON

IMAGE = UUID("0193a2b4-0000-7000-8000-00000000002a")


def test_what_a_task_logs_names_the_task_and_its_item():
    seen = {}

    @app.task(name="tests.config.speak")
    def speak(*, key: str) -> None:
        seen.update(structlog.contextvars.get_contextvars())

    speak(key="0193")
    assert seen == {"task": "tests.config.speak", "key": "0193"}
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_each_task_leaves_one_line_with_the_trace_of_its_image(caplog, outcome):
    caplog.set_level("INFO", "config")

    @app.task(name=f"tests.config.end_{outcome}")
    def end(*, key: str) -> None:
        if outcome == "failed":
            raise ValueError(key)

    with suppress(ValueError):
        end(key=str(IMAGE))
    (line,) = [one.msg for one in caplog.records]
    assert (line["event"], line["outcome"], line["task"]) == ("task", outcome, f"tests.config.end_{outcome}")
    assert line["trace_id"] == tracing.trace_id(IMAGE)


def test_the_relay_names_the_trace_of_the_image_that_it_wakes_a_worker_for(caplog, monkeypatch):
    caplog.set_level("INFO", "config")
    monkeypatch.setattr(app, "send_task", lambda *_args, **_kwargs: None)
    row = Outbox(pk=1, topic="item.received", key=str(IMAGE))
    assert relay.send_due([row], now=NOON) == [1]
    (line,) = [one.msg for one in caplog.records]
    assert (line["event"], line["topic"], line["trace_id"]) == ("woken", "item.received", tracing.trace_id(IMAGE))
