"""Which addresses are pages, who opens each, and where what an address needs is found: nothing can be forgotten.

The list comes from the product's own addresses. What answers POST alone is a deed and no page; what else is no page is
listed with its reason. An address that needs more than a line (the number of an alarm, an image) is the first link of
its kind on another page. A page that is neither given a reader nor a reason fails `tests/config/test_ui_pages.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, get_resolver, resolve, reverse

EMPTY = "sent empty"
NOBODY, READER, LEAD, ADMIN = "", "ana", "quinn", "admin"
PEOPLE = (NOBODY, READER, LEAD, ADMIN)
# Addresses of one line are opened on the one that a model decides for, where nothing else is said.
LINE = "phone-back"

NO_PAGES = {
    "a file or a picture": {
        "agreement-paper", "containment-rows", "data-image", "data-rows", "data-thumbnail", "data-tile", "export",
        "gauge-rows",
        "golden-picture", "limit-picture", "limit-thumbnail", "line-image", "log-rows", "mfa_download_recovery_codes",
        "practice-image", "practice-tile", "receipt-code", "savings-rows", "training-snapshot-rows", "",
    },
    "what a page fetches again and again": {"exports", "holds", "simulated-now", "training-now"},
    "for machines": {"prometheus", "healthz", "readyz"},
    "a step of another page, gone once it is taken or asked too early": {
        "account_confirm_email", "account_confirm_login_code", "account_email_verification_sent",
        "account_reset_password_from_key", "account_reset_password_from_key_done", "account_set_password",
        "account_signup", "mfa_authenticate", "mfa_deactivate_totp", "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes", "mfa_reauthenticate", "set-up",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """Who opens a page, on which line, and on which page a link to it stands where its address needs more."""

    person: str = LEAD
    line: str = LINE
    on: str = ""


OF_A_LEAD, OF_ADMIN = Visit(), Visit(ADMIN)
PAGES = {
    # Before anybody has signed in.
    **dict.fromkeys(
        ("account_login", "account_inactive", "account_reset_password", "account_reset_password_done"), Visit(NOBODY)
    ),
    # Of an inspector.
    **dict.fromkeys(("queue-choice", "mine", "preferences"), Visit(READER)),
    **dict.fromkeys(("review", "session", "practice"), Visit(READER, "phone-glass")),
    # Of everybody, and of the product.
    **dict.fromkeys(("account_change_password", "account_email", "account_logout", "account_reauthenticate"), Visit()),
    **dict.fromkeys(("mfa_index", "mfa_activate_totp", "components", "demo", "problems", "api-docs"), Visit()),
    "problem": Visit(on="problems"),
    # Of a lead, on a line.
    **dict.fromkeys(
        (
            "adjudications", "automation", "bands", "bank", "challenges", "changeover", "containment", "data",
            "differences", "drift", "findings", "gauge", "golden", "inspectors", "line-images", "log",
            "loop", "metrics", "monitor", "plan", "receipts", "risk-add", "rollouts", "savings", "scope",
            "scope-classes", "scope-limits", "scope-targets", "scope-today", "simulated", "training",
            "training-line-errors", "line-new", "fleet", "alarms", "models",
        ),
        OF_A_LEAD,
    ),
    "agreement": Visit(line="phone-frame"),
    "adjudication": Visit(line="phone-glass", on="adjudications"),
    "alarm": Visit(on="alarms"),
    "candidate": Visit(on="rollouts"),
    "data-item": Visit(on="data"),
    "drift-embedding": Visit(on="drift"),
    "drift-mark": Visit(on="drift"),
    "drift-window": Visit(on="drift"),
    "inspector": Visit(on="inspectors"),
    "metric": Visit(on="metrics"),
    "metric-prune": Visit(on="risk"),
    "model": Visit(on="models"),
    "receipt": Visit(on="receipts"),
    "risk": Visit(on="plan"),
    "trace": Visit(on="receipt"),
    "training-errors": Visit(on="training"),
    "training-job": Visit(on="training"),
    "training-snapshot": Visit(on="training"),
    # Of an administrator.
    **dict.fromkeys(("people", "stations", "channels", "alarm-runbook"), OF_ADMIN),
    "person": Visit(ADMIN, on="people"),
    # Django's own pages: each list and each form is made alike, so the ones that the product has changed stand for all.
    **dict.fromkeys(("admin:index", "admin:inspection_line_changelist"), OF_ADMIN),
    "admin:inspection_line_change": Visit(ADMIN, on="admin:inspection_line_changelist"),
}  # fmt: skip
# The same page as others find it, and pages that nobody should see: each with who opens it.
STATES = {
    "/": LEAD,
    "/models/": ADMIN,
    "/no/such/page/": LEAD,
    "/people/": LEAD,
    f"/lines/{LINE}/data/?q=nothing-like-it": LEAD,
    f"/lines/{LINE}/data/?q=disagree:yes": LEAD,
    "/lines/phone-frame/data/": LEAD,
    "/lines/phone-glass/agreement/": LEAD,
}
# Pages whose first form is sent as it stands, empty: every error is said. What would be valid so is not among them.
SENT_EMPTY = {
    "/accounts/login/": NOBODY,
    "/lines/new/": LEAD,
    f"/lines/{LINE}/bank/": LEAD,
    f"/lines/{LINE}/changeover/": LEAD,
    f"/lines/{LINE}/scope/classes/": LEAD,
    "/people/": ADMIN,
    "/models/": ADMIN,
}


def names() -> set[str]:
    """Return the name of every address that is no deed: neither of the API nor of Django's own pages."""
    return set(_names(get_resolver().url_patterns))


