"""The registry in the browser: every model version, one with its card and its history, and the door for a new one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import permissions, uploads
from inspection.api.catalogue import CATALOGUE
from inspection.api.problems import problem_of
from inspection.models import Line, ModelVersion
from inspection.permissions import lines_for
from inspection.rules.words import Role
from review import model_boards
from review.model_forms import ModelForm
from review.permissions import PersonRequest, may_read_registry
from vision.model_files import ModelRefused


@login_required
@require_GET
def registry_page(request: PersonRequest) -> HttpResponse:
    """Every registered version, newest first, and where it stands."""
    return _shown(request)


@login_required
@require_GET
def version_page(request: PersonRequest, name: str, version: int) -> HttpResponse:
    """One version: what it is, what it showed, what it was made from, and which lines it served."""
    lines = _lines(request)
    found = get_object_or_404(ModelVersion.objects.select_related("registered_by"), name=name, version=version)
    return render(request, "review/model.html", {"page": model_boards.page(found, lines)})


@login_required
@require_POST
def upload(request: PersonRequest) -> HttpResponse:
    """Register a version from a file of weights. For administrators of every line."""
    _lines(request)
    if not permissions.may_administer(request.user):
        raise PermissionDenied
    form = ModelForm(request.POST, request.FILES)
    version = _taken(request, form) if form.is_valid() else None
    if version is None:
        return _shown(request, status=422, form=form)
    messages.success(request, _("Registered. It decides nothing before it was rolled out on a line."))
    return redirect("model", version.name, version.version)


def _taken(request: PersonRequest, form: ModelForm) -> ModelVersion | None:
    """Take the file in; None where it is refused, with the reason beside the field."""
    try:
        return uploads.take_in(uploads.Upload(**form.cleaned_data), by=request.user, now=now())
    except uploads.Busy:
        form.add_error("file", _("Another model is being checked. Try again in a minute."))
    except ModelRefused as refusal:
        problem = problem_of(refusal)
        form.add_error("file", str((problem and problem.detail) or CATALOGUE[refusal.code].cause))
    return None


def _shown(request: PersonRequest, *, status: int = 200, form: ModelForm | None = None) -> HttpResponse:
    context = {
        "rows": model_boards.rows(_lines(request)),
        "may_upload": permissions.may_administer(request.user),
        "form": form or ModelForm(),
    }
    return render(request, "review/models.html", context, status=status)


def _lines(request: PersonRequest) -> list[Line]:
    """Return the lines on which the person may see models; there may be none yet. Raises Http404 for others."""
    if not may_read_registry(request.user):
        raise Http404
    return list(lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR))
