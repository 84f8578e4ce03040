"""Pages of review: choosing a line, the loop, and rulings on disagreements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inspection.models import DefectClass, GoldenReference, Hold, Line, User
from inspection.permissions import lines_for, may_adjudicate, may_inspect
from inspection.rules.words import Role
from review import adjudications as deeds
from review import first_minutes, queues, sights
from review.forms import RulingForm
from review.models import Adjudication, Decision
from review.permissions import PersonRequest, cases_for, roles_by_line
from review.pictures import references_of, upright_size
from review.rules import keys
from review.texts import cannot_judge_reasons, key_list, loop_texts

CASES_MAX = 100


@login_required
@require_GET
def queue_choice(request: PersonRequest) -> HttpResponse:
    """The lines a person inspects, the longest wait against its deadline first. `?part=rows` is the table alone."""
    roles = roles_by_line(request.user)
    found = queues.waiting_on(lines_for(request.user), person=request.user)
    held = _held_since([one.line for one in found])
    rows = sorted((_row(one, roles(one.line), held) for one in found), key=lambda row: -row["pressure"])
    context = {
        "rows": rows,
        "shows_level": any(row["level"] for row in rows),
        "inspects": any(row["may_inspect"] for row in rows),
    }
    if request.GET.get("part") == "rows":
        return render(request, "review/_queue_rows.html", context)
    context |= {"today": _today(request.user), "steps": _steps(request.user)}
    return render(request, "review/queue_choice.html", context)


@login_required
@require_POST
def dismiss_first_minutes(request: PersonRequest) -> HttpResponse:
    """Put the list of first things to try away for good."""
    first_minutes.dismiss(request.user)
    return redirect("queue-choice")


def _steps(person: User) -> list[first_minutes.Step]:
    return first_minutes.of(person) if settings.DEMO else []


@login_required
@ensure_csrf_cookie
@require_GET
def review(request: PersonRequest, slug: str) -> HttpResponse:
    """The loop's page. What it may say about a prediction comes later, and only from the API."""
    line = get_object_or_404(lines_for(request.user).select_related("product"), slug=slug)
    if not may_inspect(request.user, line):
        raise PermissionDenied(_("Only inspectors of this line read its images."))

    classes = list(line.defect_classes.filter(retired_at=None).order_by("key"))
    golden = next(iter(references_of(line).values()), None)
    theme = request.user.preferences.get("theme") or "dark"
    chosen = keys.of(request.user.preferences)
    context = {"line": line, "classes": classes, "golden": golden, "loop_theme": theme}
    return render(
        request,
        "review/review.html",
        {
            **context,
            "glove": chosen.glove,
            "key_list": key_list(chosen, reveals=line.level in sights.REVEALING),
            "reasons": cannot_judge_reasons(),
            "loop": _laid_out(request, line, classes, golden),
        },
    )


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
    """One disagreement: the image with what was said, and one form."""
    line = _line_to_lead(request, slug)
    case = get_object_or_404(cases_for(request.user).filter(line=line), pk=pk)
    if case.ruled_at is not None:
        return _ruled(request, case, line)
    form = RulingForm(request.POST or None, line=line, calls=deeds.shown(case))
    if request.method == "POST" and form.is_valid() and _rule(request, case, form):
        return redirect("adjudication", slug, pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "review/adjudication.html", _case(request, case, line, form), status=status)


# What the pages show --------------------------------------------------------------------------------------------


def _held_since(lines: Sequence[Line]) -> dict[int, datetime]:
    """Since when each of the lines that is on hold has been so."""
    holds = Hold.objects.in_force().filter(line__in=lines).order_by("-placed_at")
    return dict(holds.values_list("line_id", "placed_at"))


