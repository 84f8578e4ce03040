"""A worker keeps its connection to the database from one task to the next, and finds a new one where it broke."""

import pytest
from celery import signals
from celery.app.trace import build_tracer
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from config.celery import app
from inspection.models import Line

pytestmark = pytest.mark.django_db(transaction=True)


@app.task(name="tests.inspection.count_lines")
def count_lines() -> tuple[int, int]:
    return Line.objects.count(), id(connection.connection)


@pytest.fixture
def look():
    """A task as a worker runs it: how many lines there are, over which connection."""
    fixup = DjangoWorkerFixup(app)
    fixup.install()
    trace = build_tracer(count_lines.name, count_lines, app=app)
    yield lambda: trace("id", (), {}, request={}).retval
    signals.task_prerun.disconnect(fixup.on_task_prerun)
    signals.task_postrun.disconnect(fixup.on_task_postrun)
    signals.worker_process_init.disconnect(fixup.on_worker_process_init)


def test_a_task_finds_the_connection_of_the_one_before(look, monkeypatch):
    closed = []
    # Another test may have opened it longer ago than a connection is kept.
    monkeypatch.setattr(connection, "close_at", None)
    monkeypatch.setattr(connection, "close", lambda: closed.append(1))
    assert look() == look()
    assert closed == []


def test_a_task_finds_a_new_connection_where_the_old_one_broke(look):
    if connection.vendor != "postgresql":
        pytest.skip("What runs in the process does not go away.")
    look()
    connection.connection.close()
    assert look()[0] == 0
