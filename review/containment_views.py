"""The containment page: the list since the last good audit, each part closed by a person, and the lots on hold."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import permissions
from inspection.models import Line, Lot
from inspection.rules.words import Role
from review import containment, containment_boards, containment_doors, days, findings, lots, signing
from review.containment_models import ContainedRun, Containment
from review.permissions import PersonRequest
from review.rules.containment import release_obstacles

PAGE = 100
PAST = 5
SERIALS = 20
DIGITS = 18
# The fields of the search: what is asked for stays in every address and form of the page.
ASKED = ("serial", "lot", "from", "to", "open")


@login_required
@require_GET
def containment_page(request: PersonRequest, slug: str) -> HttpResponse:
    """What is contained on a line now, found by serial, lot or time; what was before; and the lots that wait."""
    return _shown(request, _line(request, slug))


@login_required
@require_POST
def open_containment(request: PersonRequest, slug: str) -> HttpResponse:
    """Contain by hand everything that was passed since the last good audit."""
    line = _line(request, slug)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Give a reason in a few words."))
        return redirect("containment", slug)
    opened = containment.open_for(line, cause=reason, by=request.user, now=now())
    containment.fill(opened, now=now())
    return redirect("containment", slug)


@login_required
@require_POST
def close_part(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Close one part of the list: found good, found bad, or lost."""
    line = _line(request, slug)
    row = get_object_or_404(ContainedRun, pk=pk, containment__line=line)
    shown = _shown_of(request, line)
    if shown is not None:
        _do(request, lambda: findings.close_contained(row, by=request.user, now=now(), **shown), _("Closed."))
    return _back(request, slug)


@login_required
@require_POST
def close_parts(request: PersonRequest, slug: str) -> HttpResponse:
    """Close the ticked parts, or all that the page showed, in one way."""
    line = _line(request, slug)
    wanted = request.POST.getlist("shown" if request.POST.get("all") else "part")[:PAGE]
    numbers = [int(pk) for pk in wanted if pk.isdecimal() and len(pk) <= DIGITS]
    rows = ContainedRun.objects.filter(pk__in=numbers, containment__line=line).select_related("run").order_by("pk")
    if not rows:
        messages.error(request, _("Tick the parts to close."))
        return _back(request, slug)
    shown = _shown_of(request, line)
    if shown is not None:
        closed = findings.close_all(rows, by=request.user, now=now(), **shown)
        messages.success(request, _("Closed: %(n)s.") % {"n": closed})
    return _back(request, slug)


@login_required
@require_POST
def deed(request: PersonRequest, slug: str, deed: str) -> HttpResponse:
    """Ask people to read all open parts, or close the containment."""
    line = _line(request, slug)
    standing = get_object_or_404(Containment, line=line, closed_at=None)
    if deed == "requeue":
        asked = containment.requeue(standing, now=now())
        messages.success(request, _("%(n)s parts wait for a blind reading.") % {"n": asked})
    elif deed == "close":
        _do(request, lambda: containment.close(standing, by=request.user, now=now()), _("The containment is closed."))
    else:
        raise Http404
    return redirect("containment", slug)


@login_required
@require_POST
def release_lot(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Sign that a lot may leave."""
    line = _line(request, slug)
    lot = get_object_or_404(Lot, pk=pk, line=line)
    if not permissions.may_sign_levels(request.user, line, now=now()):
        messages.error(request, _("Only active QA leads of this line sign, a day after they got the role."))
        return redirect("containment", slug)
    try:
        signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))
    except signing.NotConfirmed:
        messages.error(request, _("The password or code is not right. Nothing was signed."))
        return redirect("containment", slug)
    said = _("Lot %(code)s is released.") % {"code": lot.code}
    _do(request, lambda: lots.release(lot, by=request.user, now=now()), said)
    return redirect("containment", slug)


@login_required
@require_POST
def sort_lot(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Ask people to read what the model passed of a lot in which an audit found an escape."""
    lot = get_object_or_404(Lot, pk=pk, line=_line(request, slug))
    asked = lots.sort(lot, now=now())
    messages.success(request, _("%(n)s parts wait for a blind reading.") % {"n": asked})
    return redirect("containment", slug)


@login_required
@require_GET
def rows(request: PersonRequest, slug: str, pk: int) -> StreamingHttpResponse:
    """The list as CSV, safe to open in a spreadsheet."""
    found = get_object_or_404(Containment, pk=pk, line=_line(request, slug))
    return containment_doors.download(request, found)


def _shown(request: PersonRequest, line: Line) -> HttpResponse:
    standing = Containment.objects.filter(line=line, closed_at=None).first()
    context = {
        "line": line,
        "containment": standing,
        "past": _past(line),
        "since": containment.last_good(line),
        "lots": [_lot_row(lot) for lot in lots.on_hold(line)],
        "class_names": line.class_names(),
        "classes": line.defect_classes.filter(retired_at=None).order_by("key"),
        "may_sign": permissions.may_sign_levels(request.user, line, now=now()),
        **(_list_of(request, standing) if standing else {}),
    }
    return render(request, "review/containment.html", context)


def _past(line: Line) -> QuerySet[Containment]:
    closed = Containment.objects.filter(line=line, closed_at__isnull=False)
    return closed.select_related("closed_by").order_by("-pk")[:PAST]


def _list_of(request: PersonRequest, standing: Containment) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "").strip()[:100] for name in ASKED}
    since, until = (days.moment(asked[name], standing.line.time_zone) for name in ("from", "to"))
    found = containment.listed(
        standing,
        serial=asked["serial"],
        lot=asked["lot"],
        since=since,
        # Times are shown and asked for in whole minutes: the last one is meant with its seconds.
        until=until and until.replace(second=59, microsecond=999_999),
        only_open=asked["open"] == "1",
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return {
        "tally": containment.tally(standing),
        "page": page,
        "rows": containment_boards.rows_of(list(page)),
        "asked": asked,
        "query": urlencode(asked),
    }


def _shown_of(request: PersonRequest, line: Line) -> dict[str, Any] | None:
    """Return how parts are closed; None where the form says it badly, and the person is told."""
    form = containment_doors.FoundForm(request.POST, line=line)
    if form.is_valid():
        return form.cleaned_data
    messages.error(request, " ".join(str(fault) for faults in form.errors.values() for fault in faults))
    return None


def _back(request: PersonRequest, slug: str) -> HttpResponse:
    """Return to the page and the filter from which a part was closed."""
    place = {name: request.POST.get(name, "")[:100] for name in (*ASKED, "page")}
    return redirect(f"{reverse('containment', args=[slug])}?{urlencode(place)}")


def _lot_row(lot: Lot) -> dict[str, Any]:
    standing = lots.standing(lot)
    obstacles = release_obstacles(standing)
    why = containment_doors.why_held(lots.LotHeld(obstacles)) if obstacles else ""
    escaped = standing.escapes > 0
    return {
        "lot": lot,
        "standing": standing,
        "why": why,
        "unsorted": lots.unsorted(lot)[:SERIALS] if escaped else [],
        "taken_out": lots.taken_out(lot) if escaped else [],
    }


def _do(request: PersonRequest, deed: Any, said: str) -> None:
    try:
        deed()
    except containment_doors.REFUSALS as refusal:
        messages.error(request, containment_doors.refused(refusal))
    else:
        messages.success(request, said)


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)
