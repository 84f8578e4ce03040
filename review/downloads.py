"""Files with data of a line that leave through a door: each is written down before its first byte goes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.timezone import now
from rest_framework.request import Request

from inspection.models import Line, User
from review import spreadsheets
from review.download_models import Download

QUERY_MAX = 400


def note(request: HttpRequest | Request, line: Line, file: str) -> str:
    """Write down that whoever asks takes this file of the line away. Return what names it in the answer's head.

    HEAD takes nothing.
    """
    if request.method != "HEAD":
        query = request.GET.urlencode(safe=":/,.* ")[:QUERY_MAX]
        who = cast(User, request.user)
        Download.objects.create(line=line, file=file, query=query, taken_by=who, taken_at=now())
    return f'attachment; filename="{file}"'


def table(
    request: HttpRequest | Request,
    line: Line,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    about: Mapping[str, Any] | None = None,
) -> StreamingHttpResponse:
    """Answer with the rows as a file `name`.csv, streamed; with `about` it ends by saying what it is."""
    lines = spreadsheets.written(columns, rows)
    content = lines if about is None else spreadsheets.told(lines, about)
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = note(request, line, f"{name}.csv")
    return response
