"""The doors of a station: images in, verdicts out."""

from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.timezone import now as clock
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import dispositions, grants, heartbeats, intake, rates, registry, tracing
from inspection.api import description, files, waiting
from inspection.api.access import readable_lines, refusal
from inspection.api.authentication import IsStation, IsStationOrPerson, calling_station, station_of
from inspection.api.parsers import StrictMultiPartParser, body_of
from inspection.api.problems import Problem
from inspection.api.serializers import (
    KEY_PATTERN,
    CursorQuery,
    HeartbeatForm,
    ItemForm,
    LineQuery,
    NoQuery,
    WaitQuery,
    checked,
    fresh_item_as_plain,
    item_as_plain,
    view_of,
)
from inspection.heartbeats import Pulse
from inspection.models import Disposition, Item, Line, Part, Run


@description.items
@api_view(["POST"])
@parser_classes([StrictMultiPartParser])
@permission_classes([IsStation])
def items(request: Request) -> Response:
    """Take in one image. Sent again with the same key, it is answered and not taken again."""
    station = calling_station(request)
    rates.take(station, now=clock())
    wait = checked(WaitQuery(data=request.query_params.dict()))["wait"]
    key = idempotency_key(request)
    with intake.running(station, key):
        upload = _upload(request, line=station.line, key=key)
        accepted = intake.accept(station, upload=upload, now=clock())

    return _answered(accepted, wait=wait)


@description.item
@api_view(["GET", "HEAD"])
@permission_classes([IsStationOrPerson])
def item(request: Request, pk: UUID) -> Response:
    """One image, how far it is, and what happens to its part."""
    checked(NoQuery(data=request.query_params.dict()))
    return Response(item_as_plain(_visible_item(request, pk)))


@description.item_disposition
@api_view(["GET", "HEAD"])
@permission_classes([IsStationOrPerson])
def item_disposition(request: Request, pk: UUID) -> HttpResponse:
    """What happens to the run of one image: 200 once it is known, 202 and null before."""
    wait = checked(WaitQuery(data=request.query_params.dict()))["wait"]
    run = _visible_item(request, pk).run_id

    known = waiting.look_until(lambda: _known(run), seconds=wait)
    if known is None:
        return JsonResponse(None, safe=False, status=202)
    return Response(dispositions.as_plain(known))


@description.part
@api_view(["GET", "HEAD"])
@permission_classes([IsStationOrPerson])
def part(request: Request, serial: str) -> Response:
    """One part with all its runs. A station names its own line by being there; a person names it in `line`."""
    line = checked(LineQuery(data=request.query_params.dict()))["line"]
    station = station_of(request)
    if "\0" in serial:
        raise Http404
    lines = readable_lines(request).filter(**{"slug": line} if line or station is None else {})
    found = Part.objects.real().select_related("line", "lot").filter(line__in=lines, serial=serial).first()
    if found is None:
        raise refusal(request, Part.objects.real().filter(line__slug=line, serial=serial).values("line"))
    return Response(_part_as_plain(found))


@description.disposition_list
@api_view(["GET", "HEAD"])
@permission_classes([IsStation])
def disposition_list(request: Request) -> Response:
    """The station's verdicts after a cursor, in the line's order; waits for the first one where asked to."""
    station = calling_station(request)
    query = checked(CursorQuery(data=request.query_params.dict()))
    after, limit = query["after"], query["limit"]
    told = waiting.look_until(
        lambda: dispositions.told_to(station, after=after, limit=limit) or None, seconds=query["wait"]
    )
    results = [{"cursor": one.sequence, **(dispositions.as_plain(one) or {})} for one in told or []]
    return Response({"results": results, "next": results[-1]["cursor"] if results else after})


@description.heartbeat
@api_view(["POST"])
@permission_classes([IsStation])
def heartbeat(request: Request) -> Response:
    """Hear that the station lives; tell it the line's level and what it may do until the next heartbeat."""
    body = body_of(request)
    said = checked(HeartbeatForm(data=body))
    camera = said.pop("camera")
    if camera.get("last_capture_at"):
        camera["last_capture_at"] = camera["last_capture_at"].isoformat()
    pulse = Pulse(camera=camera, sent_text=body["sent_at"], **said)
    return Response(heartbeats.take(calling_station(request), pulse, now=clock()))


