"""The page of a line's stations, and the switch that lets one decide alone."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inspection import grants
from inspection.models import Line, Station
from inspection.models.station import OFFLINE_MINUTES_MAX
from inspection.permissions import may_administer
from review import station_boards
from review.permissions import PersonRequest, line_for_leads


class AllowForm(forms.Form):
    """For how long a station may decide alone."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Decides offline for up to so many minutes"), min_value=0, max_value=OFFLINE_MINUTES_MAX
    )


@login_required
@require_GET
def stations_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Each station of the line: what it holds, when it was away, and what it decided then."""
    return _shown(request, line_for_leads(request.user, slug))


@login_required
@require_POST
def allow(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Let a station decide alone for so many minutes, or end it with 0. For administrators."""
    line = line_for_leads(request.user, slug)
    if not may_administer(request.user, line):
        raise PermissionDenied
    station = get_object_or_404(Station, pk=pk, line=line, is_active=True)
    form = AllowForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, form=form, refused=station, status=422)
    grants.allow(station, minutes=form.cleaned_data["minutes"], by=request.user, now=now())
    messages.success(request, _("Kept. The station hears it with its next heartbeat."))
    return redirect("stations", slug)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, **given: Any) -> HttpResponse:
    context = {
        "line": line,
        "rows": station_boards.rows(line, now=now()),
        "told": station_boards.last_decided(line),
        "may_allow": may_administer(request.user, line),
        "most": OFFLINE_MINUTES_MAX,
    }
    return render(request, "review/stations.html", {**context, **given}, status=status)
