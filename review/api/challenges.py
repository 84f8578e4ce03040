"""Challenge parts over HTTP: what is due and came, the parts at hand, the calendar."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField
from inspection.models import Line
from review import bank_doors, challenge_boards, challenges
from review.api.forms import StrictForm
from review.api.people import person_of
from review.bank_models import BankDefect
from review.challenge_doors import REFUSALS, SERIAL_MAX
from review.challenge_models import ChallengePart


class MarkBody(StrictForm):
    defect = serializers.IntegerField(min_value=1, help_text="number of the defect in the bank")
    serial = StrictCharField(max_length=SERIAL_MAX)


class CalendarBody(StrictForm):
    at_shift_start = serializers.BooleanField()
    at_changeover = serializers.BooleanField()
    every_h = serializers.IntegerField(min_value=1, max_value=24, allow_null=True)
    parts = serializers.IntegerField(min_value=1, max_value=50)


class CalendarShown(serializers.Serializer):
    at_shift_start = serializers.BooleanField()
    at_changeover = serializers.BooleanField()
    every_h = serializers.IntegerField(allow_null=True)
    parts = serializers.IntegerField()
    set_at = serializers.DateTimeField()


class DueShown(serializers.Serializer):
    occasion = serializers.CharField(source="round.occasion")
    due_at = serializers.DateTimeField(source="round.due_at")
    wanted = serializers.IntegerField(source="round.wanted")
    came = serializers.IntegerField()
    is_overdue = serializers.BooleanField()


class ChallengePartShown(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    serial = serializers.CharField(source="part.serial")
    defect = serializers.CharField()
    defect_class = serializers.CharField(source="defect.defect_class")
    came = serializers.IntegerField()
    missed = serializers.IntegerField()


class ChallengesShown(serializers.Serializer):
    calendar = CalendarShown(allow_null=True)
    due = DueShown(many=True)
    parts = ChallengePartShown(many=True)


@extend_schema(methods=["GET"], operation_id="challenges", responses=ChallengesShown)
@extend_schema(methods=["POST"], operation_id="challenge_mark", request=MarkBody, responses={201: ChallengesShown})
@api_view(["GET", "HEAD", "POST"])
def challenge_parts(request: Request, slug: str) -> Response:
    """What is due and the parts at hand; or mark a part with a defect of the bank."""
    line = _line(request, slug)
    if request.method != "POST":
        return Response(_plain(line))
    given = MarkBody.read(request)
    defect = get_object_or_404(BankDefect.objects.select_related("line"), line=line, number=given["defect"])
    _done(challenges.mark, defect, serial=given["serial"], by=person_of(request), now=now())
    return Response(_plain(line), status=201)


@extend_schema(operation_id="challenge_retire", request=None, responses=ChallengesShown)
@api_view(["POST"])
def retire(request: Request, slug: str, pk: int) -> Response:
    """Take a challenge part out of use."""
    line = _line(request, slug)
    part = get_object_or_404(ChallengePart.objects.select_related("part"), pk=pk, line=line)
    _done(challenges.retire, part, by=person_of(request), now=now())
    return Response(_plain(line))


@extend_schema(operation_id="challenge_calendar", request=CalendarBody, responses=ChallengesShown)
@api_view(["POST"])
def calendar(request: Request, slug: str) -> Response:
    """Say when challenge parts are due and how many each time."""
    line = _line(request, slug)
    given = CalendarBody.read(request)
    challenges.set_calendar(line, by=person_of(request), now=now(), **given)
    return Response(_plain(line))


def _plain(line: Line) -> dict[str, Any]:
    facts = {
        "calendar": challenges.calendar_of(line),
        "due": challenge_boards.due(line, now=now()),
        "parts": challenge_boards.parts(line),
    }
    return ChallengesShown(facts).data


def _done(deed, *subjects: object, **facts: object) -> None:
    try:
        deed(*subjects, **facts)
    except tuple(REFUSALS) as refusal:
        raise Problem("conflict", detail=REFUSALS[type(refusal)]()) from refusal


def _line(request: Request, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(person_of(request)), slug=slug)
