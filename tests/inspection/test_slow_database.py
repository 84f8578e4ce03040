"""F08: a database that is slow or locked holds nobody up. Only PostgreSQL can be asked to end a statement."""

import os
import threading
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from config.service_urls import database_of
from inspection.models import Item
from tests.inspection.doors import assert_refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hurried(transactional_db):
    """Connect anew with limits of seconds, as a process does that is told so."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite runs in the process that asks: nobody else could end a statement (DATABASE_URL)")
    options = connection.settings_dict["OPTIONS"]
    connection.close()
    hurried = database_of(os.environ["DATABASE_URL"], wait_s=1, statement_s=2)
    connection.settings_dict["OPTIONS"] = {**options, **hurried["OPTIONS"]}
    yield
    connection.close()
    connection.settings_dict["OPTIONS"] = options


@contextmanager
def locked(table: str):
    """Hold a table on a connection of its own, as a stuck migration would."""
    has_it, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; LOCK TABLE {table}")
            has_it.set()
            enough.wait(timeout=300)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert has_it.wait(timeout=60)
    try:
        yield
    finally:
        enough.set()
        holder.join()


def test_a_statement_that_would_run_for_minutes_is_ended():
    with pytest.raises(OperationalError, match="statement timeout"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(120)")
    assert Item.objects.count() == 0


def test_an_image_that_meets_a_locked_table_is_refused_in_time_and_comes_in_later(device):
    with locked("inspection_item"):
        response = device.post(key="k-1")
    assert_refused(response, 503, "database-unavailable")
    assert response.headers["Retry-After"] == "5"
    assert device.post(key="k-1").status_code == 202
    assert Item.objects.count() == 1
