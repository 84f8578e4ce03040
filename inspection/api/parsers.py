"""Bodies read strictly: what is not plainly well formed is refused, never guessed at."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser
from rest_framework.request import Request

from inspection.api.problems import Problem

DEPTH_MAX = 32
INTEGER_MAX = 2**63 - 1
FORM_OVERHEAD = 64 * 1024
CHUNK = 64 * 1024


class StrictJSONParser(BaseParser):
    """One JSON document in UTF-8."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        request = (parser_context or {})["request"]
        length = declared_length(request, at_most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        raw = stream.read(length)
        if len(raw) < length:
            raise Problem("body-incomplete")
        return strict_json(raw)


class StrictMultiPartParser(MultiPartParser):
    """A form that arrived whole, each field once, in UTF-8."""

    too_large = "image-too-large"

    def body_max(self) -> int:
        return settings.IMAGE_MAX_BYTES + FORM_OVERHEAD

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles:
        request = (parser_context or {})["request"]
        length = declared_length(request, at_most=self.body_max(), too_large=self.too_large)
        body = _Counted(stream)
        try:
            form = super().parse(cast(IO[bytes], body), media_type, parser_context)
        except ParseError as error:
            body.drain()
            raise Problem("body-incomplete" if body.count < length else "malformed-multipart") from error
        body.drain()
        if body.count < length or not body.is_closed(by=_boundary(request)):
            raise Problem("body-incomplete")
        _check_fields(form.data)
        return form


def strict_json(raw: bytes) -> Any:
    """Read a JSON document. Raises Problem (400) for what is no JSON, ValidationError for numbers out of range.

    Refused: duplicate keys, nesting beyond 32, NaN and Infinity, lone surrogates, bytes that are not UTF-8;
    numbers that no 64-bit column holds and NUL characters are values out of range.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_number,
        )
    except (ValueError, RecursionError) as error:
        raise Problem("malformed-json") from error
    _check_tree(value)
    return value


def declared_length(request: HttpRequest, *, at_most: int, too_large: str = "body-too-large") -> int:
    """Return the body's length as declared, before a byte of it is read (413)."""
    declared = request.META.get("CONTENT_LENGTH") or ""
    if declared and not (declared.isascii() and declared.isdigit()):
        raise Problem("bad-request")
    length = int(declared or 0)
    if length > at_most:
        raise Problem(too_large)
    return length


def body_of(request: Request) -> Any:
    """Return the request's parsed body.

    The framework takes a body without a length for an empty one; here it is refused (411).
    """
    if not request.META.get("CONTENT_LENGTH") and _is_upload_or_chunked(request):
        raise Problem("length-required")
    return request.data


def _is_upload_or_chunked(request: Request) -> bool:
    is_upload = (request.content_type or "").startswith("multipart/")
    return is_upload or bool(request.META.get("HTTP_TRANSFER_ENCODING"))


class _Counted:
    """A stream that knows how much of it was read, and how it ended."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._tail = b""
        self.count = 0

    def read(self, size: int) -> bytes:
        read = self._stream.read(size)
        self.count += len(read)
        self._tail = (self._tail + read)[-256:]
        return read

    def drain(self) -> None:
        while self.read(CHUNK):
            pass

    def is_closed(self, *, by: bytes) -> bool:
        return bool(by) and self._tail.rstrip(b"\r\n").endswith(b"--" + by + b"--")


def _boundary(request: HttpRequest) -> bytes:
    return (request.content_params or {}).get("boundary", "").encode("ascii", errors="replace")


def _check_fields(fields: Any) -> None:
    for name, values in fields.lists():
        if len(values) > 1 and not hasattr(values[0], "chunks"):
            raise ValidationError({name: [ErrorDetail(_("Send this field once."), code="repeated")]})
        if "\ufffd" in name or "\ufffd" in values[0]:
            raise Problem("malformed-text")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("A key is repeated.")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > INTEGER_MAX:
        raise _out_of_range()
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _out_of_range()
    return number


def _out_of_range() -> ValidationError:
    return ValidationError([ErrorDetail(_("A number is out of range."), code="number-range")])


def _check_tree(value: Any) -> None:
    """Look at every level without recursion, so that depth itself cannot hurt."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise Problem("malformed-json")
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below += [*node.keys(), *node.values()]
            elif isinstance(node, list):
                below += node
            elif isinstance(node, str):
                _check_text(node)
        level = below


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValidationError([ErrorDetail(_("Text holds a NUL character."), code="null-character")])
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Problem("malformed-json")
