"""What is answered where too many wrong passwords were given: a page to people, a problem to programs."""

from typing import Any

from axes.helpers import get_cool_off
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inspection.api.problems import Problem, answer


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """Tell when the next attempt may be made. Called by django-axes."""
    wait = get_cool_off(request)
    seconds = int(wait.total_seconds()) if wait else 0
    if request.path.startswith("/api/"):
        return answer(request, Problem("rate-limited", retry_after_s=seconds))
    page = render(request, "account/locked.html", {"cooloff_timedelta": wait}, status=429)
    page["Retry-After"] = str(seconds)
    return page
