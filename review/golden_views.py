"""The golden images of a line: chosen from its images or uploaded, by its leads and administrators."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inspection.api.catalogue import CATALOGUE
from inspection.api.problems import problem_of
from inspection.models import GoldenReference, Item, Line
from review import golden
from review.api.images import picture
from review.golden import NotGolden, Unfit
from review.permissions import PersonRequest, line_for_leads
from vision.header import ImageRefused

REFUSALS = {
    Unfit.OTHER_LINE: gettext_lazy("It shows no part of this line."),
    Unfit.OPEN: gettext_lazy("It is being read or ruled on. Come back when that is done."),
    Unfit.UNSETTLED: gettext_lazy(
        "One reading is not enough: two readers, a ruling or the part itself must have shown that it is good."
    ),
    Unfit.NOT_GOOD: gettext_lazy("Its part is not good: its standing truth says otherwise."),
    Unfit.SEALED: gettext_lazy("Its part belongs to the defect bank or to the challenge parts, which stay sealed."),
    Unfit.KNOWN: gettext_lazy("It stands among the images of known truth that people are reading now."),
}


class GoldenForm(forms.Form):
    """A file that becomes the golden image of one view."""

    view = forms.ChoiceField()
    picture = forms.FileField(label=gettext_lazy("Picture of a good part"))

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["view"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(view, view) for view in line.views]


@login_required
@require_GET
def golden_page(request: PersonRequest, slug: str) -> HttpResponse:
    """What is shown beside the images of each product and view, and what was shown before."""
    return _shown(request, line_for_leads(request.user, slug))


@login_required
@require_POST
def upload(request: PersonRequest, slug: str) -> HttpResponse:
    """Replace the golden image of a view by a file."""
    line = line_for_leads(request.user, slug)
    form = GoldenForm(request.POST, request.FILES, line=line)
    if form.is_valid() and _kept(request, line, form):
        return redirect("golden", slug)
    return _shown(request, line, status=422, form=form)


@login_required
@require_POST
def choose(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """Let an image of the line be the golden one of its product and view."""
    line = line_for_leads(request.user, slug)
    image = get_object_or_404(Item.objects.select_related("run__part", "run__epoch__product"), pk=pk, line=line)
    try:
        kept = golden.choose(line, image, by=request.user, now=now())
    except NotGolden as error:
        messages.error(request, _said(error))
    else:
        messages.success(request, _("Revision %(n)s of the golden image, shown from now on.") % {"n": kept.revision})
    return redirect("data-item", slug, pk)


@login_required
@require_GET
def golden_picture(request: PersonRequest, slug: str, pk: int) -> FileResponse:
    """One revision, also of those that were replaced."""
    kept = get_object_or_404(GoldenReference, pk=pk, line=line_for_leads(request.user, slug))
    return picture(kept.sha256)


def _kept(request: PersonRequest, line: Line, form: GoldenForm) -> bool:
    """Take the file in; false where it cannot serve, with the reason beside the field."""
    file = form.cleaned_data["picture"]
    view, declared = form.cleaned_data["view"], file.content_type
    try:
        kept = golden.upload(line, view=view, file=file, content_type=declared, by=request.user, now=now())
    except NotGolden as error:
        form.add_error("picture", _said(error))
    except ImageRefused as error:
        problem = problem_of(error)
        form.add_error("picture", str((problem and problem.detail) or CATALOGUE[error.code].cause))
    else:
        messages.success(
            request, _("Revision %(n)s is in; it is shown once its pixels are read.") % {"n": kept.revision}
        )
        return True
    return False


def _said(error: NotGolden) -> str:
    return " ".join(str(REFUSALS[reason]) for reason in error.reasons)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, form: GoldenForm | None = None) -> HttpResponse:
    context = {"line": line, "shelves": golden.shelves(line), "form": form or GoldenForm(line=line)}
    return render(request, "review/golden.html", context, status=status)
