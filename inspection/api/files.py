"""A file as an answer: whole, or from a byte on, so that a broken fetch goes on where it ended."""

import re
from pathlib import Path

from django.http import FileResponse, Http404, HttpResponseNotModified
from django.http.response import HttpResponseBase
from rest_framework.request import Request

FROM_BYTE = re.compile(r"bytes=(\d{1,15})-")


def answer(request: Request, path: Path, *, tag: str) -> HttpResponseBase:
    """Return a file that never changes under its tag.

    A range of another form than `bytes=N-` is left aside, as it may be (RFC 9110), and the whole file sent.
    """
    headers = {"ETag": f'"{tag}"', "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers=headers)
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    size, asked = path.stat().st_size, FROM_BYTE.fullmatch(request.headers.get("Range", ""))
    start = int(asked[1]) if asked else 0
    if not 0 < start < size:
        return FileResponse(file, content_type="application/octet-stream", headers=headers)
    file.seek(start)
    headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return FileResponse(file, status=206, content_type="application/octet-stream", headers=headers)
