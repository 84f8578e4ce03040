"""The audit log as a page and as a file."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from inspection.models import Line
from review import audit_log, log_words, spreadsheets
from review.audit_log import ACTIONS, Asked
from review.permissions import line_for_leads

COLUMNS = ("at", "who", "action", "thing", "change", "reason")


@login_required
@require_GET
def log_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest hundred deeds on a line; a link leads to the older ones."""
    line = line_for_leads(request.user, slug)
    asked = _asked(request)
    found = audit_log.page(line, asked)
    filters = {"action": asked.action, "who": asked.who}
    words = action_words()
    classes = line.class_names()
    context = {
        "line": line,
        "asked": asked,
        "rows": [(log_words.in_words(entry, classes), words[entry.action]) for entry in found.entries],
        "actions": words,
        "query": urlencode(filters),
        "older": urlencode({**filters, "before": found.older.isoformat()}) if found.older else "",
    }
    return render(request, "review/log.html", context)


@login_required
@require_GET
def log_rows(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The log as CSV with the same filter, streamed to its very beginning."""
    line = line_for_leads(request.user, slug)
    return spreadsheets.download(f"log-{line.slug}", COLUMNS, _rows(line, _asked(request)))


def _rows(line: Line, asked: Asked) -> Iterator[dict[str, Any]]:
    return (asdict(entry) for entry in audit_log.entries(line, asked))


def _asked(request: HttpRequest) -> Asked:
    """Return the filter of the address; what cannot be read asks for nothing."""
    action = request.GET.get("action", "")
    return Asked(
        action=action if action in ACTIONS else "",
        who=request.GET.get("who", "").strip()[:150],
        before=_moment(request.GET.get("before", "")),
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def action_words() -> dict[str, str]:
    return {
        "level": _("level moved"),
        "proposed": _("step up proposed"),
        "approved": _("step up approved"),
        "offline": _("station decides offline"),
        "waiver_asked": _("waiver asked for"),
        "waiver_signed": _("waiver signed"),
        "freeze": _("promotions frozen"),
        "thaw": _("promotions let go on"),
        "hold": _("hold placed"),
        "lift": _("hold lifted"),
        "bands": _("bands put in force"),
        "model": _("models changed"),
        "training": _("training asked for"),
        "retraining": _("training by itself set"),
        "scope": _("scope signed"),
        "ruling": _("ruling given"),
        "correction": _("call corrected"),
        "containment": _("containment opened"),
        "containment_closed": _("containment closed"),
        "contained": _("contained part closed"),
        "lot": _("lot released"),
        "export": _("data exported"),
        "alarm_rule": _("alarm set"),
        "role": _("role granted"),
        "role_ended": _("role ended"),
    }
