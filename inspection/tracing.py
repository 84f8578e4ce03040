"""Trace ids as W3C Trace Context and OpenTelemetry have them: each image is a trace of its own.

The id of an image is its trace id, so nothing has to be kept and every process finds the same one.
"""

import re
from uuid import UUID

HEADER = "traceparent"
_SHAPE = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def trace_id(item: UUID) -> str:
    """Return the trace id of an image.

    >>> trace_id(UUID("0193a2b4-0000-7000-8000-00000000002a"))
    '0193a2b400007000800000000000002a'
    """
    return item.hex


def traceparent(item: UUID) -> str:
    """Return the header that names an image's trace, with its receipt as the span."""
    return f"00-{item.hex}-{item.hex[16:]}-01"


def trace_of_key(key: object) -> str | None:
    """Return the trace id where what is worked on is an image's id, None for anything else."""
    try:
        return trace_id(UUID(str(key)))
    except ValueError:
        return None


def caller(header: str) -> str | None:
    """Return the trace id that a caller sends, None for a header that names none.

    >>> caller("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> caller("00-00000000000000000000000000000000-00f067aa0ba902b7-01")
    """
    found = _SHAPE.fullmatch(header.strip())
    return found[1] if found and int(found[1], 16) and int(found[2], 16) else None
