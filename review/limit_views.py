"""Pictures of limit samples: shown to whoever belongs to the line, approved and taken away by its leads."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inspection.models import DefectClass, Item, Line
from inspection.permissions import lines_for
from inspection.rules.words import Limit
from review import limits
from review.api import images
from review.limits import Unfit
from review.permissions import PersonRequest, line_for_leads

REFUSALS = {
    Unfit.OTHER_LINE: gettext_lazy("It shows no part of this line."),
    Unfit.UNWORDED: gettext_lazy("Say in words first where this kind begins: scope, step 2."),
    Unfit.OPEN: gettext_lazy("Its part is being read or ruled on. Come back when that is done."),
    Unfit.UNSETTLED: gettext_lazy("One reading is not enough: a ruling or the part itself must have shown what it is."),
    Unfit.OTHER_TRUTH: gettext_lazy(
        "Its truth does not fit: still good takes a good part, already a defect takes a defect of this kind."
    ),
    Unfit.SEALED: gettext_lazy("Its part belongs to the defect bank or to the challenge parts, which stay sealed."),
    Unfit.KNOWN: gettext_lazy("It stands among the images of known truth that people are reading now."),
}


@login_required
@require_GET
def picture(request: PersonRequest, slug: str, pk: int, side: str) -> FileResponse:
    """The picture of one side, as the golden reference is shown: to everybody of the line."""
    return images.picture(_shown(request, slug, pk, side).sha256)


@login_required
@require_GET
def thumbnail(request: PersonRequest, slug: str, pk: int, side: str) -> FileResponse:
    """The same, small."""
    return images.thumbnail(_shown(request, slug, pk, side).sha256)


@login_required
@require_POST
def approve(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """Let an image stand for one side of a kind of defect."""
    line = line_for_leads(request.user, slug)
    image = get_object_or_404(Item.objects.select_related("run__part"), pk=pk, line=line)
    code, _colon, side = request.POST.get("limit", "").partition(":")
    kind = _kind(line, code)
    try:
        kept = limits.approve(kind, side=_side(side), image=image, by=request.user, now=now())
    except limits.NotALimit as error:
        messages.error(request, " ".join(str(REFUSALS[reason]) for reason in error.reasons))
    else:
        said = _("Version %(n)s of the limit samples of %(kind)s shows it from now on.")
        messages.success(request, said % {"n": kept.version, "kind": kind.local_name})
    return redirect(reverse("data-item", args=[slug, pk]))


@login_required
@require_POST
def take_away(request: PersonRequest, slug: str, code: str, side: str) -> HttpResponse:
    """Leave one side of a kind with its words alone."""
    line = line_for_leads(request.user, slug)
    limits.take_away(_kind(line, code), side=_side(side), by=request.user, now=now())
    messages.success(request, _("Kept."))
    return redirect("scope-classes", slug)


def _shown(request: PersonRequest, slug: str, pk: int, side: str) -> Item:
    image = limits.picture(get_object_or_404(lines_for(request.user), slug=slug), pk, _side(side))
    if image is None:
        raise Http404
    return image


def _kind(line: Line, code: str) -> DefectClass:
    return get_object_or_404(line.defect_classes.filter(retired_at=None), code=code)


def _side(word: str) -> Limit:
    try:
        return Limit(word)
    except ValueError as error:
        raise Http404 from error
