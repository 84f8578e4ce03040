"""Small things every answer carries."""

import time
from collections.abc import Callable

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation

from inspection import permissions, sql, tracing
from inspection.api.problems import API, Problem, answer
from inspection.rules.words import Role
from monitoring import traffic

access = structlog.get_logger("config.access")

Handler = Callable[[HttpRequest], HttpResponse]

SAFE = {"GET", "HEAD", "OPTIONS"}
SIGNERS = {Role.QA_LEAD, Role.ADMINISTRATOR}
ENTRANCES = ("/accounts/", "/choose/", "/static/", "/set-up/", "/healthz", "/readyz", "/metrics")
PROBES = ("/healthz", "/readyz", "/metrics")
HAS_SECOND_FACTOR = "has_second_factor"


def roles_asked_once(get_response: Handler) -> Handler:
    """Look up a person's roles once for an answer that changes nothing: head, menu and page all ask for them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE:
            return get_response(request)
        with permissions.asked_once():
            return get_response(request)

    return middleware


def head_without_body(get_response: Handler) -> Handler:
    """Answer HEAD with the headers of GET alone, as the server would have it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.content = b""
        return response

    return middleware


def counted(get_response: Handler) -> Handler:
    """Count each request with its status, its time, and the longest that one of its writes waited. Probes are none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in PROBES:
            return get_response(request)
        began = time.perf_counter()
        with sql.timed_writes() as waits:
            response = get_response(request)
        is_asked_to_wait = "wait=" in request.META.get("QUERY_STRING", "")
        took = None if is_asked_to_wait else time.perf_counter() - began
        waited = max(waits, default=None)
        traffic.note(traffic.Answer(status=response.status_code, took_s=took, waited_s=waited))
        return response

    return middleware


def patient_forms(get_response: Handler) -> Handler:
    """Let a person's form wait for a busy database: nothing typed is lost. A station hears soon and tries again."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in SAFE or request.path.startswith(API):
            return get_response(request)
        with sql.patience(settings.FORM_WAIT_S):
            return get_response(request)

    return middleware


def person_language(get_response: Handler) -> Handler:
    """Let a signed-in person's choice of language win over the browser's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if not language:
            return get_response(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            return get_response(request)

    return middleware


def nothing_cached(get_response: Handler) -> Handler:
    """Keep signed-in pages out of every cache: the back button after sign-out shows nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def caller_trace(get_response: Handler) -> Handler:
    """Let the log lines of a request name the trace that its caller is in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        trace = tracing.caller(request.headers.get(tracing.HEADER, ""))
        if trace is not None:
            structlog.contextvars.bind_contextvars(caller_trace_id=trace)
        return get_response(request)

    return middleware


def access_line(get_response: Handler) -> Handler:
    """Write one line for each request, without its query. Ids stand in the context, an image's trace in the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        if request.path not in PROBES:
            trace = tracing.caller(response.get(tracing.HEADER, ""))
            ids = {"trace_id": trace} if trace else {}
            ms = round((time.perf_counter() - began) * 1000, 1)
            access.info("request", method=request.method, path=request.path, status=response.status_code, ms=ms, **ids)
        return response

    return middleware


def second_factor(get_response: Handler) -> Handler:
    """Outside the demo, leads and administrators set up a second factor before they do anything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _owes_second_factor(request):
            return get_response(request)
        if request.path.startswith(API):
            return answer(request, Problem("second-factor-required"))
        return redirect("mfa_activate_totp")

    return middleware


def _owes_second_factor(request: HttpRequest) -> bool:
    if not settings.SECOND_FACTOR_REQUIRED or not request.user.is_authenticated:
        return False
    # Asked again once somebody opened another way into the account: the factor may have been removed.
    asked_of = str(request.user.let_in_at)
    if request.path.startswith(ENTRANCES) or request.session.get(HAS_SECOND_FACTOR) == asked_of:
        return False
    has_one = is_mfa_enabled(request.user)
    if has_one:
        request.session[HAS_SECOND_FACTOR] = asked_of
    return not has_one and bool(permissions.roles_of(request.user) & SIGNERS)
