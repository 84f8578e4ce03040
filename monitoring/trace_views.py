"""The way of one image on a page."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from inspection import permissions, tracing
from inspection.models import Item
from inspection.rules.words import Role
from monitoring import traces


@login_required
@require_GET
def trace_page(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Every stage that an image passed, with its times, and the id under which logs know it."""
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    line = get_object_or_404(lines, slug=slug)
    item = get_object_or_404(Item.objects.filter(line=line).select_related("run__part", "station"), pk=pk)
    context = {"line": line, "item": item, "steps": traces.of(item), "trace_id": tracing.trace_id(item.pk)}
    return render(request, "monitoring/trace.html", context)
