"""The defect bank over HTTP: list, add, confirm, retire."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import registry
from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField
from inspection.models import Line, ModelVersion
from inspection.rules.words import Level
from review import bank, bank_boards, bank_doors
from review.api.forms import StrictForm
from review.api.images import PICTURE, picture
from review.api.people import person_of
from review.api.renderers import PictureRenderer
from review.bank_boards import BankRow
from review.bank_models import BankDefect


class DefectBody(StrictForm):
    serial = StrictCharField(max_length=100)
    view = StrictCharField(max_length=40)
    defect_class = StrictCharField(max_length=40)
    mark = StrictCharField(max_length=20, required=False, default="1")
    found_by = StrictCharField(max_length=100)


class MethodBody(StrictForm):
    method = StrictCharField(max_length=100)


class RetireBody(StrictForm):
    reason = StrictCharField(max_length=200)


class TrialBody(StrictForm):
    model = StrictCharField(max_length=80)


class TrialShown(serializers.Serializer):
    """One attempt: the answer is a word, and empty while the version is being scored."""

    attempt = serializers.IntegerField()
    model = serializers.CharField(source="model_version")
    answer = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class TrialsShown(serializers.Serializer):
    trials = TrialShown(many=True)


class BankDefectShown(serializers.Serializer):
    number = serializers.IntegerField(source="defect.number")
    serial = serializers.CharField(source="defect.part.serial")
    mark = serializers.CharField(source="defect.mark")
    group = serializers.CharField(source="defect.group")
    defect_class = serializers.CharField(source="defect.defect_class")
    found_by = serializers.CharField(source="defect.found_by")
    added_at = serializers.DateTimeField(source="defect.added_at")
    method = serializers.CharField(source="defect.method")
    confirmed_at = serializers.DateTimeField(source="defect.confirmed_at", allow_null=True)
    retired_at = serializers.DateTimeField(source="defect.retired_at", allow_null=True)
    images = serializers.IntegerField()
    seen = serializers.BooleanField()
    leaked = serializers.BooleanField()


class BankShown(serializers.Serializer):
    defects = BankDefectShown(many=True)
    classes = serializers.DictField(child=serializers.IntegerField())
    shortfall = serializers.DictField(child=serializers.CharField())


@extend_schema(methods=["GET"], operation_id="bank", responses=BankShown)
@extend_schema(methods=["POST"], operation_id="bank_add", request=DefectBody, responses={201: BankDefectShown})
@api_view(["GET", "HEAD", "POST"])
def defects(request: Request, slug: str) -> Response:
    """The distinct defects of a line and what they lack toward each rung; or add one by the serial of its part."""
    line = _line(request, slug)
    if request.method == "GET":
        return Response(_bank_plain(line))
    given = DefectBody.read(request)
    defect = _done(bank.add, line, by=person_of(request), now=now(), **given)
    return Response(_plain(line, defect), status=201)


@extend_schema(operation_id="bank_confirm", request=MethodBody, responses=BankDefectShown)
@api_view(["POST"])
def confirm(request: Request, slug: str, number: int) -> Response:
    """Say how the defect was seen with certainty: from then on it counts."""
    defect = _defect(request, slug, number)
    given = MethodBody.read(request)
    _done(bank.confirm, defect, by=person_of(request), now=now(), **given)
    return Response(_plain(defect.line, defect))


@extend_schema(operation_id="bank_retire", request=RetireBody, responses=BankDefectShown)
@api_view(["POST"])
def retire(request: Request, slug: str, number: int) -> Response:
    """Take the defect out of use."""
    defect = _defect(request, slug, number)
    given = RetireBody.read(request)
    _done(bank.retire, defect, by=person_of(request), now=now(), **given)
    return Response(_plain(defect.line, defect))


@extend_schema(operation_id="bank_image", responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def image(request: Request, slug: str, number: int) -> Any:
    """The first picture of a defect."""
    shown = get_object_or_404(_defect(request, slug, number).images.order_by("pk")[:1])
    return picture(shown.item.sha256)


@extend_schema(methods=["GET"], operation_id="retro", responses=TrialsShown)
@extend_schema(methods=["POST"], operation_id="retro_try", request=TrialBody, responses={201: TrialShown})
@api_view(["GET", "POST"])
def retro_trials(request: Request, slug: str) -> Response:
    """Versions tried on the sealed archive; or try one. The answer comes later and is one word."""
    line = _line(request, slug)
    if request.method == "GET":
        trials = line.retro_trials.filter(product=line.product).select_related("model_version").order_by("attempt")
        return Response(TrialsShown({"trials": trials}).data)
    given = TrialBody.read(request)
    trial = _done(bank_doors.try_version, line, _version(given["model"]), by=person_of(request), now=now())
    return Response(TrialShown(trial).data, status=201)


def _version(name: str) -> ModelVersion:
    try:
        return registry.find(name)
    except ModelVersion.DoesNotExist as error:
        errors = [{"pointer": "/model", "detail": _("There is no such model version."), "code": "unknown"}]
        raise Problem("validation", errors=errors) from error


def _bank_plain(line: Line) -> dict[str, Any]:
    return {
        "defects": BankDefectShown(bank_boards.rows(line), many=True).data,
        "classes": bank.classes_of(line),
        "shortfall": {
            level.value: bank_boards.shortfall_sentence(line, level) for level in (Level.PARTIAL, Level.FULL)
        },
    }


def _plain(line: Line, defect: BankDefect) -> dict[str, Any]:
    row: BankRow = next(row for row in bank_boards.rows(line) if row.defect.pk == defect.pk)
    return BankDefectShown(row).data


def _line(request: Request, slug: str) -> Line:
    return get_object_or_404(bank_doors.lines_of(person_of(request)), slug=slug)


def _defect(request: Request, slug: str, number: int) -> BankDefect:
    return get_object_or_404(BankDefect.objects.select_related("line"), line=_line(request, slug), number=number)


def _done(deed, *subjects: object, **facts: object) -> Any:
    """Make the call and answer its refusals in words."""
    try:
        return deed(*subjects, **facts)
    except bank_doors.NotAllowed as refusal:
        raise PermissionDenied from refusal
    except tuple(bank_doors.REFUSALS) as refusal:
        pointers = {bank.NoPicture: "/serial", bank.UnknownClass: "/defect_class"}
        pointer = pointers.get(type(refusal))
        detail = bank_doors.REFUSALS[type(refusal)]()
        if pointer is None:
            raise Problem("conflict", detail=detail) from refusal
        errors = [{"pointer": pointer, "detail": detail, "code": "unknown"}]
        raise Problem("validation", errors=errors) from refusal
