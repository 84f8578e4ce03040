"""The registry in the browser: every model version, and one with its card and its history."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from inspection.models import Line, ModelVersion
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import model_boards
from review.permissions import PersonRequest


@login_required
@require_GET
def registry_page(request: PersonRequest) -> HttpResponse:
    """Every registered version, newest first, and where it stands."""
    return render(request, "review/models.html", {"rows": model_boards.rows(_lines(request))})


@login_required
@require_GET
def version_page(request: PersonRequest, name: str, version: int) -> HttpResponse:
    """One version: what it is, what it showed, what it was made from, and which lines it served."""
    lines = _lines(request)
    found = get_object_or_404(ModelVersion, name=name, version=version)
    return render(request, "review/model.html", {"page": model_boards.page(found, lines)})


def _lines(request: PersonRequest) -> list[Line]:
    """Return the lines whose models the person may know of. Nobody else learns which models there are."""
    lines = list(lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR))
    if not lines:
        raise Http404
    return lines
