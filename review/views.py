"""Pages of review: choosing a line, and the loop."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from inspection import zones
from inspection.models import DefectClass, GoldenReference, Hold, Line, User
from inspection.permissions import lines_for, may_inspect
from inspection.rules.words import Phase, Role
from review import demo_lines, first_line, first_minutes, limits, queues, sights
from review.models import Decision, DecisionFate
from review.permissions import PersonRequest, roles_by_line
from review.pictures import references_of
from review.rules import keys, patience
from review.texts import cannot_judge_reasons, key_list, loop_texts


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
    in_demo = demo_lines.shown().exists()
    context |= {
        "today": _today(request.user, [one.line for one in found]),
        "steps": _steps(request.user, in_demo=in_demo),
        "in_demo": in_demo,
    }
    return render(request, "review/queue_choice.html", context)


@login_required
@require_POST
def dismiss_first_minutes(request: PersonRequest) -> HttpResponse:
    """Put the list of first things to do away for good."""
    first_minutes.dismiss(request.user)
    return redirect("queue-choice")


def _steps(person: User, *, in_demo: bool) -> list[first_minutes.Step]:
    return first_minutes.of(person) if in_demo else first_line.of(person)


@login_required
@ensure_csrf_cookie
@require_GET
def review(request: PersonRequest, slug: str) -> HttpResponse:
    """The loop's page. What it may say about a prediction comes later, and only from the API."""
    line = get_object_or_404(lines_for(request.user).select_related("product"), slug=slug)
    if not may_inspect(request.user, line):
        raise PermissionDenied(_("Only inspectors of this line read its images."))

    classes = list(line.defect_classes.filter(retired_at=None).order_by("key"))
    goldens = list(references_of(line).values())
    theme = request.user.preferences.get("theme") or "dark"
    chosen = keys.of(request.user.preferences)
    context = {"line": line, "classes": classes, "golden": next(iter(goldens), None), "loop_theme": theme}
    return render(
        request,
        "review/review.html",
        {
            **context,
            # The one statement that the loop's page asks for them.
            "limits": limits.of(classes),
            "glove": chosen.glove,
            "key_list": key_list(chosen, reveals=line.level in sights.REVEALING),
            "reasons": cannot_judge_reasons(),
            "loop": _laid_out(request, line, classes, goldens),
        },
    )


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
        "next_min": None if found.waiting else queues.minutes_to_next(line, now=now()),
        "waited": waited if oldest else None,
        "held_at": held.get(line.pk),
        "late": waited > line.review_deadline_s,
        "pressure": waited / line.review_deadline_s,
    }


def _today(person: User, lines: Sequence[Line]) -> dict[str, Any]:
    """What this person decided since midnight where their lines stand, and how long the images were on the screen.

    A part counts once, whatever was said of it after a reveal, and not where the call was taken back.
    """
    called = Decision.objects.filter(person=person, recorded_at__gte=zones.midnight(zones.of_all(lines), now()))
    stands = Q(phase=Phase.INITIAL.value) & ~Q(fate__fate=DecisionFate.UNDONE)
    sums = called.aggregate(count=Count("pk", filter=stands), looked_ms=Sum("view_ms", default=0))
    return {"count": sums["count"], "looked_s": sums["looked_ms"] / 1000}


def _laid_out(
    request: PersonRequest, line: Line, classes: list[DefectClass], goldens: Sequence[GoldenReference]
) -> dict[str, Any]:
    """What the loop's scripts start from. It names neither level nor model."""
    chosen, stretched = keys.of(request.user.preferences), patience.factor(request.user.preferences)
    return {
        "line": line.slug,
        "person": request.user.pk,
        "undo_s": line.undo_s * stretched,
        "patience": stretched,
        "vigilance_min": line.vigilance_min,
        "opening": {"golden": line.loop_golden, "zoom": line.loop_zoom},
        "reveal_wait_ms": settings.REVEAL_WAIT_MS,
        "classes": [{"code": one.code, "name": one.local_name, "key": one.key} for one in classes],
        "reasons": cannot_judge_reasons(),
        "references": [
            {"url": reverse("api-reference", args=[line.slug, one.view]), "revision": one.revision} for one in goldens
        ],
        "api": "/api/v1/",
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "home": reverse("queue-choice"),
        "sign_in": reverse("account_login"),
        "keys": dict(chosen.letters),
        "keys_off": chosen.off,
        "texts": loop_texts(chosen, patience=stretched),
    }
