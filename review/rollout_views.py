"""The page of a line's models: what serves, what is on its way, its guardrails, and the way back."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from inspection import arms, permissions, registry, rollouts
from inspection.models import Line, ModelVersion, Rollout
from inspection.rules.rollouts import Shift
from inspection.rules.words import RolloutStrategy
from review import candidate_boards, comparisons, days, rollbacks, rollout_boards, rollout_doors, signing
from review.permissions import PersonRequest
from stats.eprocess import evidence_ratio


@login_required
@require_GET
def rollouts_page(request: PersonRequest, slug: str) -> HttpResponse:
    """What serves, the open rollout with its plan and guardrails, history, and who may move it."""
    line, moment = _line(request, slug), now()
    serving, standing = registry.serving(line), rollout_boards.standing(line)
    asked_at = days.moment(request.GET.get("at", ""), line.time_zone)
    taken_back = rollbacks.taken_back(line)
    context = {
        "line": line,
        "asked": request.GET.get("at", "")[:40],
        "asked_at": asked_at,
        "served": registry.served_at(line, asked_at) if asked_at else None,
        "serving": serving,
        "standing": standing,
        "ways_back": rollout_boards.ways_back(line),
        "board": rollout_boards.board(standing, now=moment) if standing and standing.is_open else None,
        "trial": rollout_boards.trial(line, now=moment),
        "certificate": candidate_boards.of(standing, now=moment),
        "may_sign": permissions.may_sign_levels(request.user, line, now=moment),
        "taken_back": taken_back,
        "unexplained": rollbacks.unexplained(line),
        "last_hour": rollbacks.last_hour(taken_back).count() if taken_back else 0,
        "history": rollout_boards.history(line),
        "versions": rollout_boards.versions_for(line, serving),
        "strategies": _strategies(has_serving=serving is not None),
        "may_move": permissions.may_lower(request.user, line),
        "awaits_approval": standing is not None and rollouts.awaits_approval(standing),
    }
    return render(request, "review/rollouts.html", context)


@login_required
@require_GET
def differences_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Where the candidate of the newest rollout and the version before it differ, and who was right."""
    line = _line(request, slug)
    rollout = line.rollouts.select_related("line", "candidate", "incumbent").order_by("-pk").first()
    paired, class_names = comparisons.paired(rollout) if rollout else None, line.class_names()
    context = {
        "line": line,
        "rollout": rollout,
        "paired": paired,
        "better": evidence_ratio(paired.log_e_better) if paired else None,
        "worse": evidence_ratio(paired.log_e_worse) if paired else None,
        "differing": comparisons.differences(rollout).count() if rollout else 0,
        "waiting": comparisons.differences(rollout, is_ruled=False).count() if rollout else 0,
        "asked": comparisons.asked(rollout) if rollout else 0,
        "asked_max": arms.ASKED_MAX,
        "asked_hours": arms.ASKED_WITHIN // timedelta(hours=1),
        "slices": rollout_boards.slices(rollout, class_names) if rollout else [],
        "gallery": rollout_boards.gallery(rollout) if rollout else [],
        "class_names": class_names,
        "may_see_images": permissions.may_adjudicate(request.user, line),
    }
    return render(request, "review/differences.html", context)


@login_required
@require_POST
def deed(request: PersonRequest, slug: str, deed: str) -> HttpResponse:
    """Move the line's rollout, and show the page again with a message."""
    line = _line(request, slug)
    asked = DEEDS.get(deed)
    if asked is None:
        raise Http404
    try:
        rollout_doors.check_moves(request.user, line)
        messages.success(request, asked(request, line))
    except tuple(rollout_doors.REFUSALS) as refusal:
        messages.error(request, rollout_doors.REFUSALS[type(refusal)](refusal))
    return redirect("rollouts", slug)


def _start(request: PersonRequest, line: Line) -> str:
    number, strategy = request.POST.get("version", ""), request.POST.get("strategy", "")
    version = ModelVersion.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if version is None or strategy not in list(RolloutStrategy):
        raise rollout_doors.Incomplete
    _confirm(request)
    reason = request.POST.get("reason", "").strip()
    rollouts.start(
        line,
        version,
        strategy=RolloutStrategy(strategy),
        share=_share(request),
        by=request.user,
        reason=reason,
        now=now(),
    )
    return _("Started. Guardrails watch it from the next item on.")


def _advance(request: PersonRequest, line: Line) -> str:
    _confirm(request)
    rollout = rollouts.confirm(_standing(line), by=request.user, now=now())
    return _("Moved on to the next step.") if rollout.is_open else _("The candidate serves the line.")


