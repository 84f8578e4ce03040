"""The page of a line's stations: what each holds, its keys, and the switch that lets it decide alone."""

from base64 import b64encode
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

from inspection import grants, stations
from inspection.models import Line, Station, StationKey
from inspection.models.station import OFFLINE_MINUTES_MAX
from inspection.permissions import may_administer
from review import codes, station_boards
from review.permissions import PersonRequest, line_for_leads


class AllowForm(forms.Form):
    """For how long a station may decide alone."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Decides offline for up to so many minutes"), min_value=0, max_value=OFFLINE_MINUTES_MAX
    )


class NameForm(forms.Form):
    """A new station."""

    name = forms.SlugField(
        label=gettext_lazy("Name of the station"),
        max_length=60,
        help_text=gettext_lazy("Letters, digits, hyphens; for example phone-glass-2."),
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
    line, station = _station(request, slug, pk)
    form = AllowForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, form=form, refused=station, status=422)
    grants.allow(station, minutes=form.cleaned_data["minutes"], by=request.user, now=now())
    messages.success(request, _("Kept. The station hears it with its next heartbeat."))
    return redirect("stations", slug)


@login_required
@require_POST
def add(request: PersonRequest, slug: str) -> HttpResponse:
    """Put a station on the line. For administrators."""
    line = _line(request, slug)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            stations.add(line, name=form.cleaned_data["name"], by=request.user, now=now())
        except stations.NameTaken:
            form.add_error("name", _("This line has or had a station of this name; a disabled one can be enabled."))
        else:
            messages.success(request, _("Added. Issue its key now."))
            return redirect("stations", slug)
    return _shown(request, line, name_form=form, status=422)


@login_required
@require_POST
def issue_key(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Make a key and show it: on this page alone, once. For administrators."""
    line, station = _station(request, slug, pk)
    try:
        issued = stations.issue_key(station, by=request.user, now=now())
    except stations.TwoKeysLive:
        messages.error(request, _("Two keys are live; withdraw one first."))
        return redirect("stations", slug)
    whole = f"{issued.key_id}:{issued.secret}"
    code = b64encode(codes.drawn(whole)).decode()
    return render(request, "review/station_key.html", {"line": line, "station": station, "whole": whole, "code": code})


@login_required
@require_POST
def withdraw_key(request: PersonRequest, slug: str, pk: int, key: int) -> HttpResponse:
    """End a key. For administrators."""
    station = _station(request, slug, pk)[1]
    stations.withdraw_key(get_object_or_404(StationKey, pk=key, station=station), by=request.user, now=now())
    messages.success(request, _("Withdrawn: the next request with this key is refused."))
    return redirect("stations", slug)


@login_required
@require_POST
def disable(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take a station out of use with all its keys. For administrators."""
    station = _station(request, slug, pk)[1]
    stations.disable(station, by=request.user, now=now())
    messages.success(request, _("Disabled: its next request is refused."))
    return redirect("stations", slug)


@login_required
@require_POST
def enable(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take a disabled station into use again; it needs a new key. For administrators."""
    station = _station(request, slug, pk, is_active=False)[1]
    stations.enable(station, by=request.user, now=now())
    messages.success(request, _("Enabled. Issue its key now."))
    return redirect("stations", slug)


def _line(request: PersonRequest, slug: str) -> Line:
    line = line_for_leads(request.user, slug)
    if not may_administer(request.user, line):
        raise PermissionDenied(_("Only administrators keep stations and their keys."))
    return line


def _station(request: PersonRequest, slug: str, pk: int, *, is_active: bool = True) -> tuple[Line, Station]:
    line = _line(request, slug)
    # Images that come in by hand have a station without a key, and keep it so.
    kept = Station.objects.exclude(name=stations.IMPORTER)
    return line, get_object_or_404(kept, pk=pk, line=line, is_active=is_active)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, **given: Any) -> HttpResponse:
    context = {
        "line": line,
        "rows": station_boards.rows(line, now=now()),
        "disabled": station_boards.disabled(line),
        "told": station_boards.last_decided(line),
        "name_form": NameForm(),
        "may_allow": may_administer(request.user, line),
        "most": OFFLINE_MINUTES_MAX,
    }
    return render(request, "review/stations.html", {**context, **given}, status=status)
