"""The registry over HTTP: which versions there are, one with its card, and a new one as safetensors."""

import math
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator, validate_slug
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import permissions, uploads
from inspection.api.parsers import FORM_OVERHEAD, StrictMultiPartParser, body_of
from inspection.api.problems import Problem
from inspection.api.serializers import StrictCharField, checked
from inspection.models import ModelVersion
from review.api.forms import StrictForm
from review.api.people import person_of
from review.api.shapes import RegistrationShape
from review.origin_words import registration
from review.permissions import may_read_registry
from vision.architectures import ARCHITECTURES

NEWEST = 200


class ModelParser(StrictMultiPartParser):
    too_large = "model-too-large"

    def body_max(self) -> int:
        return uploads.FILE_MAX + FORM_OVERHEAD


class NumberField(serializers.FloatField):
    """A finite number, sent as the text of a form field."""

    def to_internal_value(self, data: Any) -> float:
        number = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class ModelBody(StrictForm):
    """What a file of weights is said to be."""

    name = StrictCharField(max_length=60, validators=[validate_slug])
    architecture = serializers.ChoiceField(list(ARCHITECTURES))
    classes = StrictCharField(
        max_length=4200,
        validators=[RegexValidator(uploads.CLASSES_PATTERN)],
        help_text="codes with commas between, in the order of the network's outputs behind pass",
    )
    calibrator_a = NumberField(required=False, help_text="probability = 1 / (1 + exp(a * score + b))")
    calibrator_b = NumberField(required=False)
    heat_scale = NumberField(required=False, min_value=1e-6, help_text="activation that is drawn as the hottest")
    made_from = StrictCharField(max_length=300, required=False, allow_blank=True)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}\Z", required=False, help_text="another file is refused")


class ModelUpload(ModelBody):
    """The weights as safetensors, with what they are said to be."""

    file = serializers.FileField()


class VersionShape(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.IntegerField()
    architecture = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    weights_sha256 = serializers.CharField()
    onnx_sha256 = serializers.CharField()
    registered = RegistrationShape()
    links = serializers.DictField(child=serializers.CharField())


class CardShape(VersionShape):
    card = serializers.DictField()


class VersionsShape(serializers.Serializer):
    models = VersionShape(many=True)


@extend_schema(methods=["GET"], operation_id="models", responses=VersionsShape)
@extend_schema(
    methods=["POST"],
    operation_id="model_upload",
    request={"multipart/form-data": ModelUpload},
    responses={201: CardShape},
)
@api_view(["GET", "HEAD", "POST"])
@parser_classes([ModelParser])
def models(request: Request) -> Response:
    """The newest versions; or register one from safetensors, as an administrator of every line."""
    _check_reads(request)
    if request.method != "POST":
        newest = ModelVersion.objects.select_related("registered_by").order_by("-created_at", "-pk")[:NEWEST]
        return Response({"models": [_plain(version) for version in newest]})
    if not permissions.may_administer(request.user):
        raise Problem("forbidden")
    return _taken(request)


@extend_schema(operation_id="model", responses=CardShape)
@api_view(["GET", "HEAD"])
def model(request: HttpRequest, name: str, version: int) -> Response:
    """One version with its card, its hashes and who answers for it."""
    _check_reads(request)
    found = get_object_or_404(ModelVersion.objects.select_related("registered_by"), name=name, version=version)
    return Response(_with_card(found))


def _taken(request: Request) -> Response:
    fields: dict[str, Any] = cast(QueryDict, body_of(request)).dict()
    file = _file(request)
    # Before a word about the rest: who sends another kind of file need not fill in a form first.
    uploads.check_type(file)
    given = checked(ModelBody(data={name: value for name, value in fields.items() if name not in request.FILES}))
    version = uploads.take_in(uploads.Upload(file=file, **given), by=person_of(request), now=now())
    return Response(_with_card(version), status=201, headers={"Location": _address(version)})


def _file(request: Request) -> UploadedFile:
    if set(request.FILES) - {"file"}:
        raise ValidationError({"non_field_errors": [ErrorDetail(_("Unknown file field."), code="unknown-field")]})
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise ValidationError(
            {"file": [ErrorDetail(_("Send one file."), code="required" if not files else "repeated")]}
        )
    return files[0]


def _check_reads(request: HttpRequest | Request) -> None:
    if not may_read_registry(request.user):
        raise Http404


def _plain(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "architecture": version.architecture,
        "classes": version.classes,
        "weights_sha256": version.weights_sha256,
        "onnx_sha256": version.onnx_sha256,
        "registered": registration(version),
        "links": {"self": _address(version)},
    }


def _with_card(version: ModelVersion) -> dict[str, Any]:
    return {**_plain(version), "card": version.card}


def _address(version: ModelVersion) -> str:
    return reverse("api-model", args=[version.name, version.version])
