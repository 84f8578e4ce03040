"""Practice as pages: one known image after another, what it was, and at the end the round. The person's alone."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line
from inspection.permissions import lines_for, may_inspect
from inspection.rules.words import Label
from review import practice
from review.api.images import picture, tile
from review.permissions import PersonRequest
from review.pictures import references_of, upright_size
from review.practice_models import PracticeItem, PracticeSet
from review.rules import keys
from review.texts import practice_keys


@login_required
@require_GET
def page(request: PersonRequest, slug: str) -> HttpResponse:
    """The next image of my round, what the last one was (`?after=`), or what came of the round before."""
    line = _line(request, slug)
    started = practice.open_round(line, request.user)
    told = _told(request, line)
    if told is not None:
        return render(request, "review/practice_item.html", _item_context(request, line, told))
    item = practice.next_of(started) if started else None
    if item is not None:
        return render(request, "review/practice_item.html", _item_context(request, line, item))
    return render(request, "review/practice.html", _round_context(request, line))


@login_required
@require_POST
def begin(request: PersonRequest, slug: str) -> HttpResponse:
    """Draw a round and show its first image."""
    line = _line(request, slug)
    try:
        practice.begin(line, request.user, now=now())
    except practice.TooFewImages:
        messages.info(request, _("This line has too few ruled images that you have not seen. Rulings add to them."))
    return redirect("practice", slug)


@login_required
@require_POST
def begin_again(request: PersonRequest, slug: str) -> HttpResponse:
    """Show again what I missed in my last round."""
    line = _line(request, slug)
    last = practice.last_round(line, request.user)
    if last is None:
        return redirect("practice", slug)
    try:
        practice.begin_again(last, now=now())
    except practice.NothingMissed:
        messages.info(request, _("Nothing was missed in the last round."))
    return redirect("practice", slug)


@login_required
@require_POST
def answer(request: PersonRequest, slug: str, n: int) -> HttpResponse:
    """Keep my answer and show what the image was."""
    line = _line(request, slug)
    started = get_object_or_404(PracticeSet, line=line, person=request.user, finished_at=None)
    item = get_object_or_404(started.items, n=n)
    said = request.POST.get("said", "")
    if said not in _calls(line):
        return redirect("practice", slug)
    label, _colon, defect_class = said.partition(":")
    try:
        practice.answer(item, said=Label(label), said_class=defect_class, now=now())
    except practice.AlreadyAnswered:
        messages.info(request, _("The first answer stands."))
    return redirect(f"{reverse('practice', args=[slug])}?after={item.pk}")


@login_required
@require_GET
def image(request: PersonRequest, slug: str, pk: int) -> FileResponse:
    """The picture of an image of my own rounds."""
    return picture(_my_item(request, slug, pk).source.sha256)


@login_required
@require_GET
def image_tile(request: PersonRequest, slug: str, pk: int, column: int, row: int) -> HttpResponse:
    """A tile of that picture at its full size."""
    return tile(_my_item(request, slug, pk).source, column=column, row=row)


def _my_item(request: PersonRequest, slug: str, pk: int) -> PracticeItem:
    mine = PracticeItem.objects.filter(round__line=_line(request, slug), round__person=request.user)
    return get_object_or_404(mine.select_related("source__line", "source__measures"), pk=pk)


def _line(request: PersonRequest, slug: str) -> Line:
    line = get_object_or_404(lines_for(request.user).select_related("product"), slug=slug)
    if not may_inspect(request.user, line):
        raise PermissionDenied(_("Only inspectors of this line read its images."))
    return line


def _calls(line: Line) -> set[str]:
    """Return what may be said of an image: a defect always with its class."""
    classes = line.defect_classes.filter(retired_at=None).values_list("code", flat=True)
    return {Label.PASS.value, Label.CANNOT_JUDGE.value, *(f"{Label.DEFECT.value}:{code}" for code in classes)}


def _told(request: PersonRequest, line: Line) -> PracticeItem | None:
    """Return the answered image of mine that the address names."""
    after = request.GET.get("after", "")
    mine = PracticeItem.objects.filter(round__line=line, round__person=request.user, answered_at__isnull=False)
    return mine.select_related("round", "source__measures").filter(pk=after).first() if after.isdecimal() else None


def _item_context(request: PersonRequest, line: Line, item: PracticeItem) -> dict[str, Any]:
    """Return what is shown of one image; of its truth nothing before there is an answer."""
    answered = item.answered_at is not None
    chosen = keys.of(request.user.preferences)
    golden = references_of(line).get(item.source.view)
    classes = list(line.defect_classes.filter(retired_at=None).order_by("key"))
    return {
        "line": line,
        "item": item,
        "answered": answered,
        "size": upright_size(item.source),
        "marks": practice.marks_of(item) if answered else [],
        "golden": golden,
        "classes": classes,
        "class_names": line.class_names(),
        "score": practice.score(item.round),
        "total": item.round.items.count(),
        "is_last": item.round.finished_at is not None,
        "answered_n": item.round.items.filter(answered_at__isnull=False).count(),
        "caps": {name: chosen.cap(letter) for name, letter in (("pass", "F"), ("unsure", "D"), ("place", "P"))},
        "single_keys": not chosen.off,
        "look": {"keys": dict(chosen.letters), "keys_off": chosen.off},
        "key_list": practice_keys(chosen),
    }


def _round_context(request: PersonRequest, line: Line) -> dict[str, Any]:
    last = practice.last_round(line, request.user)
    names = line.class_names()
    return {
        "line": line,
        "last": last,
        "score": practice.score(last) if last else None,
        "aim": line.practice_aim,
        "size": line.practice_size,
        "missed": practice.missed(last) if last else [],
        "kinds": practice.found_by_kind(last) if last else [],
        "class_names": names,
    }
