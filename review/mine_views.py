"""What an inspector may look back on: the last twenty calls, and the way to say that one was wrong."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.permissions import person
from inspection.rules.words import Phase
from review import decisions
from review.decisions import DecisionInput, NotAmendable
from review.forms import AmendmentForm
from review.models import Decision, DecisionFate
from review.permissions import decisions_of

LISTED = 20


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """My last twenty calls, newest first: nobody else's, nothing of the model."""
    return _shown(request)


@login_required
@require_POST
def amend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say with a reason that a final call of mine was wrong."""
    original = get_object_or_404(decisions_of(person(request)).select_related("task__line"), pk=pk)
    form = AmendmentForm(request.POST, line=original.task.line, auto_id=_auto_id(original))
    if not form.is_valid():
        return _shown(request, faulty=(original, form), status=422)

    moment = now()
    facts: dict[str, Any] = {"shown_at": moment, "decided_at": moment, "view_ms": 0, "phase": Phase.FINAL}
    try:
        amendment = DecisionInput(decision_id=uuid4(), **form.call(), **facts)
        decisions.amend(pk, person=person(request), amendment=amendment, now=moment)
        messages.success(request, _("Kept. A QA lead sees both calls and rules."))
    except NotAmendable:
        messages.error(request, _("This call cannot be corrected here: undo it in the loop, or a lead already rules."))
    return redirect("mine")


def _shown(
    request: HttpRequest, *, faulty: tuple[Decision, AmendmentForm] | None = None, status: int = 200
) -> HttpResponse:
    """Show the calls; a correction that cannot be kept stands open at its own, as it was filled in."""
    beside = ("fate", "task__line", "task__item", "task__run__part")
    found = decisions_of(person(request)).select_related(*beside).prefetch_related("task__line__defect_classes")
    last = list(found.order_by("-recorded_at", "-pk")[:LISTED])
    rows = [_row(decision, last) for decision in last]
    if faulty:
        original, form = faulty
        rows = [{**row, "form": form} if row["form"] and row["decision"] == original else row for row in rows]
    return render(request, "review/mine.html", {"rows": rows, "faulty": faulty and faulty[1]}, status=status)


def _auto_id(decision: Decision) -> str:
    return f"{decision.pk}-%s"


def _row(decision: Decision, last: list[Decision]) -> dict[str, object]:
    """Return one call with its state; only a final one that was not corrected yet offers the form."""
    state = decision.fate.fate if hasattr(decision, "fate") else "provisional"
    corrected = any(
        one.task_id == decision.task_id and getattr(one, "fate", None) and one.fate.fate == DecisionFate.AMENDED
        for one in last
    )
    may_amend = state == DecisionFate.FINAL and not corrected
    line = decision.task.line
    return {
        "decision": decision,
        "state": state,
        "class_name": line.class_names().get(decision.defect_class, ""),
        "form": AmendmentForm(line=line, auto_id=_auto_id(decision)) if may_amend else None,
    }
