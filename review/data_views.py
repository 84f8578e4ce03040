"""The data page: images found by tokens, and the history of one."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Item, Line
from inspection.permissions import may_adjudicate
from review import data_places, downloads, export_views, golden, history, limits, questions, searches
from review.api.images import picture, thumbnail, tile
from review.forms import QuestionForm
from review.models import Adjudication, Decision, ReviewTask
from review.permissions import PersonRequest, line_for_leads
from review.pictures import references_of, upright_size
from review.rules import keys, tokens
from review.texts import item_keys

# What people look for most; each is a whole search.
USUAL = ("disagree:yes", "model:pass truth:defect", "model:defect truth:pass", "label:cannot_judge")
# Of a line's epochs so many can be chosen; an address leads to any older one.
EPOCHS = 24
_ASKED = {
    Adjudication: gettext_lazy("Asked. Another lead rules on it without seeing why; until then it is not shown here."),
    ReviewTask: gettext_lazy("Asked. People read it like any other part; until then it is not shown here."),
}


@login_required
@require_GET
def gallery(request: PersonRequest, slug: str) -> HttpResponse:
    """Sixty images that a search finds, newest first, with what people and the model said of each."""
    line = line_for_leads(request.user, slug)
    place = data_places.of(line, request.GET)
    parsed = tokens.parse(place.asked)
    after = _after(request)
    page = searches.page(place.epoch, parsed.search, after=after)
    context = {
        "line": line,
        "place": place,
        "epochs": list(line.epochs.select_related("model_version").order_by("-opened_at")[:EPOCHS]),
        "parsed": parsed,
        "page": page,
        "namesakes": searches.namesakes(place.epoch, parsed.search),
        "is_first": after is None,
        "left_max": searches.COUNTED_MAX,
        "waiting": searches.waiting(place.epoch),
        "may_rule": may_adjudicate(request.user, line),
        "culprits": searches.culprits(place.epoch, parsed) if not page.readings else [],
        "usual": USUAL,
        "class_names": line.class_names(),
        "single_keys": not keys.of(request.user.preferences).off,
        **export_views.context_of(line),
    }
    return render(request, "review/data.html", context)


@login_required
@require_GET
def found_rows(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """What a search finds as CSV, streamed."""
    line = line_for_leads(request.user, slug)
    place = data_places.of(line, request.GET)
    rows = history.listed(place.epoch, searches.find(place.epoch, tokens.parse(place.asked).search))
    return downloads.table(request, line, f"data-{line.slug}", history.COLUMNS, rows)


@login_required
@require_GET
def item_page(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """One image with all that was said of it, side by side with the reference of its view; `?q=` is its search."""
    line = line_for_leads(request.user, slug)
    item = _item(line, pk)
    readings = Decision.objects.filter(task__item=item, fate__fate="final").select_related("person")
    place = data_places.of(line, request.GET)
    chosen = keys.of(request.user.preferences)
    context = {
        "line": line,
        "item": item,
        "size": upright_size(item),
        "steps": list(searches.steps(item)),
        "marks": [region for reading in readings for region in reading.regions],
        "golden": references_of(line).get(item.view),
        "place": place,
        "beside": searches.neighbours(item, place.epoch, tokens.parse(place.asked).search),
        "limits": limits.offers(item),
        "may_be_golden": golden.may_offer(item),
        "may_ask": may_adjudicate(request.user, line) and questions.may_ask(item),
        "was_read": readings.exists(),
        "class_names": line.class_names(),
        "look": {"keys": dict(chosen.letters), "keys_off": chosen.off},
        "single_keys": not chosen.off,
        "key_list": item_keys(chosen),
    }
    return render(request, "review/data_item.html", context)


@login_required
@require_POST
def question(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """Say why what was said of an image looks wrong; others look at it again, blind to that."""
    line = line_for_leads(request.user, slug)
    if not may_adjudicate(request.user, line):
        raise PermissionDenied(_("Only QA leads of this line give rulings."))
    item = _item(line, pk)
    query = data_places.of(line, request.POST).query
    form = QuestionForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    elif _ask(request, item, form.cleaned_data["reason"]):
        return redirect(f"{reverse('data', args=[slug])}?{query}")
    return redirect(f"{reverse('data-item', args=[slug, pk])}?{query}")


def _ask(request: PersonRequest, item: Item, reason: str) -> bool:
    """Ask, and say what came of it; false where nobody could be asked."""
    try:
        asked = questions.ask(item, by=request.user, reason=reason, now=now())
    except questions.NobodyLeft:
        messages.error(request, _("No other lead of this line can rule: each has read this image or ruled on it."))
    except questions.NothingToAsk:
        messages.error(request, _("The image is being looked at again, or the part itself has shown what it is."))
    else:
        messages.success(request, _ASKED[type(asked)])
        return True
    return False


@login_required
@require_GET
def item_image(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    return picture(_item(line_for_leads(request.user, slug), pk).sha256)


@login_required
@require_GET
def item_tile(request: HttpRequest, slug: str, pk: UUID, column: int, row: int) -> HttpResponse:
    return tile(_item(line_for_leads(request.user, slug), pk), column=column, row=row)


@login_required
@require_GET
def item_thumbnail(request: HttpRequest, slug: str, pk: UUID) -> FileResponse:
    return thumbnail(_item(line_for_leads(request.user, slug), pk).sha256)


def _item(line: Line, pk: UUID) -> Item:
    """Return an image of the line that nobody reads or rules on any more."""
    item = get_object_or_404(
        Item.objects.select_related("run__part", "run__epoch__product", "station", "measures"), pk=pk, line=line
    )
    if searches.is_open(item):
        raise Http404
    return item


def _after(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None
