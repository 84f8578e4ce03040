"""A worker shows that it lives, and its log lines name the task and what it works on."""

from contextlib import suppress
from time import monotonic
from types import SimpleNamespace
from uuid import UUID

import pytest
import structlog
from kombu import Connection
from kombu.asynchronous.timer import Timer

from config import relay
from config.celery import WarmUp, app
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


def test_what_waits_in_its_queue_is_sent_again_only_once_the_queue_is_empty(monkeypatch):
    broker = Connection("memory://")
    monkeypatch.setattr(relay, "_connection", lambda: broker)
    queue = broker.SimpleQueue("predict")
    queue.clear()
    sent = [Outbox(pk=n, topic="item.received", key=str(IMAGE), sent_at=NOON) for n in (1, 2)]
    never_sent = Outbox(pk=3, topic="item.received", key=str(IMAGE))
    for rows, lie_there in [(sent, 2), (sent, 2), ([*sent, never_sent], 3)]:
        assert relay.send_due(rows, now=NOON) == [row.pk for row in rows]
        assert queue.qsize() == lie_there
    queue.clear()
    relay.send_due(sent, now=NOON)
    assert queue.qsize() == 2


def test_a_worker_with_more_images_than_it_can_look_at_shows_itself_between_two(monkeypatch):
    timer, shown = Timer(), []
    # There is no connection to look after here.
    monkeypatch.setattr("config.celery.close_old_connections", lambda: None)
    monkeypatch.setattr("inspection.pipeline.warm_up", lambda: None)
    monkeypatch.setattr("monitoring.signs.show_worker", lambda: shown.append(monotonic()))
    monkeypatch.setattr(app.amqp.queues, "_consume_from", {"predict": app.amqp.queues["predict"]})
    WarmUp(object()).start(SimpleNamespace(timer=timer))
    assert len(shown) == 1
    (again,) = timer.queue
    again.entry()
    assert len(shown) == 2
    # Nobody sends it as work, which would wait behind the images.
    assert not [name for name, due in app.conf.beat_schedule.items() if due["options"]["queue"] == "predict"]
