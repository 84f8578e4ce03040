"""The page of the defect bank: what is in it, what it lacks, and the three deeds."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.models import Line, ModelVersion
from inspection.permissions import may_sign_levels
from inspection.rules.words import Level
from review import bank, bank_boards, bank_doors
from review.bank_models import BankDefect
from review.permissions import PersonRequest

PAGE = 20


@dataclass(frozen=True)
class Deed:
    form: type[forms.Form]
    do: Callable[[BankDefect, dict[str, str], PersonRequest], None]
    said: Callable[[], str]


DEEDS = {
    "confirm": Deed(
        bank_doors.MethodForm,
        lambda defect, given, request: bank.confirm(defect, method=given["method"], by=request.user, now=now()),
        lambda: _("Confirmed. It counts once the model has seen it."),
    ),
    "retire": Deed(
        bank_doors.RetireForm,
        lambda defect, given, request: bank.retire(defect, reason=given["reason"], by=request.user, now=now()),
        lambda: _("Retired. It counts no more."),
    ),
}


@login_required
@require_GET
def bank_page(request: PersonRequest, slug: str) -> HttpResponse:
    """The distinct defects of a line, what the serving model says of them, and the shortfall toward each rung."""
    return _shown(request, _line(request, slug))


@login_required
@require_POST
def add(request: PersonRequest, slug: str) -> HttpResponse:
    """Take a defect in by the serial of its part."""
    line = _line(request, slug)
    form = bank_doors.DefectForm(request.POST, line=line)
    if not form.is_valid():
        return _shown(request, line, form=form, status=422)
    try:
        defect = bank.add(line, by=request.user, now=now(), **form.cleaned_data)
    except tuple(bank_doors.REFUSALS) as refusal:
        form.add_error(None, bank_doors.REFUSALS[type(refusal)]())
        return _shown(request, line, form=form, status=422)
    messages.success(request, _("%(name)s is added and sealed from training.") % {"name": defect})
    return redirect("bank", slug)


@login_required
@require_POST
def deed(request: PersonRequest, slug: str, number: int, deed: str) -> HttpResponse:
    """Confirm or retire one defect."""
    defect = get_object_or_404(BankDefect, line=_line(request, slug), number=number)
    asked = DEEDS.get(deed)
    if asked is None:
        raise Http404
    form = asked.form(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say how or why in a few words."))
        return _back(request, slug)
    try:
        asked.do(defect, form.cleaned_data, request)
        messages.success(request, asked.said())
    except tuple(bank_doors.REFUSALS) as refusal:
        messages.error(request, bank_doors.REFUSALS[type(refusal)]())
    return _back(request, slug)


@login_required
@require_POST
def try_version(request: PersonRequest, slug: str) -> HttpResponse:
    """Try a new version on the sealed archive."""
    line = _line(request, slug)
    asked = request.POST.get("version", "")
    version = ModelVersion.objects.filter(pk=int(asked)).first() if asked.isdecimal() else None
    if version is None:
        raise Http404
    try:
        bank_doors.try_version(line, version, by=request.user, now=now())
        messages.success(request, _("The version is being scored; the answer is open or shut."))
    except tuple(bank_doors.REFUSALS) as refusal:
        messages.error(request, bank_doors.REFUSALS[type(refusal)]())
    return redirect("bank", slug)


def _back(request: PersonRequest, slug: str) -> HttpResponse:
    """Return to the page of the list on which a defect stood."""
    return redirect(f"{reverse('bank', args=[slug])}?{urlencode({'page': request.POST.get('page', '')[:9]})}")


def _shown(
    request: HttpRequest, line: Line, *, form: bank_doors.DefectForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "line": line,
        "page": Paginator(bank_boards.rows(line), PAGE).get_page(request.GET.get("page")),
        "sealing": bank_boards.sealing(line),
        "class_names": line.class_names(),
        "classes": sorted(bank.classes_of(line).items()),
        "shortfalls": [bank_boards.shortfall_sentence(line, level) for level in (Level.PARTIAL, Level.FULL)],
        "trials": line.retro_trials.filter(product=line.product).select_related("model_version").order_by("attempt"),
        "versions": _others(line),
        "may_sign": may_sign_levels(request.user, line, now=now()),
        "form": form or bank_doors.DefectForm(line=line),
    }
    return render(request, "review/bank.html", context, status=status)


def _others(line: Line) -> QuerySet[ModelVersion]:
    serving = line.present_epoch.model_version
    versions = ModelVersion.objects.order_by("name", "version")
    return versions.exclude(pk=serving.pk) if serving else versions


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(request.user), slug=slug)
