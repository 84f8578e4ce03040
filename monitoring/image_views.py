"""The images behind a number or an alarm, and each one small or as people read it."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_safe

from inspection import images, permissions
from inspection.models import Item, Line
from inspection.rules.words import Role
from monitoring import galleries
from monitoring.metric_words import NAMES
from monitoring.rules.metrics import BY_NAME


@login_required
@require_GET
def line_images(request: HttpRequest, slug: str) -> HttpResponse:
    """The images around a moment: a point of a chart, an alarm, a drift mark; pages lead both ways from there."""
    line = line_of(request, slug)
    at = moment_of(request.GET.get("at", "")) or now()
    metric = request.GET.get("metric", "")
    metric = metric if metric in BY_NAME else ""
    context = {
        "line": line,
        "at": at,
        "day": at.astimezone(ZoneInfo(line.time_zone)).date(),
        "metric": metric,
        "word": NAMES.get(metric, ""),
        "here": f"metric={metric}&at={at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
        "is_around": not {"after", "before"} & request.GET.keys(),
        "gallery": _gallery(request, line, at, metric),
    }
    return render(request, "monitoring/images.html", context)


@login_required
@require_safe
def line_image(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    """One image of a line as a lead sees it: small, or as people read it."""
    item = get_object_or_404(Item.objects.filter(line=line_of(request, slug)), pk=pk)
    try:
        if "full" in request.GET:
            return FileResponse(images.open_rendition(item.sha256), content_type="image/jpeg")
        return FileResponse(images.open_thumbnail(item.sha256), content_type="image/webp")
    except FileNotFoundError as gone:
        raise Http404 from gone


def line_of(request: HttpRequest, slug: str) -> Line:
    """Return a line that the person leads or administers. Raises Http404."""
    return get_object_or_404(permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR), slug=slug)


def moment_of(text: str) -> datetime | None:
    """Return the moment that an address names, without a zone in UTC; None where it names none."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _gallery(request: HttpRequest, line: Line, at: datetime, metric: str) -> galleries.Gallery:
    if "after" in request.GET:
        return galleries.later_than(_item(line, request.GET["after"]), metric=metric)
    if "before" in request.GET:
        return galleries.earlier_than(_item(line, request.GET["before"]), metric=metric)
    return galleries.around(line, at, metric=metric)


def _item(line: Line, text: str) -> Item:
    try:
        return get_object_or_404(Item.objects.filter(line=line), pk=UUID(text))
    except ValueError as wrong:
        raise Http404 from wrong
