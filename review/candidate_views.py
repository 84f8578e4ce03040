"""A model beside the serving one asks for promotion: its own evidence at the line's own gate."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import GateEvaluation, Line, ModelVersion
from inspection.permissions import lines_for
from inspection.rules.ladder import Judgement
from inspection.rules.words import Role
from review import boards, candidates, first_minutes, sentences
from review.candidates import Candidate
from review.first_minutes import Try
from review.permissions import PersonRequest


@login_required
@require_POST
def ask(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for the promotion of one version: the gate is read on its evidence, and the answer kept."""
    line = _line(request, slug)
    reading = candidates.read(line, get_object_or_404(ModelVersion, pk=pk), now=now())
    if reading is None:
        raise Http404
    reading.keep(now=now())
    if settings.DEMO:
        first_minutes.keep(request.user, [Try.ASKED])
    return redirect("candidate", slug, pk)


@login_required
@require_GET
def candidate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What the gate answers a version, in one sentence, with every check behind it."""
    line = _line(request, slug)
    version = get_object_or_404(ModelVersion, pk=pk)
    reading = candidates.read(line, version, now=now())
    if reading is None:
        raise Http404
    names = line.class_names()
    asked = GateEvaluation.objects.filter(line=line, epoch=reading.line.epoch_id).order_by("-evaluated_at").first()
    agreement = next((check for check in reading.judgement.checks if check.stream == "agreement"), None)
    context = {
        "line": line,
        "version": version,
        "reading": reading,
        "next_level": reading.gate.to_level,
        "answer": _answer(reading.judgement) or sentences.verdict(reading.judgement, reading.gate.to_level, names),
        "agreement": agreement and Candidate(version, agreement.successes, agreement.successes + agreement.failures),
        "rows": boards.rows(reading.judgement, names),
        "asked_at": asked.evaluated_at if asked else None,
    }
    return render(request, "review/candidate.html", context)


def _answer(judgement: Judgement) -> str:
    """Return the plain sentence where known defects were missed, empty where that is not what shuts the gate."""
    found = next((check for check in judgement.checks if check.stream.endswith("detection")), None)
    if found is None or found.passed or not found.failures:
        return ""
    facts = {"k": f"{found.successes:,}", "n": f"{found.successes + found.failures:,}"}
    return _("%(k)s of %(n)s defects found. The gate stays shut.") % facts


def _line(request: HttpRequest, slug: str) -> Line:
    return get_object_or_404(lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
