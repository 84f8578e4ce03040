"""Pages of the adjudicator: open disagreements, one of them with what helps to rule, and what was ruled."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inspection.models import Line
from inspection.permissions import lines_for, may_adjudicate
from review import adjudications as deeds
from review import held_rulings, late_calls, precedents, searches
from review.adjudications import Spoken
from review.forms import RulingForm
from review.models import Adjudication, HeldRuling
from review.permissions import PersonRequest, cases_for
from review.pictures import references_of, upright_size
from review.rules import keys
from review.texts import ruling_keys

CASES_MAX = 100
CAPS = (("pass", "F"), ("defect", "J"), ("unsure", "D"), ("undo", "Z"), ("limits", "L"))


@login_required
@require_GET
def adjudications(request: PersonRequest, slug: str) -> HttpResponse:
    """Open disagreements of a line that this person may rule on, oldest first."""
    line = _line_to_lead(request, slug)
    cases = deeds.waiting_for(request.user, lines=[line])[:CASES_MAX]
    last = Adjudication.objects.filter(line=line, ruled_at__isnull=False).order_by("-ruled_at").first()
    return render(request, "review/adjudications.html", {"line": line, "cases": cases, "last": last})


@login_required
@require_http_methods(["GET", "POST"])
def adjudication(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """One disagreement: the image with what was said, and one form. `?after=` names the case ruled on before."""
    line = _line_to_lead(request, slug)
    case = get_object_or_404(cases_for(request.user).filter(line=line), pk=pk)
    held = held_rulings.of(case)
    if case.ruled_at is not None or held is not None:
        return _ruled(request, case, line, held)
    form = RulingForm(request.POST or None, line=line, calls=deeds.shown(case))
    if request.method == "POST" and form.is_valid() and _hold(request, case, form):
        return _onward(request, case, line)
    status = 422 if request.method == "POST" else 200
    return render(request, "review/adjudication.html", _case(request, case, line, form), status=status)


@login_required
@require_POST
def undo(request: PersonRequest, slug: str, pk: UUID) -> HttpResponse:
    """Take my ruling back while its window is open, and show the case again."""
    line = _line_to_lead(request, slug)
    case = get_object_or_404(cases_for(request.user).filter(line=line), pk=pk)
    try:
        held_rulings.take_back(case, by=request.user, now=now())
    except held_rulings.TooLate:
        messages.error(request, _("The ruling stands. On the page of its image another lead can be asked to rule."))
    return redirect("adjudication", slug, pk)


# What the pages show --------------------------------------------------------------------------------------------


def _line_to_lead(request: PersonRequest, slug: str) -> Line:
    line = get_object_or_404(lines_for(request.user), slug=slug)
    if not may_adjudicate(request.user, line):
        raise PermissionDenied(_("Only QA leads of this line give rulings."))
    return line


def _case(request: PersonRequest, case: Adjudication, line: Line, form: RulingForm) -> dict[str, Any]:
    cases = list(deeds.waiting_for(request.user, lines=[line]).values_list("pk", flat=True)[:CASES_MAX])
    ruled = _ruled_today(request, line)
    chosen = keys.of(request.user.preferences)
    golden = references_of(line).get(case.item.view)
    return {
        "line": line,
        "case": case,
        "form": form,
        "chosen": form.data.get("ruling", "") if form.errors else "",
        "calls": [_call(letter, call, form) for letter, call in zip("AB", form.calls, strict=False)],
        "opinions": late_calls.opinions_on(case) if form.calls else [],
        "size": upright_size(case.item),
        "place": ruled + cases.index(case.pk) + 1 if case.pk in cases else None,
        "total": ruled + len(cases),
        "theme": request.user.preferences.get("theme") or "dark",
        "golden": golden,
        "precedents": precedents.of(case),
        "limits": precedents.limits_of(case),
        "samples": precedents.samples_of(case),
        "class_names": line.class_names(),
        "last": _last(request, line),
        "caps": {name: chosen.cap(letter) for name, letter in CAPS},
        "single_keys": not chosen.off,
        "key_list": ruling_keys(chosen, shows_calls=bool(form.calls)),
        "sheet": {"keys": dict(chosen.letters), "keys_off": chosen.off},
    }


def _ruled_today(request: PersonRequest, line: Line) -> int:
    """Count my rulings of the line's day, those not taken back: the place among the cases goes on from them."""
    today = now().astimezone(ZoneInfo(line.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = HeldRuling.objects.filter(case__line=line, ruled_by=request.user, held_at__gte=today)
    return mine.exclude(end=HeldRuling.UNDONE).count()


def _call(letter: str, call: deeds.Shown, form: RulingForm) -> dict[str, Any]:
    return {
        "letter": letter,
        "label": call.label,
        "class_name": form.class_name(call.defect_class),
        "comment": call.comment,
        "regions": call.regions,
    }


def _last(request: PersonRequest, line: Line) -> dict[str, Any] | None:
    """Return my ruling on the case that the address names as the one before, and how long it can be taken back."""
    try:
        before = UUID(request.GET.get("after", ""))
    except ValueError:
        return None
    mine = HeldRuling.objects.filter(case=before, case__line=line, ruled_by=request.user).exclude(end=HeldRuling.UNDONE)
    held = mine.select_related("case__run__part").order_by("-held_at").first()
    return {"held": held, "left_ms": _left_ms(held, now())} if held else None


def _left_ms(held: HeldRuling, moment: datetime) -> int:
    return max(0, round((held.final_at - moment).total_seconds() * 1000))


def _hold(request: PersonRequest, case: Adjudication, form: RulingForm) -> bool:
    """Keep the ruling for its undo window; where the deed refuses, the form says why."""
    try:
        held_rulings.hold(Spoken(case=case, **form.verdict()), by=request.user, now=now())
    except deeds.ConflictOfInterest:
        form.add_error(None, _("You have read this image yourself: another lead must rule on it."))
    except deeds.AlreadyRuled:
        form.add_error(None, _("Another lead ruled on it a moment ago."))
    else:
        return True
    return False


def _onward(request: PersonRequest, case: Adjudication, line: Line) -> HttpResponse:
    """Go to the next case, the oldest that waits; after the last one to what was ruled."""
    following = deeds.waiting_for(request.user, lines=[line]).first()
    if following is None:
        return redirect("adjudication", line.slug, case.pk)
    return redirect(f"{reverse('adjudication', args=[line.slug, following.pk])}?after={case.pk}")


def _ruled(request: PersonRequest, case: Adjudication, line: Line, held: HeldRuling | None) -> HttpResponse:
    """What the models said, for the one who ruled; another lead may be asked to look again, blind to it."""
    ruled_by = held.ruled_by if held else case.ruled_by
    if ruled_by != request.user:
        return redirect("adjudications", line.slug)
    context = {
        "line": line,
        "case": case,
        "ruling": held or case,
        "held": held,
        "is_open": searches.is_open(case.item),
        "left_ms": _left_ms(held, now()) if held else 0,
        "predictions": deeds.predictions_after(case),
        "following": deeds.waiting_for(request.user, lines=[line]).first(),
        "class_names": line.class_names(),
        "caps": {"undo": keys.of(request.user.preferences).cap("Z")},
        "single_keys": not keys.of(request.user.preferences).off,
    }
    return render(request, "review/ruled.html", context)
