"""The door for many images at once."""

import csv
import io
import tempfile
import zipfile
from typing import IO, Any, cast
from uuid import UUID

from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.urls import reverse
from django.utils.timezone import now as clock
from django.utils.translation import gettext as _
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from inspection import batches, rates, stations
from inspection.api import description
from inspection.api.access import readable_lines, refusal
from inspection.api.authentication import IsStationOrPerson, station_of
from inspection.api.parsers import StrictMultiPartParser, body_of
from inspection.api.problems import Problem
from inspection.api.serializers import BatchForm, MemberForm, NoQuery, checked, view_of
from inspection.batches import MEMBERS_MAX, Member
from inspection.models import Batch, Line, Station

BATCH_MAX_BYTES = 256 * 1024 * 1024
MANIFEST = "manifest.csv"
MANIFEST_MAX = 4 * 1024 * 1024


class BatchParser(StrictMultiPartParser):
    too_large = "body-too-large"

    def body_max(self) -> int:
        return BATCH_MAX_BYTES


@description.batch_list
@api_view(["POST"])
@parser_classes([BatchParser])
@permission_classes([IsStationOrPerson])
def batch_list(request: Request) -> Response:
    """Take in a zip (`archive`) or several images (`images`); a worker brings them through the door one by one."""
    caller = station_of(request)
    if caller is not None:
        rates.take(caller, now=clock())
    form = checked(BatchForm(data=_text_fields(request)))
    station = _station(request, caller, form["line"])
    archive, members = _content(request, station.line, form["parts"])
    sender = None if caller else request.user
    batch = batches.take_in(station, archive=archive, members=members, now=clock(), sent_by=cast(Any, sender))
    body = _as_plain(batch)
    return Response(body, status=202, headers={"Location": body["links"]["self"]})


@description.batch
@api_view(["GET", "HEAD"])
@permission_classes([IsStationOrPerson])
def batch(request: Request, pk: UUID) -> Response:
    """How far a batch is."""
    checked(NoQuery(data=request.query_params.dict()))
    found = Batch.objects.select_related("line").filter(pk=pk, line__in=readable_lines(request)).first()
    if found is None:
        raise refusal(request, Batch.objects.filter(pk=pk).values("line"))
    return Response(_as_plain(found))


def _text_fields(request: Request) -> dict[str, Any]:
    fields: dict[str, Any] = cast(QueryDict, body_of(request)).dict()
    if set(request.FILES) - {"archive", "images"}:
        raise ValidationError({"non_field_errors": [ErrorDetail(_("Unknown file field."), code="unknown-field")]})
    return {name: value for name, value in fields.items() if name not in request.FILES}


def _station(request: Request, caller: Station | None, named: str) -> Station:
    """Return the station on whose account the images come: the caller, or the importer of the line a person names."""
    if caller is not None:
        if named not in ("", caller.line.slug):
            raise Problem("forbidden")
        return caller
    line = readable_lines(request).filter(slug=named).first()
    if line is None:
        raise refusal(request, Line.objects.filter(slug=named).values("pk")) if named else _line_missing()
    return stations.importer(line, now=clock())


def _line_missing() -> Exception:
    return ValidationError({"line": [ErrorDetail(_("This field is required."), code="required")]})


def _content(request: Request, line: Line, parts: list[dict[str, Any]]) -> tuple[File, list[Member]]:
    pictures, archives = request.FILES.getlist("images"), request.FILES.getlist("archive")
    if not pictures and not archives:
        raise Problem("image-missing")
    if len(archives) > 1 or (pictures and archives) or len(pictures) > MEMBERS_MAX:
        raise Problem("image-count")
    if pictures:
        return _packed(pictures), _members_of(pictures, line, parts)
    names = [name for name in batches.names_in(archives[0]) if name != MANIFEST]
    if not 0 < len(names) <= MEMBERS_MAX:
        raise Problem("image-count")
    return archives[0], _members_in(archives[0], names, line)


def _packed(pictures: list[UploadedFile]) -> File:
    """Put the pictures into an archive, under numbers: what a camera called them is nobody's business."""
    packed = tempfile.SpooledTemporaryFile(max_size=1024 * 1024)  # noqa: SIM115 - lives as long as the request
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for position, picture in enumerate(pictures):
            with archive.open(f"{position:06d}", "w") as member:
                for chunk in picture.chunks():
                    member.write(chunk)
    packed.seek(0)
    return File(cast(IO[bytes], packed), name="archive")


def _members_of(pictures: list[UploadedFile], line: Line, parts: list[dict[str, Any]]) -> list[Member]:
    if parts and len(parts) != len(pictures):
        raise ValidationError({"parts": [ErrorDetail(_("Name each image, or none."), code="length")]})
    facts = parts or [{} for _picture in pictures]
    return [
        Member(name=f"{position:06d}", content_type=picture.content_type or "", **_named(facts[position], line))
        for position, picture in enumerate(pictures)
    ]


def _members_in(archive: UploadedFile, names: list[str], line: Line) -> list[Member]:
    rows = _manifest(archive)
    if rows is None:
        return [Member(name=name, **_named({}, line)) for name in names]
    there = set(names)
    unknown = [row for row in rows if row.get("path") not in there]
    if unknown or not rows:
        raise ValidationError(
            {"archive": [ErrorDetail(_("The manifest names a file that is not there."), code="path")]}
        )
    wanted = ("serial", "view", "lot", "captured_at")
    forms = [{name: row[name] for name in wanted if row.get(name)} for row in rows]
    return [
        Member(name=row["path"], **_named(form, line))
        for row, form in zip(rows, checked(MemberForm(data=forms, many=True)), strict=True)
    ]


def _manifest(archive: UploadedFile) -> list[dict[str, str]] | None:
    """Read the archive's manifest.csv; None without one. Labels in it are left alone: people must not see them."""
    with zipfile.ZipFile(archive) as opened:
        if MANIFEST not in opened.namelist():
            return None
        try:
            with opened.open(MANIFEST) as file:
                text = file.read(MANIFEST_MAX).decode("utf-8-sig")
            return list(csv.DictReader(io.StringIO(text, newline="")))
        except Exception as error:
            # Strangers' bytes, unpacked and split.
            raise batches.ArchiveUnreadable("The manifest cannot be read.") from error
        finally:
            archive.seek(0)


def _named(facts: dict[str, Any], line: Line) -> dict[str, str]:
    moment = facts.get("captured_at")
    return {
        "serial": facts.get("serial", ""),
        "view": view_of(line, facts.get("view", "")),
        "lot": facts.get("lot", ""),
        "captured_at": moment.isoformat() if moment else "",
    }


def _as_plain(batch: Batch) -> dict[str, Any]:
    state = "done" if batch.finished_at else "running" if batch.cursor else "waiting"
    return {
        "id": str(batch.pk),
        "line": batch.line.slug,
        "state": state,
        "total": batch.total,
        "accepted": batch.accepted,
        "refused": batch.refused,
        "refusals": batch.refusals,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
        "links": {"self": reverse("api-batch", args=[batch.pk])},
    }
