"""The system's Chromium against the real server, with a database that its threads can share."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.loop import WITHIN_S, LoopPage
from tests.builders import make_user

# The sync driver runs an event loop in this thread; the tests' own queries are synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

HERE = Path(__file__).parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """Keep a SQLite test database in a file: threads with one in memory would share one connection."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("browser") / "test.sqlite3")


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed here.")
    expect.set_options(timeout=WITHIN_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, live_server):
    """Open a page as a person: `visit("/path/", person, theme="dark")`. Errors of scripts and of the policy fail."""
    contexts, faults = [], []

    def opened(path, person=None, *, theme="light", language="en-US", width=1440, height=900, context=None, **options):
        if context is None:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, locale=language, **options
            )
            contexts.append(context)
            if person is not None:
                context.add_cookies([_session_of(person, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(WITHIN_S * 1000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: "Content Security" in said.text and faults.append(said.text))
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def review(visit):
    """Open the review loop of a line as a person, with the first image on the screen."""

    def opened(line, person, **options):
        page = visit(f"/lines/{line.slug}/review/", person, **options)
        loop = LoopPage(page)
        loop.wait_until_ready()
        return loop

    return opened


@pytest.fixture
def ana(transactional_db):
    return make_user("ana")


def _session_of(person, url):
    client = Client()
    client.force_login(person)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
