"""Pictures for people, each at the address of its task, case or line: the rendition, closer up tiles at full size."""

from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.timezone import now as clock
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import full_size, images
from inspection.models import Item, User
from inspection.permissions import lines_for, may_adjudicate
from review import sights
from review.api.people import person_of
from review.api.renderers import PictureRenderer
from review.api.serializers import HeatmapShown
from review.models import Decision, ReviewTask
from review.permissions import cases_for, pictures_for
from review.pictures import references_of, upright_size
from review.rules.blindness import Sight

PICTURE = {(200, "image/jpeg"): OpenApiTypes.BINARY}


@extend_schema(responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def task_image(request: Request, pk: UUID) -> FileResponse:
    """The picture of a task I hold or have decided."""
    task = get_object_or_404(pictures_for(person_of(request)), pk=pk)
    full_size.expect(task.item)
    return picture(task.item.sha256)


@extend_schema(responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def task_tile(request: Request, pk: UUID, column: int, row: int) -> HttpResponse:
    """A tile of that picture at its full size: 1,024 pixels wide and high, columns and rows from 0."""
    task = get_object_or_404(pictures_for(person_of(request)), pk=pk)
    return tile(task.item, column=column, row=row)


@extend_schema(responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def case_image(request: Request, pk: UUID) -> FileResponse:
    """The picture of a case, for adjudicators of its line."""
    case = get_object_or_404(cases_for(person_of(request)), pk=pk)
    if not may_adjudicate(person_of(request), case.line):
        raise PermissionDenied
    full_size.expect(case.item)
    return picture(case.item.sha256)


@extend_schema(responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def case_tile(request: Request, pk: UUID, column: int, row: int) -> HttpResponse:
    """A tile of that picture at its full size: 1,024 pixels wide and high, columns and rows from 0."""
    case = get_object_or_404(cases_for(person_of(request)), pk=pk)
    if not may_adjudicate(person_of(request), case.line):
        raise PermissionDenied
    return tile(case.item, column=column, row=row)


@extend_schema(responses=PICTURE)
@api_view(["GET", "HEAD"])
@renderer_classes([PictureRenderer, JSONRenderer])
def reference(request: Request, slug: str, view: str) -> HttpResponseBase:
    """The golden reference of a view. Fetched again only when it was replaced."""
    line = get_object_or_404(lines_for(person_of(request)), slug=slug)
    golden = references_of(line).get(view)
    if golden is None:
        raise Http404
    etag = f'"{golden.pk}-{golden.revision}"'
    known = request.headers.get("If-None-Match", "")
    response: HttpResponseBase = HttpResponseNotModified() if etag in known else picture(golden.sha256)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


@extend_schema(responses=HeatmapShown)
@api_view(["GET", "HEAD"])
def heatmap(request: Request, pk: UUID) -> Response:
    """Where the model looked: only for who was shown its prediction on this very task."""
    task = get_object_or_404(pictures_for(person_of(request)), pk=pk)
    prediction = sights.prediction_of(task) if _was_shown(task, person_of(request)) else None
    if prediction is None or not prediction.heatmap_columns:
        raise Http404
    cells = list(prediction.heatmap or b"")
    shape = {"columns": prediction.heatmap_columns, "rows": len(cells) // prediction.heatmap_columns}
    return Response(HeatmapShown({**shape, "cells": cells}).data)


def _was_shown(task: ReviewTask, person: User) -> bool:
    if sights.of(task) == Sight.ALONGSIDE:
        return True
    return Decision.objects.filter(task=task, person=person, revealed_at__isnull=False).exists()


def thumbnail(sha256: str) -> FileResponse:
    """Answer with the small picture; with the large one where none was made."""
    try:
        file = images.open_thumbnail(sha256)
    except FileNotFoundError:
        return picture(sha256)
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=300, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def picture(sha256: str) -> FileResponse:
    """Answer with the rendition as an inert file. It never changes under its address."""
    try:
        file = images.open_rendition(sha256)
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type="image/jpeg")
    _make_inert(response)
    return response


def tile(item: Item, *, column: int, row: int) -> HttpResponse:
    """Answer with a tile at full size. Raises Http404 outside of the image."""
    try:
        jpeg = full_size.tile(item, size=upright_size(item), column=column, row=row, now=clock())
    except full_size.NoSuchTile as error:
        raise Http404 from error
    response = HttpResponse(jpeg, content_type="image/jpeg")
    _make_inert(response)
    return response


def _make_inert(response: HttpResponseBase) -> None:
    response["Cache-Control"] = "private, max-age=300, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = "inline"
