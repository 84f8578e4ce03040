"""Which problem of the API each refusal of a deed is."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404

from inspection.api.problems import Problem
from review.adjudications import AlreadyRuled, ConflictOfInterest
from review.decisions import AlreadyDecided, NotAmendable, UndoExpired
from review.faults import Invalid
from review.models import Decision
from review.queues import LeaseLost

_CODES: dict[type[Exception], str] = {
    LeaseLost: "lease-lost",
    AlreadyDecided: "already-decided",
    UndoExpired: "undo-expired",
    NotAmendable: "conflict",
    AlreadyRuled: "conflict",
    ConflictOfInterest: "conflict-of-interest",
}


@contextmanager
def told_as_problems() -> Iterator[None]:
    """Turn what a deed refuses into the API's answer."""
    try:
        yield
    except Invalid as error:
        errors = [{"pointer": one.pointer, "detail": one.detail, "code": one.code} for one in error.faults]
        raise Problem("validation", errors=errors) from error
    except Decision.DoesNotExist as error:
        raise Http404 from error
    except tuple(_CODES) as error:
        raise Problem(_CODES[type(error)]) from error
