"""Pages for QA leads and administrators: how a line climbs."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import automation, campaigns, certificates, permissions, waivers
from inspection.models import GateEvaluation, Hold, LevelChange, LevelProposal, Line
from inspection.rules.ladder import judge
from inspection.rules.words import AssistStyle, Level, Role
from review import (
    assist_styles,
    audit_boards,
    band_boards,
    boards,
    candidate_boards,
    candidates,
    containment,
    evidence,
    frozen_boards,
    ladder_doors,
    reason_words,
    sentences,
    signing,
)
from review.frozen_boards import Frozen
from review.rules import pace

HISTORY = 8
NEAREST = 3


@login_required
@require_GET
def automation_page(request: HttpRequest, slug: str) -> HttpResponse:
    """The ladder of one line: where it stands, what the next rung wants, who must sign, how it came here."""
    line = _line(request, slug)
    moment, names = now(), line.class_names()
    to_level = Level(line.level).above
    reading = evidence.read(line, to_level, now=moment) if to_level else None
    proposal = automation.open_proposal(line)
    holds = boards.holds_of(line)
    rows, met = boards.folded(boards.rows(reading.judgement, names)) if reading else ([], [])
    bands = certificates.standing(line, line.epoch.model_version_id if line.epoch else None)
    context = {
        "line": line,
        "class_names": names,
        "reading": reading,
        "next_level": to_level,
        "sentence": sentences.verdict(reading.judgement, reading.gate.to_level, names) if reading else "",
        "rows": rows,
        "met": met,
        "missing_page": boards.PAGES.get(sentences.missing_deed(reading.judgement)) if reading else None,
        "earliest": _earliest(reading, moment) if reading else None,
        "never": [sentences.never(check) for check in pace.never(reading.judgement)] if reading else [],
        "beyond": _beyond(line, to_level, names),
        "losses": band_boards.losses(bands) if bands else [],
        "rungs": boards.rungs(line, reading, proposal, bool(holds)),
        "proposal": proposal,
        "hours_left": _hours_left(proposal.expires_at, moment) if proposal else "",
        "parts_since": automation.parts_since(proposal) if proposal else 0,
        "frozen": _frozen(proposal, reading, moment),
        "holds": holds,
        "contained_open": containment.still_open(line) if holds or (proposal and proposal.resumes) else 0,
        "freezes": boards.freezes_of(line),
        "audit": audit_boards.of(line, now=moment),
        "history": _history(line, names),
        "candidates": candidates.of(line) if to_level else [],
        "certificate": candidate_boards.of_line(line, now=moment),
        "waivers": list(waivers.of(line, now=moment)),
        "waivable": boards.waivable(reading, names) if reading else [],
        "lower_levels": [level for level in Level if level.rung < Level(line.level).rung],
        "campaign": campaigns.standing(line, now=moment),
        "alongside": line.assist_style == AssistStyle.ALONGSIDE,
        "times_longer": assist_styles.times_longer(line.control_share),
        "may_sign": permissions.may_sign_levels(request.user, line, now=moment),
        "has_signed": proposal is not None and proposal.proposer_id == request.user.pk,
        "may_lower": permissions.may_lower(request.user, line),
    }
    return render(request, "review/automation.html", context)


@login_required
@require_POST
def ladder_deed(request: HttpRequest, slug: str, deed: str) -> HttpResponse:
    """Do one of the ladder's deeds and show the page again, with a message."""
    line = _line(request, slug)
    ladder_doors.do(deed, request, line)
    return redirect("automation", slug)


@login_required
@require_GET
def holds(request: HttpRequest) -> JsonResponse:
    """The lines a person sees that are on hold: every page asks, so that STOP shows within two seconds."""
    lines = permissions.lines_for(request.user).filter(holds__lifted_at=None, holds__isnull=False)
    return JsonResponse({"holds": sorted(set(lines.values_list("slug", flat=True)))})


def _line(request: HttpRequest, slug: str) -> Line:
    lines = permissions.lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)
    return get_object_or_404(lines.select_related("epoch__model_version", "product", "deployment", "bands"), slug=slug)


def _earliest(reading: evidence.Reading, moment: datetime) -> date | None:
    today = moment.astimezone(ZoneInfo(reading.line.time_zone)).date()
    return pace.earliest(reading.judgement, days=reading.evidence.days, today=today)


def _beyond(line: Line, to_level: Level | None, names: Mapping[str, str]) -> dict[str, object] | None:
    """Return the gate after the next one, before anything is counted toward it."""
    above = to_level.above if to_level else None
    if above is None:
        return None
    short = boards.short(judge(evidence.gate_for(line, above), evidence.Evidence()), names)
    return {"level": above, "short": len(short), "nearest": short[:NEAREST], "rest": short[NEAREST:]}


def _frozen(proposal: LevelProposal | None, reading: evidence.Reading | None, moment: datetime) -> Frozen | None:
    """Return what is signed beside what is read now. None without a proposal, and at `human`, which has no gate."""
    if proposal is None or proposal.evaluation is None:
        return None
    live = signing.reading_of(proposal, now=moment) if proposal.resumes else reading
    return frozen_boards.of(proposal.evaluation, live.judgement, proposal.line.class_names()) if live else None


def _hours_left(expires_at: datetime, moment: datetime) -> str:
    minutes = max(0, int((expires_at - moment).total_seconds() // 60))
    return _("%(hours)s h %(minutes)s m left") % {"hours": minutes // 60, "minutes": minutes % 60}


def _history(line: Line, names: Mapping[str, str]) -> list[tuple[datetime, str]]:
    """Return what happened on the ladder, newest first: moves, gates that opened or shut, holds."""
    moves = [
        (change.changed_at, _move_sentence(change, names))
        for change in LevelChange.objects.filter(line=line).order_by("-changed_at")[:HISTORY]
    ]
    gates = [
        (seen.evaluated_at, _gate_sentence(seen))
        for seen in GateEvaluation.objects.filter(line=line).order_by("-evaluated_at")[:HISTORY]
    ]
    holds = [(hold.placed_at, _hold_sentence(hold)) for hold in line.holds.order_by("-placed_at")[:HISTORY]]
    return sorted([*moves, *gates, *holds], key=lambda event: event[0], reverse=True)[:HISTORY]


def _move_sentence(change: LevelChange, names: Mapping[str, str]) -> str:
    raised = Level(change.to_level).rung > Level(change.from_level).rung
    cause = reason_words.reason_word(change.cause, names)
    words = {"level": sentences.level_name(Level(change.to_level)), "cause": cause}
    return (_("Raised to %(level)s: %(cause)s") if raised else _("Lowered to %(level)s: %(cause)s")) % words


def _hold_sentence(hold: Hold) -> str:
    words = {"reason": reason_words.reason_word(hold.reason)}
    return (_("Stopped: %(reason)s") if hold.kind == Hold.STOP else _("Put on hold: %(reason)s")) % words


def _gate_sentence(seen: GateEvaluation) -> str:
    words = {"level": sentences.level_name(Level(seen.to_level))}
    return (_("Gate to %(level)s open") if seen.status == "open" else _("Gate to %(level)s shut")) % words
