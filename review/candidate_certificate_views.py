"""The deeds on a candidate's certificate, from the page of its rollout."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inspection.models import Line, Rollout
from inspection.rules.words import RolloutOutcome
from review import bank_doors, candidate_bands, candidate_doors, rollout_doors
from review.permissions import PersonRequest


@login_required
@require_POST
def deed(request: PersonRequest, slug: str, deed: str) -> HttpResponse:
    """Score on the archive, certify, put in force or withdraw, and show the rollout's page again with a message."""
    line = get_object_or_404(rollout_doors.lines_of(request.user), slug=slug)
    asked = DEEDS.get(deed)
    if asked is None:
        raise Http404
    try:
        messages.success(request, asked(request, _open_rollout(line)))
    except tuple(candidate_doors.REFUSALS) as refusal:
        messages.error(request, candidate_doors.REFUSALS[type(refusal)](refusal))
    return redirect("rollouts", slug)


def _open_rollout(line: Line) -> Rollout:
    under_way = line.rollouts.filter(outcome=RolloutOutcome.OPEN.value)
    rollout = under_way.select_related("line", "candidate", "incumbent").first()
    if rollout is None:
        raise candidate_bands.NoCandidate(f"No rollout is open on {line}.")
    return rollout


def _archive(request: PersonRequest, rollout: Rollout) -> str:
    bank_doors.try_version(rollout.line, rollout.candidate, by=request.user, now=now())
    return _("It looks at the sealed archive now. What it says there stays sealed.")


def _certify(request: PersonRequest, rollout: Rollout) -> str:
    made = candidate_doors.certify(rollout, by=request.user, now=now())
    return _("Certified. Nothing is in force before it is signed.") if made.bands else _("No band could be certified.")


def _put(request: PersonRequest, rollout: Rollout) -> str:
    given = {name: request.POST.get(name, "") for name in ("password", "code")}
    candidate_doors.put_in_force(request, rollout, by=request.user, now=now(), **given)
    return _("From the next item on the candidate decides its share inside its own bands.")


def _withdraw(request: PersonRequest, rollout: Rollout) -> str:
    reason = request.POST.get("reason", "").strip()
    candidate_doors.withdraw(rollout, by=request.user, reason=reason, now=now())
    return _("The candidate's bands are withdrawn: people decide its share from the next item on.")


DEEDS: dict[str, Callable[[PersonRequest, Rollout], str]] = {
    "archive": _archive,
    "certify": _certify,
    "put": _put,
    "withdraw": _withdraw,
}
