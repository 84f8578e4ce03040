"""The data page: images found by tokens, and the history of one."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from inspection import images
from inspection.models import Item, Line
from inspection.permissions import may_adjudicate
from review import export_views, history, searches, spreadsheets
from review.api.images import picture
from review.models import Decision
from review.permissions import line_for_leads
from review.pictures import upright_size
from review.rules import tokens

# What people look for most; each is a whole search.
USUAL = ("disagree:yes", "model:pass truth:defect", "model:defect truth:pass", "label:cannot_judge")


@login_required
@require_GET
def gallery(request: HttpRequest, slug: str) -> HttpResponse:
    """Sixty images that a search finds, newest first, with what people and the model said of each."""
    line = line_for_leads(request.user, slug)
    asked = request.GET.get("q", "").strip()[: tokens.LENGTH_MAX]
    parsed = tokens.parse(asked)
    after = _after(request)
    page = searches.page(line.present_epoch, parsed.search, after=after)
    address = reverse("data", args=[slug])
    context = {
        "line": line,
        "asked": asked,
        "parsed": parsed,
        "query": urlencode({"q": asked}),
        "page": page,
        "is_first": after is None,
        "left_max": searches.COUNTED_MAX,
        "waiting": searches.waiting(line.present_epoch),
        "may_rule": may_adjudicate(request.user, line),
        "culprits": searches.culprits(line.present_epoch, parsed) if not page.readings else [],
        "usual": [(search, f"{address}?{urlencode({'q': search})}") for search in USUAL],
        "class_names": line.class_names(),
        **export_views.context_of(line),
    }
    return render(request, "review/data.html", context)


@login_required
@require_GET
def found_rows(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """What a search finds as CSV, streamed."""
    line = line_for_leads(request.user, slug)
    search = tokens.parse(request.GET.get("q", "")).search
    rows = history.listed(line.present_epoch, searches.find(line.present_epoch, search))
    return spreadsheets.download(f"data-{line.slug}", history.COLUMNS, rows)


@login_required
@require_GET
def item_page(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One image with all that was said of it, side by side with the reference of its view."""
    line = line_for_leads(request.user, slug)
    item = _item(line, pk)
    readings = Decision.objects.filter(task__item=item, fate__fate="final").select_related("person")
    context = {
        "line": line,
        "item": item,
        "size": upright_size(item),
        "steps": list(searches.steps(item)),
        "marks": [region for reading in readings for region in reading.regions],
        "golden": line.golden_references.filter(product=line.product_id, view=item.view).exists(),
        "asked": request.GET.get("q", ""),
        "class_names": line.class_names(),
    }
    return render(request, "review/data_item.html", context)


@login_required
@require_GET
def item_image(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    return picture(_item(line_for_leads(request.user, slug), pk).sha256)


@login_required
@require_GET
def item_thumbnail(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    """The small picture of the gallery; the large one where none was made."""
    item = _item(line_for_leads(request.user, slug), pk)
    try:
        file = images.open_thumbnail(item.sha256)
    except FileNotFoundError:
        return picture(item.sha256)
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=300, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _item(line: Line, pk: UUID) -> Item:
    """Return an image of the line that nobody reads or rules on any more."""
    item = get_object_or_404(
        Item.objects.select_related("run__part", "run__epoch", "station", "measures"), pk=pk, line=line
    )
    if searches.is_open(item):
        raise Http404
    return item


def _after(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None
