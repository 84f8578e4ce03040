"""Agreement over HTTP: the figures of the report, and the rows behind it as CSV."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.serializers import RFC3339, MomentField, checked
from inspection.models import Epoch, Line, ModelVersion
from review import downloads, history, reliances, reports
from review.agreement_plain import as_plain
from review.api.forms import StrictForm
from review.api.people import reported_line
from review.api.renderers import TableRenderer
from review.api.shapes import AgreementShape

PARAMETERS = [
    OpenApiParameter("since", OpenApiTypes.STR, description="first local day: a date, or an RFC 3339 time of that day"),
    OpenApiParameter("until", OpenApiTypes.STR, description="last local day: a date, or an RFC 3339 time of that day"),
    OpenApiParameter("model", OpenApiTypes.STR, description="name:version; default the epoch the line is in"),
]
ABOUT = OpenApiParameter(
    "about", OpenApiTypes.BOOL, description="end with lines that begin with #: filter, time of making, sha256"
)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2200, 12, 31)
WINDOW_MAX = timedelta(days=3660)


class DayField(serializers.DateField):
    """A local day; a moment stands for the day of the line that it falls on, for readings are counted by shift."""

    def to_internal_value(self, value: Any) -> date:
        if isinstance(value, str) and RFC3339.fullmatch(value):
            return MomentField().to_internal_value(value).astimezone(self.context["zone"]).date()
        return super().to_internal_value(value)


class Window(StrictForm):
    since = DayField(required=False, default=None)
    until = DayField(required=False, default=None)
    model = serializers.RegexField(r"^[a-z0-9_-]{1,100}:[0-9]{1,9}$", required=False, default=None)

    about = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        since, until = attrs["since"], attrs["until"]
        for name, day in (("since", since), ("until", until)):
            if day and not FIRST_DAY <= day <= LAST_DAY:
                raise serializers.ValidationError({name: _("No day between 2000 and 2200.")})
        if since and until and since > until:
            raise serializers.ValidationError({"until": _("The window ends before it begins.")})
        if since and until and until - since > WINDOW_MAX:
            raise serializers.ValidationError({"until": _("A window is ten years long at most.")})
        return attrs


@extend_schema(operation_id="agreement", parameters=PARAMETERS, responses=AgreementShape)
@api_view(["GET", "HEAD"])
def agreement(request: Request, slug: str) -> Response:
    """Counts, rates with intervals, agreement measures and slices of one epoch."""
    line, epoch, window = _asked(request, slug)
    report = reports.agreement(line, epoch, now=now(), since=window["since"], until=window["until"])
    found = reliances.of(epoch)
    return Response(as_plain(report) | {"reliance": asdict(found) if found else None})


@extend_schema(operation_id="agreement_rows", parameters=[*PARAMETERS, ABOUT], responses={(200, "text/csv"): str})
@api_view(["GET", "HEAD"])
@renderer_classes([TableRenderer, JSONRenderer])
def rows(request: Request, slug: str) -> StreamingHttpResponse:
    """One row a part: who said what, the model's call and the ruling. Streamed; safe to open in a spreadsheet."""
    line, epoch, window = _asked(request, slug)
    found = history.rows(epoch, since=window["since"], until=window["until"])
    about = _about(line, epoch, window) if window["about"] else None
    return downloads.table(request, line, f"agreement-{line.slug}-{epoch.n}", history.COLUMNS, found, about=about)


def _about(line: Line, epoch: Epoch, window: dict[str, Any]) -> dict[str, Any]:
    return {
        "line": line.slug,
        "epoch": epoch.n,
        "model": epoch.model_version,
        "first local day": window["since"] or epoch.opened_at.astimezone(ZoneInfo(line.time_zone)).date(),
        "last local day": window["until"] or now().astimezone(ZoneInfo(line.time_zone)).date(),
        "time zone of the days": line.time_zone,
        "made at": now().isoformat(timespec="seconds"),
    }


def _asked(request: Request, slug: str) -> tuple[Line, Epoch, dict[str, Any]]:
    line = reported_line(request, slug, "epoch__model_version", "product")
    window = checked(Window(data=request.query_params.dict(), context={"zone": ZoneInfo(line.time_zone)}))
    return line, _epoch(line, window["model"]), window


def _epoch(line: Line, model: str | None) -> Epoch:
    if model is None:
        return line.present_epoch
    name, _, version = model.partition(":")
    wanted = get_object_or_404(ModelVersion, name=name, version=int(version))
    epochs = Epoch.objects.filter(line=line, model_version=wanted).order_by("-opened_at")
    return get_object_or_404(epochs[:1])