def _row(found: queues.Waiting, roles: set[Role], held: dict[int, datetime]) -> dict[str, Any]:
    line, oldest = found.line, found.oldest_at
    waited = (now() - oldest).total_seconds() if oldest else 0.0
    return {
        "line": line,
        "level": line.level if roles & {Role.QA_LEAD, Role.ADMINISTRATOR} else "",
        "may_inspect": Role.INSPECTOR in roles,
        "waiting": found.waiting,
        "leased_by_others": found.leased_by_others,
        "waited": waited if oldest else None,
        "held_at": held.get(line.pk),
        "late": waited > line.review_deadline_s,
        "pressure": waited / line.review_deadline_s,
    }


def _today(person: User) -> dict[str, Any]:
    """What this person decided since midnight, and how long the images were on the screen."""
    decided = Decision.objects.filter(person=person, recorded_at__date=localdate())
    sums = decided.aggregate(count=Count("pk"), looked_ms=Sum("view_ms", default=0))
    return {"count": sums["count"], "looked_s": sums["looked_ms"] / 1000}


def _laid_out(
    request: PersonRequest, line: Line, classes: list[DefectClass], golden: GoldenReference | None
) -> dict[str, Any]:
    """What the loop's scripts start from. It names neither level nor model."""
    chosen = keys.of(request.user.preferences)
    return {
        "line": line.slug,
        "person": request.user.pk,
        "undo_s": line.undo_s,
        "vigilance_min": line.vigilance_min,
        "reveal_wait_ms": settings.REVEAL_WAIT_MS,
        "classes": [{"code": one.code, "name": one.local_name, "key": one.key} for one in classes],
        "reasons": cannot_judge_reasons(),
        "reference_url": reverse("api-reference", args=[line.slug, golden.view]) if golden else None,
        "api": "/api/v1/",
        "home": reverse("queue-choice"),
        "sign_in": reverse("account_login"),
        "keys": dict(chosen.letters),
        "keys_off": chosen.off,
        "texts": loop_texts(chosen),
    }


def _line_to_lead(request: PersonRequest, slug: str) -> Line:
    line = get_object_or_404(lines_for(request.user), slug=slug)
    if not may_adjudicate(request.user, line):
        raise PermissionDenied(_("Only QA leads of this line give rulings."))
    return line


def _case(request: PersonRequest, case: Adjudication, line: Line, form: RulingForm) -> dict[str, Any]:
    cases = list(deeds.waiting_for(request.user, lines=[line]).values_list("pk", flat=True)[:CASES_MAX])
    return {
        "line": line,
        "case": case,
        "form": form,
        "chosen": form.data.get("ruling", "") if form.errors else "",
        "calls": [_call(letter, call, form) for letter, call in zip("AB", form.calls, strict=False)],
        "size": upright_size(case.item),
        "place": cases.index(case.pk) + 1 if case.pk in cases else None,
        "total": len(cases),
        "theme": request.user.preferences.get("theme") or "dark",
    }


def _call(letter: str, call: deeds.Shown, form: RulingForm) -> dict[str, Any]:
    return {
        "letter": letter,
        "label": call.label,
        "class_name": form.class_name(call.defect_class),
        "comment": call.comment,
        "boxes": [region for region in call.regions if "w" in region],
        "points": [region for region in call.regions if "w" not in region],
    }


def _rule(request: PersonRequest, case: Adjudication, form: RulingForm) -> bool:
    """Give the ruling; where the deed refuses, the form says why."""
    try:
        deeds.rule(case, by=request.user, now=now(), **form.verdict())
    except deeds.ConflictOfInterest:
        form.add_error(None, _("You have read this image yourself: another lead must rule on it."))
    except deeds.AlreadyRuled:
        form.add_error(None, _("Another lead ruled on it a moment ago."))
    else:
        return True
    return False


def _ruled(request: PersonRequest, case: Adjudication, line: Line) -> HttpResponse:
    """What the models said, for the one who ruled; another lead may be asked to look again, blind to it."""
    if case.ruled_by != request.user:
        return redirect("adjudications", line.slug)
    following = deeds.waiting_for(request.user, lines=[line]).first()
    predictions = deeds.predictions_after(case)
    context = {
        "line": line,
        "case": case,
        "predictions": predictions,
        "following": following,
        "class_names": line.class_names(),
    }
    return render(request, "review/ruled.html", context)
