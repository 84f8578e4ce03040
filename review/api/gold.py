"""Gold items over HTTP: what leads read and set, and the end of a session for each inspector."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.problems import Problem
from inspection.models import Line
from inspection.permissions import lines_for, may_inspect, may_sign_levels
from review import bank_doors, gold, measures, sessions
from review.api.forms import StrictForm
from review.api.people import person_of
from review.figures import Rate
from review.gold_models import GoldRule
from review.rules import gold as rules


class GoldRuleBody(StrictForm):
    is_on = serializers.BooleanField()
    wanted_share = serializers.FloatField(min_value=0.001, max_value=rules.MOST)


class CountedShown(serializers.Serializer):
    k = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="null below 50 gold items")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class InspectorShown(serializers.Serializer):
    person = serializers.CharField()
    standing = serializers.ChoiceField(["few", "good", "marginal", "poor"])
    right = CountedShown()
    missed = CountedShown()
    alarmed = CountedShown()
    chart = serializers.FloatField()
    has_alarm = serializers.BooleanField()


class DoseShown(serializers.Serializer):
    person = serializers.CharField()
    share = serializers.FloatField()
    wanted = serializers.FloatField()
    per_day = serializers.FloatField()
    images_missing = serializers.IntegerField()


class GoldShown(serializers.Serializer):
    is_on = serializers.BooleanField()
    wanted_share = serializers.FloatField()
    inspectors = InspectorShown(many=True)
    doses = DoseShown(many=True)
    defects = serializers.DictField(child=serializers.IntegerField())
    good = serializers.IntegerField()


class SessionShown(serializers.Serializer):
    readings = serializers.IntegerField()
    ended_at = serializers.DateTimeField()
    caught = serializers.IntegerField()
    known = serializers.IntegerField()
    missed = serializers.ListField(child=serializers.DictField())


@extend_schema(methods=["GET"], operation_id="gold", responses=GoldShown)
@extend_schema(methods=["POST"], operation_id="gold_set", request=GoldRuleBody, responses=GoldShown)
@api_view(["GET", "HEAD", "POST"])
def gold_items(request: Request, slug: str) -> Response:
    """How people inspect by name, and what the library allows; or set whether gold items are given."""
    line = get_object_or_404(bank_doors.lines_of(person_of(request)), slug=slug)
    if request.method == "POST":
        given = GoldRuleBody.read(request)
        if not may_sign_levels(person_of(request), line, now=now()):
            raise PermissionDenied
        gold.set_rule(line, by=person_of(request), now=now(), **given)
    return Response(_plain(line))


@extend_schema(operation_id="session_end", request=None, responses={201: SessionShown})
@api_view(["POST"])
def end_session(request: Request, slug: str) -> Response:
    """End my session and hear which known defects I caught and missed in it."""
    line = get_object_or_404(lines_for(person_of(request)), slug=slug)
    if not may_inspect(person_of(request), line):
        raise PermissionDenied
    try:
        ended = sessions.end(person_of(request), line, now=now())
    except sessions.TooShort as refusal:
        raise Problem("conflict", detail=str(refusal)) from refusal
    caught, known, missed = sessions.told(ended)
    listed = [{"task": str(one.task_id), "defect_class": one.task.gold.defect_class} for one in missed]
    facts = {"readings": ended.readings, "ended_at": ended.ended_at, "caught": caught, "known": known}
    return Response(SessionShown({**facts, "missed": listed}).data, status=201)


def _plain(line: Line) -> dict[str, Any]:
    rule = gold.rule_of(line) or GoldRule(line=line, is_on=False, wanted_share=rules.WANTED)
    found = measures.feasible(line, rule, now=now())
    return GoldShown(
        {
            "is_on": rule.is_on,
            "wanted_share": rule.wanted_share,
            "inspectors": [_person_plain(one) for one in measures.of_line(line)],
            "doses": [
                {
                    "person": person.username,
                    "share": dose.share,
                    "wanted": dose.wanted,
                    "per_day": dose.per_day,
                    "images_missing": dose.missing,
                }
                for person, dose in found.doses
            ],
            "defects": dict(found.classes),
            "good": found.good,
        }
    ).data


def _person_plain(one: measures.Measured) -> dict[str, Any]:
    rates = {name: _counted(getattr(one, name), hidden=one.is_few) for name in ("right", "missed", "alarmed")}
    facts = {"person": one.person.username, "standing": one.verdict, "chart": one.chart, "has_alarm": one.has_alarm}
    return facts | rates


def _counted(found: Rate, *, hidden: bool) -> dict[str, float | int | None]:
    shares = {"share": found.share, "low": found.low, "high": found.high}
    return {"k": found.k, "n": found.n, **(dict.fromkeys(shares) if hidden else shares)}