@description.station_model
@api_view(["GET", "HEAD"])
@permission_classes([IsStation])
def station_model(request: Request, sha256: str) -> HttpResponseBase:
    """The model file that the station's grant names, whole or from a byte on: it may be fetched in several goes."""
    checked(NoQuery(data=request.query_params.dict()))
    version = grants.model_of(calling_station(request), sha256)
    if version is None:
        raise Http404
    return files.answer(request, registry.graph_of(version), tag=sha256)


def idempotency_key(request: Request) -> str:
    """Return the request's idempotency key: visible ASCII, at most 255 characters."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise Problem("idempotency-key-missing")
    if not KEY_PATTERN.fullmatch(key):
        raise Problem("idempotency-key-invalid")
    return key


def _upload(request: Request, *, line: Line, key: str) -> intake.Upload:
    fields: dict[str, Any] = cast(QueryDict, body_of(request)).dict()
    files = request.FILES
    _check_files(files)
    image = files["image"]
    form = checked(ItemForm(data={name: value for name, value in fields.items() if name not in files}))
    if form.pop("line") not in ("", line.slug):
        raise Problem("forbidden")
    form["view"] = view_of(line, form["view"])
    form["claim"] = form.pop("decided")
    return intake.Upload(file=image, content_type=image.content_type, idempotency_key=key, **form)


def _check_files(files: Any) -> None:
    if "image" not in files:
        raise Problem("image-missing")
    if len(files.getlist("image")) > 1:
        raise Problem("image-count")
    if len(files) > 1:
        raise ValidationError({"non_field_errors": [ErrorDetail(_("Unknown file field."), code="unknown-field")]})


def _answered(accepted: intake.Accepted, *, wait: float) -> Response:
    if accepted.replayed or wait:
        run = accepted.run.pk
        waiting.look_until(lambda: _known(run), seconds=wait)
        body = item_as_plain(dispositions.of_items().get(pk=accepted.item.pk))
    else:
        body = fresh_item_as_plain(accepted.item)
    headers = {"Location": body["links"]["self"], tracing.HEADER: tracing.traceparent(accepted.item.pk)}
    if accepted.replayed:
        return Response(body, headers=headers | {"Idempotent-Replay": "true"})
    return Response(body, status=202 if body["disposition"] is None else 201, headers=headers)


def _known(run: UUID) -> Disposition | None:
    disposition = dispositions.for_telling().get(run=run)
    return disposition if dispositions.is_known(disposition) else None


def _visible_item(request: Request, pk: UUID) -> Item:
    found = dispositions.of_items().filter(pk=pk, line__in=readable_lines(request)).first()
    if found is None:
        raise refusal(request, Item.objects.real().filter(pk=pk).values("line"))
    return found


def _part_as_plain(found: Part) -> dict[str, Any]:
    seen: dict[UUID, list[Item]] = {}
    for one in dispositions.of_items().filter(run__part=found).order_by("received_at", "pk"):
        seen.setdefault(one.run_id, []).append(one)
    runs = found.runs.select_related("part", "disposition__model_version", "disposition__run__part").order_by("n")
    return {
        "line": found.line.slug,
        "serial": found.serial,
        "lot": found.lot.code if found.lot else None,
        "lot_on_hold": found.line.lot_release and found.lot is not None and found.lot.released_at is None,
        "ever_rejected_or_held": found.ever_rejected_or_held,
        "runs": [_run_as_plain(run, seen.get(run.pk, [])) for run in runs],
    }


def _run_as_plain(run: Run, seen: list[Item]) -> dict[str, Any]:
    there = {one.view for one in seen}
    return {
        "run": run.n,
        "opened_at": run.opened_at,
        "state": "final" if dispositions.is_known(run.disposition) else "open",
        "views": [
            {
                "view": one.view,
                "item": str(one.pk),
                "state": dispositions.state_of(one),
                "verdict": one.view_verdict.verdict if hasattr(one, "view_verdict") else None,
            }
            for one in seen
        ],
        "missing_views": [view for view in run.views_expected if view not in there],
        "disposition": dispositions.as_plain(run.disposition),
    }
