"""What every page of a line has in common, walked over all addresses: a new page cannot leave it out."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from inspection.models import Hold, Membership, User
from inspection.rules.words import Role
from review import audit_log
from tests.builders import NOON, make_line, make_user
from tests.review.scene import later, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

# What the heaviest page may ask the database. The log of a line asks each kind of deed once, and is its own case.
STATEMENTS_MAX = {"log": len(audit_log.ACTIONS) + 17}
STATEMENTS_MAX_ELSEWHERE = 46
STATEMENTS_OF_ADMIN_MAX = 14
# The loop belongs to inspectors, who stop nothing; the others are parts of a page, fetched again and again.
OTHERS = {"review", "simulated-now", "exports"}


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
def line(settings, tmp_path):
    settings.DEMO, settings.DATA = True, tmp_path
    return make_watched_line(is_demo=True)


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


def read_on(line, first, count):
    """Have so many more parts read on which the model agrees."""
    reader = User.objects.filter(username="ana").first() or make_user("ana")
    for n in range(first, first + count):
        read(make_task(line, f"A-{n}", at=later(10 * n)), reader, at=later(10 * n))


def asked_by(client, line):
    """Return how many statements each page of the line takes."""
    taken = {}
    for name in sorted(page_names()):
        with CaptureQueriesContext(connection) as caught:
            response = client.get(reverse(name, kwargs={"slug": line.slug}))
        if response.status_code == 200:
            taken[name] = len(caught)
    return taken


def test_no_page_of_a_line_asks_more_for_a_longer_past(lead, line):
    read_on(line, 0, 30)
    asked_by(lead, line)
    short = asked_by(lead, line)
    read_on(line, 30, 15)
    long = asked_by(lead, line)
    assert {name: (short[name], n) for name, n in long.items() if n > short[name]} == {}
    assert {name: n for name, n in long.items() if n > STATEMENTS_MAX.get(name, STATEMENTS_MAX_ELSEWHERE)} == {}


def lists_of_the_admin():
    """Return the addresses of all lists of the admin, and of its front page."""
    [admin] = (one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "admin")
    found = (one for part in admin.url_patterns for one in getattr(part, "url_patterns", ()))
    lists = {f"admin:{one.name}" for one in found if (one.name or "").endswith("_changelist")}
    return ["/admin/", *sorted(map(reverse, lists))]


def asked_by_admin(client):
    """Return how many statements each list of the admin takes."""
    taken = {}
    for address in lists_of_the_admin():
        with CaptureQueriesContext(connection) as caught:
            answer = client.get(address)
        if answer.status_code == 200:
            taken[address] = len(caught)
    return taken


def test_no_list_of_the_admin_asks_more_for_a_longer_past(client, line):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR, is_staff=True))
    read_on(line, 0, 3)
    asked_by_admin(client)
    short = asked_by_admin(client)
    read_on(line, 3, 12)
    long = asked_by_admin(client)
    assert {name: (short[name], n) for name, n in long.items() if n > short[name]} == {}
    assert {name: n for name, n in long.items() if n > STATEMENTS_OF_ADMIN_MAX} == {}
    assert len(long) > 20


def test_the_walk_finds_the_pages(lead, line):
    seen = {name for name, _ in pages(lead, line)}
    assert {"agreement", "automation", "bands", "bank", "containment", "drift", "plan", "receipts", "simulated"} <= seen


def test_a_browser_that_asks_for_an_icon_by_habit_gets_one(client):
    assert client.get("/favicon.ico")["Location"].endswith("favicon.svg")


def test_the_admin_names_its_tables_in_the_readers_language(client, line):
    client.force_login(make_user("admin", role=Role.ADMINISTRATOR, language="ko", is_staff=True, is_superuser=True))
    html = client.get("/admin/", headers={"accept-language": "ko"}).content.decode()
    assert "불량 종류" in html
    assert "classs" not in html


def test_the_sidebar_offers_rulings_only_to_those_who_may_rule(client, lead, line):
    address = reverse("adjudications", kwargs={"slug": line.slug})
    page = reverse("agreement", kwargs={"slug": line.slug})
    assert f'href="{address}"' in lead.get(page).content.decode()
    admin = make_user("admin", role=Role.ADMINISTRATOR, line=line)
    elsewhere = make_line("phone-back")
    Membership.objects.create(user=admin, line=elsewhere, role=Role.QA_LEAD.value, is_founding=True, granted_at=NOON)
    client.force_login(admin)
    html = client.get(page).content.decode()
    assert f'href="{address}"' not in html


def test_the_sidebar_unfolds_the_group_of_the_page_that_is_shown(lead, line):
    html = lead.get(reverse("receipts", kwargs={"slug": line.slug})).content.decode()
    groups = html.partition('<div class="mobile-bar">')[0].split('<details class="pages"')[1:]
    unfolded = [group for group in groups if group.startswith(" open>")]
    assert len(groups) == 4
    assert [reverse("receipts", kwargs={"slug": line.slug}) in group for group in unfolded] == [True]