def _set_share(request: PersonRequest, line: Line) -> str:
    share = _share(request)
    if share is None:
        raise rollout_doors.Incomplete
    rollouts.set_share(_standing(line), share=share, by=request.user, now=now())
    return _("The share is changed from the next item on. Counts start at 0.")


def _pause(request: PersonRequest, line: Line) -> str:
    rollouts.pause(_standing(line), by=request.user, cause=_reason(request), now=now())
    return _("Paused. Nothing advances; the guardrails go on.")


def _go_on(request: PersonRequest, line: Line) -> str:
    _confirm(request)
    reviewed = request.POST.get("reviewed", "")
    if reviewed and reviewed not in list(Shift):
        raise rollouts.ReviewDiffers
    rollouts.go_on(_named(request, line), reviewed=Shift(reviewed) if reviewed else None, by=request.user, now=now())
    return _("Going on. Counts start at 0.")


def _abort(request: PersonRequest, line: Line) -> str:
    rollbacks.abort(_standing(line), by=request.user, cause=_reason(request), now=now())
    return _("The candidate is off the line from the next item on.")


def _roll_back(request: PersonRequest, line: Line) -> str:
    again = rollbacks.roll_back(
        _named(request, line),
        by=request.user,
        reason=_reason(request),
        read_again=request.POST.get("read_again") == "on",
        now=now(),
    )
    done = _("Rolled back from the next item on.")
    if again is None:
        return f"{done} {_('Not all of the last hour is given to people yet: the rest stands on this page.')}"
    return f"{done} {_read_by_people(again)}" if again else done


def _explain(request: PersonRequest, line: Line) -> str:
    unexplained, reason = rollbacks.unexplained(line), _reason(request)
    if unexplained is None:
        raise rollouts.AlreadyExplained
    if not reason:
        raise rollout_doors.NoReason
    rollouts.explain(unexplained, by=request.user, cause=reason, now=now())
    return _("The reason stands beside the rollback.")


def _read_again(_request: PersonRequest, line: Line) -> str:
    taken_back = rollbacks.taken_back(line)
    if taken_back is None:
        raise rollouts.RolloutClosed
    return _read_by_people(rollbacks.requeue_last_hour(taken_back, now=now()))


def _read_by_people(parts: int) -> str:
    return ngettext("%(n)s part is read again.", "%(n)s parts are read again.", parts) % {"n": parts}


DEEDS: dict[str, Callable[[PersonRequest, Line], str]] = {
    "start": _start,
    "advance": _advance,
    "share": _set_share,
    "pause": _pause,
    "go-on": _go_on,
    "abort": _abort,
    "roll-back": _roll_back,
    "explain": _explain,
    "read-again": _read_again,
}


def _strategies(*, has_serving: bool) -> list[tuple[str, str]]:
    words = {
        RolloutStrategy.SHADOW: _("Shadow, then canary, then all"),
        RolloutStrategy.CANARY: _("Canary, then all"),
        RolloutStrategy.BLUE_GREEN: _(
            "Blue-green: warm, then a switch; where the model decides another person approves it"
        ),
    }
    if not has_serving:
        return [(RolloutStrategy.SHADOW.value, _("Shadow: the first model of a line only watches"))]
    return [(strategy.value, word) for strategy, word in words.items()]


def _standing(line: Line) -> Rollout:
    standing = rollout_boards.standing(line)
    if standing is None:
        raise rollouts.RolloutClosed
    return standing


def _named(request: HttpRequest, line: Line) -> Rollout:
    """Return the rollout that the form names: what stands on the line may be another since the page was shown."""
    number = request.POST.get("rollout", "")
    named = line.rollouts.filter(pk=int(number)).first() if number.isdecimal() else _standing(line)
    if named is None:
        raise rollouts.RolloutClosed
    return named


def _share(request: HttpRequest) -> float | None:
    """Return the share that was given in per cent, None where none was."""
    given = request.POST.get("share", "").strip().replace(",", ".")
    if not given:
        return None
    try:
        return float(given) / 100
    except ValueError as error:
        raise rollout_doors.Incomplete from error


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


def _confirm(request: HttpRequest) -> None:
    signing.confirm(request, password=request.POST.get("password", ""), code=request.POST.get("code", ""))


def _line(request: PersonRequest, slug: str) -> Line:
    return get_object_or_404(rollout_doors.lines_of(request.user), slug=slug)
