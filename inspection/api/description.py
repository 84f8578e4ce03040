"""How the device API describes itself (OpenAPI 3.1)."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from inspection.api import shapes
from inspection.api.serializers import HeartbeatForm

STATION, TOKEN, SESSION = "stationKey", "personToken", "session"
PROBLEM = OpenApiResponse(shapes.ProblemShape, description="Refused.")


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "inspection.api.authentication.TokenAuthentication"
    name = [STATION, TOKEN]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Station KEY_ID:SECRET`, or the X-Station headers of a signature.",
            },
            {"type": "http", "scheme": "bearer"},
        ]


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "inspection.api.authentication.PersonSession"
    name = SESSION

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class ItemUpload(serializers.Serializer):
    """One image with what is known about it."""

    image = serializers.FileField()
    serial = serializers.CharField(max_length=100)
    captured_at = serializers.DateTimeField()
    view = serializers.CharField(required=False, max_length=40)
    lot = serializers.CharField(required=False, max_length=100)
    incumbent_verdict = serializers.ChoiceField(["pass", "reject"], required=False)
    line = serializers.CharField(required=False)
    meta = serializers.CharField(required=False, help_text="a JSON object of at most 4 KB")
    decided = serializers.CharField(
        required=False,
        help_text="what it decided alone: JSON with grant, model_sha256, verdict, decided_at, age_s and probability",
    )


class BatchUpload(serializers.Serializer):
    """A zip, or several images with what is known about each."""

    archive = serializers.FileField(required=False)
    images = serializers.ListField(child=serializers.FileField(), required=False)
    parts = serializers.CharField(required=False, help_text="a JSON array, one object per image")
    line = serializers.CharField(required=False)


def described(
    *,
    answers: dict[Any, Any],
    refusals: Sequence[int],
    request: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    auth: Sequence[str] = (STATION,),
    operation: str,
) -> Callable:
    """Describe a door: what it takes, what it answers, whom it lets in."""
    problems = {
        (status, "application/problem+json"): PROBLEM for status in (400, 401, 403, 405, 406, 408, 422, 503, *refusals)
    }
    return extend_schema(
        operation_id=operation,
        request=request,
        responses={**answers, **problems},
        parameters=list(parameters),
        # The framework hands these on as they are: one requirement per way to sign in.
        auth=cast(Any, [{scheme: []} for scheme in auth]),
        tags=["devices"],
        filters=False,
    )


def _query(name: str, kind: Any, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text)


WAIT = _query("wait", OpenApiTypes.NUMBER, "hold the answer for so many seconds (0-30) until there is a disposition")
KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="at most 255 characters"
)
EVERYBODY = (STATION, TOKEN, SESSION)

items = described(
    operation="items_create",
    request={"multipart/form-data": ItemUpload},
    answers={200: shapes.ItemShape, 201: shapes.ItemShape, 202: shapes.ItemShape},
    refusals=(409, 411, 413, 415, 429, 507),
    parameters=(WAIT, KEY),
)
item = described(operation="items_retrieve", answers={200: shapes.ItemShape}, refusals=(404,), auth=EVERYBODY)
item_disposition = described(
    operation="items_disposition_retrieve",
    answers={200: shapes.DispositionShape, 202: OpenApiResponse(description="Not known yet: null.")},
    refusals=(404,),
    parameters=(WAIT,),
    auth=EVERYBODY,
)
part = described(
    operation="parts_retrieve",
    answers={200: shapes.PartShape},
    refusals=(404,),
    parameters=(_query("line", OpenApiTypes.STR, "the line's slug; a station need not name its own"),),
    auth=EVERYBODY,
)
disposition_list = described(
    operation="dispositions_list",
    answers={200: shapes.DispositionPage},
    refusals=(),
    parameters=(
        WAIT,
        _query("after", OpenApiTypes.INT64, "the cursor to go on from"),
        _query("limit", OpenApiTypes.INT, "at most so many (1-200)"),
    ),
)
heartbeat = described(
    operation="stations_heartbeat",
    request=HeartbeatForm,
    answers={200: shapes.Orders},
    refusals=(411, 413, 415),
)
station_model = described(
    operation="stations_model",
    answers={
        (200, "application/octet-stream"): OpenApiTypes.BINARY,
        (206, "application/octet-stream"): OpenApiTypes.BINARY,
        304: OpenApiResponse(description="The station has it."),
    },
    refusals=(404,),
)
batch_list = described(
    operation="batches_create",
    request={"multipart/form-data": BatchUpload},
    answers={202: shapes.BatchShape},
    refusals=(404, 411, 413, 415, 429, 507),
    auth=EVERYBODY,
)
batch = described(operation="batches_retrieve", answers={200: shapes.BatchShape}, refusals=(404,), auth=EVERYBODY)
