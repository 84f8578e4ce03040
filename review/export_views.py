"""Exports on the data page: ask for one, watch it, give it up, fetch it. Leads and administrators of the line only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import images
from inspection.models import Line
from inspection.permissions import person
from review import data_places, downloads, exports
from review.export_models import Export
from review.permissions import line_for_leads
from review.rules import exporting


@login_required
@require_POST
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for what the search of the page finds, or for the images alone that were selected in its gallery."""
    line = line_for_leads(request.user, slug)
    place = data_places.of(line, request.POST)
    chosen, with_images = _chosen(request), "with_images" in request.POST
    if "selected" in request.POST and not chosen:
        messages.warning(request, _("No image is selected: tick those that the export shall hold."))
    elif len(chosen) > exporting.CHOSEN_MAX:
        messages.warning(request, _("At most %(n)s images can be selected.") % {"n": exporting.CHOSEN_MAX})
    else:
        try:
            exports.ask(
                line,
                query=place.asked,
                epoch=place.epoch,
                chosen=chosen,
                with_images=with_images,
                by=person(request),
                now=now(),
            )
        except exports.AlreadyAsked:
            messages.warning(request, _("Your last export of this line is not ready yet: wait for it or give it up."))
    return redirect(f"{reverse('data', args=[slug])}?{place.query}")


def _chosen(request: HttpRequest) -> list[UUID]:
    """Return the images that were selected, each once. Raises Http404 for what is no image's name."""
    try:
        return [UUID(pk) for pk in dict.fromkeys(request.POST.getlist("item"))]
    except ValueError as error:
        raise Http404 from error


@login_required
@require_GET
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """The exports as the data page shows them, for a page that is looking on."""
    line = line_for_leads(request.user, slug)
    return render(request, "review/_exports.html", context_of(line))


@login_required
@require_POST
def cancel(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Give an export up."""
    line = line_for_leads(request.user, slug)
    if not exports.cancel(get_object_or_404(line.exports, pk=pk), now=now()):
        messages.info(request, _("The export had ended before."))
    return redirect("data", slug)


@login_required
@require_GET
def fetch(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    """The file, to whoever leads the line now, for a day."""
    line = line_for_leads(request.user, slug)
    export = get_object_or_404(exports.at_hand(line, now=now()), pk=pk)
    try:
        file = images.open_export(export.pk)
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type="application/zip")
    response["Content-Disposition"] = downloads.note(request, line, f"{line.slug}-{export.asked_at:%Y%m%d-%H%M}.zip")
    response["Cache-Control"] = "private, no-store"
    return response


def context_of(line: Line) -> dict[str, Any]:
    """Return what the list of exports shows."""
    words = failure_words()
    return {
        "line": line,
        "exports": [(one, _until(one), words.get(one.failure, "")) for one in exports.lately(line)],
        "kept_hours": exporting.KEPT.total_seconds() // 3600,
        "export_max": exporting.ITEMS_MAX,
        "chosen_max": exporting.CHOSEN_MAX,
    }


def _until(export: Export) -> datetime | None:
    return export.finished_at + exporting.KEPT if export.finished_at else None


def failure_words() -> dict[str, str]:
    return {
        exporting.Failure.NOTHING_FOUND.value: _("nothing was found"),
        exporting.Failure.TOO_MANY.value: _("more images than one export holds"),
        exporting.Failure.NOT_PERMITTED.value: _("who asked no longer leads this line"),
        exporting.Failure.NO_ROOM.value: _("the disk has no room for it"),
    }
