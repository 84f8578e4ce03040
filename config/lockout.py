"""What is answered where too many passwords were given, wrong ones or any: a page to people, a problem to programs."""

from typing import Any

from allauth.account.adapter import get_adapter
from axes.helpers import get_cool_off
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inspection.api.problems import Problem, answer

# Django-allauth counts by the minute at each of its doors that gives this page.
RATED_BY_S = 60


def address_of(request: HttpRequest) -> str | None:
    """Return the address that both counts of attempts go by: the client's, as the outermost trusted proxy saw it."""
    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:
        # A command signs somebody in from nowhere; a door for people has been refused before.
        return None


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """Tell when the next attempt may be made. Called by django-axes."""
    wait = get_cool_off(request)
    seconds = int(wait.total_seconds()) if wait else 0
    if request.path.startswith("/api/"):
        return answer(request, Problem("rate-limited", retry_after_s=seconds))
    page = render(request, "account/locked.html", {"cooloff_timedelta": wait}, status=429)
    page["Retry-After"] = str(seconds)
    return page


def too_many(request: HttpRequest) -> HttpResponse:
    """Tell that one address asked too often within a minute. Called by django-allauth, at doors for people alone."""
    page = render(request, "429.html", status=429)
    page["Retry-After"] = str(RATED_BY_S)
    return page