def forgotten() -> set[str]:
    """Return the addresses that nobody opens though no reason is given."""
    return names() - set(PAGES) - set().union(*NO_PAGES.values())


def addresses(person: str, links: Callable[[str], list[str]]) -> Iterator[tuple[str, str]]:
    """Yield each page of a person with its address, empty where no link leads there. `links` tells those of a page."""
    for name, visit in PAGES.items():
        if visit.person == person:
            yield name, _address(name, links)
    yield from ((f"{path} as {person}", path) for path, who in STATES.items() if who == person)
    yield from ((f"{path} {EMPTY}", path) for path, who in SENT_EMPTY.items() if who == person)


def _address(name: str, links: Callable[[str], list[str]], *, line: str = "") -> str:
    """Return where a page stands, on a line of its own or on that of the page which is looked for from there."""
    visit = PAGES[name]
    if not visit.on:
        own = visit.line if line in ("", LINE) else line
        return reverse(name, kwargs={"slug": own} if name in of_lines() else {})
    on = _address(visit.on, links, line=visit.line)
    found = (link for link in links(on) if _is(link, name))
    return next(found, "")


def _is(link: str, name: str) -> bool:
    try:
        return resolve(urlsplit(link).path).view_name == name
    except Resolver404:
        return False


def of_lines() -> set[str]:
    """Return the addresses that need a line and nothing else."""
    return {
        pattern.name for pattern in _own(get_resolver().url_patterns) if set(pattern.pattern.converters) == {"slug"}
    }


def _names(patterns: list[Any]) -> Iterator[str]:
    for pattern in _own(patterns):
        if "POST" not in (_methods(pattern.callback) or ()) or "GET" in _methods(pattern.callback):
            yield pattern.name or ""


def _own(patterns: list[Any]) -> Iterator[Any]:
    """Yield the addresses that are for people: not the API's, whose answers are no pages, and not Django's own."""
    for pattern in patterns:
        if not hasattr(pattern, "url_patterns"):
            if not str(pattern.pattern).startswith("api/v1/"):
                yield pattern
        elif getattr(pattern, "app_name", "") != "admin" and not str(pattern.pattern).startswith("api/v1/"):
            yield from _own(pattern.url_patterns)


def _methods(view: Any) -> list[str]:
    """Return the methods that Django's `require_...` lets through; they are kept in its closure alone."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            kept = cell.cell_contents
            if (
                isinstance(kept, list | tuple)
                and kept
                and set(kept) <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
            ):
                return list(kept)
        view = getattr(view, "__wrapped__", None)
    return []
