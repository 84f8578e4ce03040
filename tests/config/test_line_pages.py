"""What every page of a line has in common, walked over all addresses: a new page cannot leave it out."""

import pytest
from django.urls import get_resolver, reverse

from inspection.models import Hold
from inspection.rules.words import Role
from tests.builders import NOON, make_user
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db

# The loop belongs to inspectors, who stop nothing.
OTHERS = {"review"}


def page_names(patterns=None):
    """Return the names of all addresses outside the admin and the API that name a line and nothing else."""
    found = set()
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            if pattern.app_name != "admin":
                found |= page_names(pattern.url_patterns)
        elif pattern.name and not pattern.name.startswith("api-") and set(pattern.pattern.converters) == {"slug"}:
            found.add(pattern.name)
    return found - OTHERS


@pytest.fixture
def line():
    return make_watched_line()


@pytest.fixture
def lead(client):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    return client


def pages(client, line):
    """Yield the name and the text of every page of the line that can be opened."""
    for name in sorted(page_names()):
        response = client.get(reverse(name, kwargs={"slug": line.slug}))
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            yield name, response.content.decode()


def test_stop_stands_in_the_head_of_every_page_of_a_line(lead, line):
    without = [name for name, html in pages(lead, line) if 'data-hold="1000"' not in html.partition("</header>")[0]]
    assert without == []


def test_every_page_of_a_stopped_line_says_so_and_offers_no_second_stop(lead, line):
    Hold.objects.create(line=line, kind=Hold.STOP, reason="glare", placed_at=NOON)
    for name, html in pages(lead, line):
        assert "Everything goes to people." in html, name
        assert 'data-hold="1000"' not in html, name


def test_the_walk_finds_the_pages(lead, line):
    seen = {name for name, _ in pages(lead, line)}
    assert {"agreement", "automation", "bands", "bank", "containment", "drift", "plan", "receipts"} <= seen


def test_a_browser_that_asks_for_an_icon_by_habit_gets_one(client):
    assert client.get("/favicon.ico")["Location"].endswith("favicon.svg")


def test_the_admin_names_its_tables_in_the_readers_language(client):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR, language="ko", is_staff=True, is_superuser=True))
    html = client.get("/admin/", headers={"accept-language": "ko"}).content.decode()
    assert "불량 종류" in html
    assert "classs" not in html
