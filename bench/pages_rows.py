"""The line, the people and the addresses for `bench.pages`. Needs a set-up Django."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils.timezone import now as clock

from bench import export_rows, floor_rows
from inspection.models import Item, Line, Membership, User
from inspection.rules.words import Role
from review.management.commands.fill import READERS

WAITING = 200
# What the parts of a page fetch again and again, and what is no page.
OTHERS = {"favicon", "choose", "prometheus", "healthz", "readyz"}


@dataclass(frozen=True)
class Reader:
    """Who opens a page: a name and the cookie of a session."""

    name: str
    cookie: str


@dataclass(frozen=True)
class Address:
    name: str
    path: str
    reader: Reader


def lay(slug: str, *, decisions: int) -> None:
    """Make a line that a model watches, with so many decisions and some that wait."""
    floor_rows.lay([f"{slug}:shadow:1"])
    call_command("fill", slug, waiting=WAITING, decided=decisions, seed=1)
    line = Line.objects.get(slug=slug)
    for name in READERS:
        _give(User.objects.get(username=name), Role.INSPECTOR, line)
    admin = User.objects.create_user("admin", "admin@floor.invalid", floor_rows.PASSWORD, is_staff=True)
    _give(admin, Role.ADMINISTRATOR, None)


def addresses(slug: str) -> list[Address]:
    """Return every page, list and report that a person can open, each with who opens it."""
    quinn, reader, admin = (_reader(name) for name in ("quinn", READERS[0], "admin"))
    item = Item.objects.filter(line__slug=slug).order_by("pk")[0]
    named = [
        *((name, {"slug": slug}, quinn) for name in _names({"slug"})),
        *((name, {}, quinn) for name in _names(set())),
        *((name, {}, admin) for name in _lists_of_admin()),
        ("data-item", {"slug": slug, "pk": item.pk}, quinn),
        ("line-image", {"slug": slug, "pk": item.pk}, quinn),
        ("inspector", {"slug": slug, "username": READERS[0]}, quinn),
        ("mine", {}, reader),
        ("queue-choice", {}, reader),
        ("review", {"slug": slug}, reader),
    ]
    found = [Address(name, reverse(name, kwargs=kwargs), who) for name, kwargs, who in named]
    return [*found, *_searches(slug, quinn)]


def statements(address: Address) -> int | None:
    """Count what a page asks the database; None where the address is no page that this person can open."""
    client = Client(HTTP_HOST="localhost")
    client.cookies["sessionid"] = address.reader.cookie
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(address.path)
    is_page = answer.status_code == 200 and answer["Content-Type"].startswith(("text/html", "application/pdf"))
    return len(caught) if is_page and not answer.streaming else None


def _give(user: User, role: Role, line: Line | None) -> None:
    Membership.objects.create(user=user, line=line, role=role.value, is_founding=True, granted_at=clock())


def _reader(name: str) -> Reader:
    return Reader(name, export_rows.session_of(User.objects.get(username=name)))


def _names(needs: set[str]) -> list[str]:
    return sorted({name for name, converters in _patterns() if converters == needs} - OTHERS)


def _patterns(patterns: Any = None) -> Iterator[tuple[str, set[str]]]:
    """Yield the names of the product's own pages with what each wants to know."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if not hasattr(pattern, "url_patterns"):
            if pattern.name and not pattern.name.startswith(("api-", "account_", "mfa_")):
                yield pattern.name, set(pattern.pattern.converters)
        elif pattern.app_name != "admin" and not str(pattern.pattern).startswith(("api/", "accounts/")):
            yield from _patterns(pattern.url_patterns)


def _lists_of_admin() -> list[str]:
    [admin] = (one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "admin")
    return [
        f"admin:{one.name}" for part in admin.url_patterns for one in getattr(part, "url_patterns", ()) if _is_list(one)
    ]


def _is_list(pattern: Any) -> bool:
    return bool(pattern.name) and pattern.name.endswith("_changelist")


def _searches(slug: str, reader: Reader) -> list[Address]:
    """The data page behind the cells of the report, and where a search finds nothing."""
    address = reverse("data", args=[slug])
    asked = ("disagree:yes", "model:pass+truth:defect", "class:scratch", "score:0.4..0.6", "inspector:fill-1", "F00")
    return [Address(f"data {words}", f"{address}?q={words}", reader) for words in asked]
