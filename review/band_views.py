"""The page of a line's certified bands: what was certified, what it would mean, and the three deeds."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import certificates, permissions
from inspection.models import Line
from inspection.rules.words import Role
from review import band_boards, band_doors, bands, signing
from review.permissions import PersonRequest

SHOWN = 5


@login_required
@require_GET
def bands_page(request: PersonRequest, slug: str) -> HttpResponse:
    """The bands in force, the last attempts with curve, forecast and savings, and who may put them in force."""
    line, moment = _line(request, slug), now()
    own = Q(rollout=None) | Q(epoch=line.epoch_id)
    attempts = list(line.certifications.filter(own).select_related("bands", "made_by").order_by("-pk")[:SHOWN])
    for attempt in attempts:
        attempt.line = line
    standing = certificates.standing(line, line.present_epoch.model_version_id)
    context = {
        "line": line,
        "standing": standing,
        "lapsed": line.bands is not None and standing is None,
        "newest": band_boards.certificate(attempts[0], now=moment) if attempts else None,
        "chart": band_boards.coverage_chart(attempts[0]) if attempts else None,
        "earlier": [(one, band_boards.sentence(one)) for one in attempts[1:]],
        "may_sign": permissions.may_sign_levels(request.user, line, now=moment),
        "may_lower": permissions.may_lower(request.user, line),
    }
    return render(request, "review/bands.html", context)


@login_required
@require_POST
def deed(request: PersonRequest, slug: str, deed: str) -> HttpResponse:
    """Certify, put in force or withdraw, and show the page again with a message."""
    line = _line(request, slug)
    asked = {"certify": _certify, "put": _put, "withdraw": _withdraw}.get(deed)
    if asked is None:
        raise Http404
    try:
        messages.success(request, asked(request, line))
    except tuple(band_doors.REFUSALS) as refusal:
        messages.error(request, band_doors.REFUSALS[type(refusal)]())
    return redirect("bands", slug)


def _certify(request: PersonRequest, line: Line) -> str:
    band_doors.check_signs(request.user, line, now=now())
    made = bands.certify(line, by=request.user, now=now())
    return _("Certified. Nothing is in force before it is signed.") if made.bands else _("No band could be certified.")


def _put(request: PersonRequest, line: Line) -> str:
    band_doors.check_signs(request.user, line, now=now())
    signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))
    asked = request.POST.get("n", "")
    made = line.present_epoch.certifications.filter(n=int(asked)).first() if asked.isdecimal() else None
    if made is None or made.bands is None:
        raise bands.NotCertified
    bands.put_in_force(line, made.bands, by=request.user, now=now())
    return _("The bands are in force from the next item on.")


def _withdraw(request: PersonRequest, line: Line) -> str:
    if not permissions.may_lower(request.user, line):
        raise band_doors.NotAllowed
    reason = request.POST.get("reason", "").strip()
    bands.withdraw(line, by=request.user, reason=reason, now=now())
    return _("The bands are withdrawn: people decide from the next item on.")


def _line(request: HttpRequest, slug: str) -> Line:
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    return get_object_or_404(lines.select_related("epoch__model_version", "product", "bands"), slug=slug)
