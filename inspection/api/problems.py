"""RFC 9457 problem bodies: one shape for every refusal under /api/v1."""

import logging
import re
import sys
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import translation
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions

from inspection import batches, images, intake, rates, uploads
from inspection.api.catalogue import CATALOGUE
from vision.header import ImageRefused
from vision.model_files import ModelRefused

logger = logging.getLogger(__name__)

API = "/api/"
RETRY_AFTER_S = 5
DATABASE_TROUBLE = (OperationalError, InterfaceError)


class Problem(Exception):
    """A refusal with a code of the catalogue. `errors` point into the body, `extra` adds members to the answer."""

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        errors: Iterable[Mapping[str, str]] = (),
        retry_after_s: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.retry_after_s = retry_after_s
        self.extra = dict(extra or {})


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer what a door may raise; None (and so a 500, logged once) for what nobody foresaw."""
    problem = problem_of(error)
    if problem is None:
        return None
    if CATALOGUE[problem.code].status >= 500:
        logger.error("Unable to serve: %s", problem.code, exc_info=error)
    response = answer(context["request"], problem)
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response


def problem_of(error: BaseException | None) -> Problem | None:
    """Say which problem an exception is, None when it is none of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ImageRefused | ModelRefused):
        return Problem(error.code, detail=_in_language(error.detail))
    if isinstance(error, rates.RateExceeded):
        return Problem("rate-limited", retry_after_s=error.retry_after_s)
    if isinstance(error, exceptions.ValidationError):
        return _validation(error)
    if isinstance(error, DATABASE_TROUBLE):
        full = "disk is full" in str(error)
        return Problem("storage-full" if full else "database-unavailable", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, OSError) and error.errno in images.FULL:
        return Problem("storage-full", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, UnreadablePostError):
        return _unreadable(error.__cause__)
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)
    if code is None:
        return None
    return Problem(code, retry_after_s=RETRY_AFTER_S if CATALOGUE[code].status >= 500 else None)


# The first that fits counts, so the narrower stands before the wider.
_CODES: dict[type[BaseException], str] = {
    intake.KeyReused: "idempotency-key-reused",
    intake.KeyRunning: "idempotency-running",
    intake.ScopeUnsigned: "scope-unsigned",
    batches.ArchiveUnreadable: "archive-unreadable",
    uploads.Busy: "server-busy",
    images.StorageFull: "storage-full",
    images.StorageUnavailable: "storage-unavailable",
    Http404: "not-found",
    PermissionDenied: "forbidden",
    exceptions.NotFound: "not-found",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.MethodNotAllowed: "method-not-allowed",
    exceptions.NotAcceptable: "not-acceptable",
    exceptions.UnsupportedMediaType: "unsupported-media-type",
    exceptions.ParseError: "bad-request",
    exceptions.Throttled: "rate-limited",
    RequestDataTooBig: "body-too-large",
    SuspiciousOperation: "bad-request",
}


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Write a problem as an answer. Nothing of what was sent comes back in it."""
    return _written(problem, origin=_origin(request), instance=_instance(request))


def answer_unread(code: str) -> HttpResponse:
    """Answer a request of which nothing is known: its head could not be read."""
    with translation.override(settings.LANGUAGE_CODE):
        return _written(Problem(code), origin=settings.PUBLIC_URL, instance="/")


def _unreadable(cause: BaseException | None) -> Problem:
    """Say why the server stopped reading a body: its seats for slow ones are taken, or its time was up."""
    if isinstance(cause, BlockingIOError):
        return Problem("server-busy", retry_after_s=RETRY_AFTER_S)
    return Problem("body-too-slow" if isinstance(cause, TimeoutError) else "body-incomplete")


def _written(problem: Problem, *, origin: str, instance: str) -> HttpResponse:
    entry = CATALOGUE[problem.code]
    body = {
        "type": f"{origin}/problems/{entry.code}",
        "title": str(entry.title),
        "status": entry.status,
        "detail": str(problem.detail or entry.cause),
        "instance": instance,
        "request_id": _request_id(),
        "code": entry.code,
        "errors": problem.errors,
        "retryable": entry.retryable,
        "retry_after_s": problem.retry_after_s,
        **problem.extra,
    }
    response = JsonResponse(body, status=entry.status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = get_language() or settings.LANGUAGE_CODE
    if problem.retry_after_s is not None:
        response["Retry-After"] = str(problem.retry_after_s)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_api(request):
        return answer(request, Problem("csrf-failed"))
    return defaults.permission_denied(request, PermissionDenied())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return answer(request, problem_of(exception) or Problem("bad-request"))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return answer(request, Problem("forbidden"))
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return answer(request, Problem("not-found"))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw; trouble with the database or the disk keeps its own status, on pages too."""
    problem = problem_of(sys.exc_info()[1]) or Problem("internal")
    if _is_api(request):
        return answer(request, problem)
    response = defaults.server_error(request)
    response.status_code = max(CATALOGUE[problem.code].status, 500)
    if problem.retry_after_s is not None:
        response["Retry-After"] = str(problem.retry_after_s)
    return response


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API)


def _validation(error: exceptions.ValidationError) -> Problem:
    errors = list(_pointed(error.detail, ""))
    unknown = all(entry["code"] == "unknown-field" for entry in errors)
    return Problem("unknown-field" if unknown else "validation", errors=errors)


def _pointed(detail: Any, pointer: str) -> Iterable[dict[str, str]]:
    """Yield the leaves of DRF's nested details, each with its JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{_escaped(str(name))}"
            yield from _pointed(inner, pointer + step)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _pointed(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        code = getattr(detail, "code", "invalid")
        yield {"pointer": pointer, "detail": str(_SENTENCES.get(code, detail)), "code": code}


# The framework's own sentences for these repeat what was sent.
_SENTENCES = {
    "invalid_choice": _("Not one of the allowed values."),
    "does_not_exist": _("There is no such row."),
}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _in_language(detail: str) -> str:
    """Return a refusal's own sentence, or nothing (and so the catalogue's) where it has no translation."""
    translated = gettext(detail)
    is_english = (get_language() or "en").startswith("en")
    return translated if is_english or translated != detail else ""


def _origin(request: HttpRequest) -> str:
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""


def _instance(request: HttpRequest) -> str:
    """Return the address up to its first variable part: an absent id and a foreign one read alike."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return "/api/v1/" if request.path.startswith("/api/v1/") else API
    return "/" + re.split(r"[<(]", match.route, maxsplit=1)[0]


def _request_id() -> str:
    bound = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    return bound if re.fullmatch(r"[A-Za-z0-9-]{8,64}", bound) else str(uuid.uuid4())
