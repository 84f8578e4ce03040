"""The audit log as a page and as a file."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line
from inspection.permissions import may_inspect
from review import audit_log, chain_checks, downloads, log_words
from review.audit_log import ACTIONS, Asked, Entry
from review.chain_models import ChainCheck
from review.permissions import PersonRequest, line_for_leads

COLUMNS = ("at", "who", "role", "action", "thing", "change", "reason", "receipt")


@login_required
@require_GET
def log_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest hundred deeds on a line; a link leads to the older ones."""
    line = line_for_leads(request.user, slug)
    asked = _asked(request, line)
    found = audit_log.page(line, asked)
    filters = {"action": asked.action, "who": asked.who}
    words = action_words()
    classes = line.class_names()
    check, awaited = chain_checks.of(line, now=now())
    context = {
        "line": line,
        "asked": asked,
        "rows": [_row(log_words.in_words(entry, classes), words, check) for entry in found.entries],
        "check": check,
        "awaited": awaited,
        "actions": words,
        "query": urlencode(filters),
        "older": urlencode({**filters, "before": found.older.isoformat()}) if found.older else "",
    }
    return render(request, "review/log.html", context)


@login_required
@require_POST
def verify(request: PersonRequest, slug: str) -> HttpResponse:
    """Ask for a walk over the line's chain of receipts."""
    line = line_for_leads(request.user, slug)
    chain_checks.ask(line, by=request.user, now=now())
    return redirect("log", slug)


@login_required
@require_GET
def log_rows(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The log as CSV with the same filter, streamed to its very beginning."""
    line = line_for_leads(request.user, slug)
    return downloads.table(request, line, f"log-{line.slug}", COLUMNS, _rows(line, _asked(request, line)))


def _rows(line: Line, asked: Asked) -> Iterator[dict[str, Any]]:
    return (asdict(entry) for entry in audit_log.entries(line, asked))


def _row(entry: Entry, words: dict[str, str], check: ChainCheck | None) -> dict[str, Any]:
    """Return one entry for the page, with how its receipt stood in the last walk over the chain."""
    return {
        "entry": entry,
        "word": words[entry.action],
        "is_verified": check is not None and entry.receipt is not None and check.covers(entry.receipt),
        "is_broken": check is not None and entry.receipt is not None and entry.receipt == check.bad_receipt,
    }


def _asked(request: HttpRequest, line: Line) -> Asked:
    """Return the filter of the address; what cannot be read asks for nothing."""
    action = request.GET.get("action", "")
    return Asked(
        action=action if action in ACTIONS else "",
        who=request.GET.get("who", "").strip()[:150],
        before=_moment(request.GET.get("before", "")),
        with_sealed=not may_inspect(request.user, line),
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
        "changeover": _("changed over"),
        "station": _("station or key changed"),
        "waiver_asked": _("waiver asked for"),
        "waiver_signed": _("waiver signed"),
        "freeze": _("promotions frozen"),
        "thaw": _("promotions let go on"),
        "hold": _("hold placed"),
        "lift": _("hold lifted"),
        "bands": _("bands put in force"),
        "model": _("models changed"),
        "registered": _("model registered"),
        "training": _("training asked for"),
        "retraining": _("training by itself set"),
        "scope": _("scope signed"),
        "assist_style": _("what inspectors see changed"),
        "campaign": _("campaign announced or ended"),
        "gate_limits": _("gate limits set"),
        "golden": _("golden image set"),
        "ruling": _("ruling given"),
        "question": _("ruling asked for"),
        "correction": _("call corrected"),
        "finding": _("found later"),
        "bank_added": _("defect put in the bank"),
        "bank_confirmed": _("defect of the bank confirmed"),
        "bank_retired": _("defect of the bank retired"),
        "challenge_calendar": _("calendar of challenge parts set"),
        "challenge_part": _("challenge part marked"),
        "challenge_part_retired": _("challenge part retired"),
        "gold": _("known images set"),
        "gauge": _("gauge study started"),
        "gauge_stopped": _("gauge study stopped"),
        "risk": _("sheet of risks changed"),
        "setting": _("setting changed"),
        "planned": _("change planned"),
        "planned_withdrawn": _("planned change withdrawn"),
        "retro": _("version tried on the archive"),
        "certificate": _("certificate made"),
        "rollout": _("rollout moved"),
        "containment": _("containment opened"),
        "containment_closed": _("containment closed"),
        "contained": _("contained part closed"),
        "lot": _("lot released"),
        "export": _("data exported"),
        "download": _("file taken"),
        "gauge_download": _("sheet of a gauge study taken"),
        "alarm_rule": _("alarm set"),
        "role": _("role granted"),
        "role_ended": _("role ended"),
        "account": _("account opened or closed"),
    }
