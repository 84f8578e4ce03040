"""Who calls, and what they may."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from inspection.models import Line, User
from inspection.permissions import lines_for, may_read_reports


def person_of(request: Request) -> User:
    """Return the signed-in person: the doors' default permission lets nobody else in."""
    return cast(User, request.user)


def reported_line(request: Request, slug: str, *beside: str) -> Line:
    """Return a line whose reports the person reads, with rows `beside`: 404 for strangers, 403 for other members."""
    line = get_object_or_404(lines_for(person_of(request)).select_related(*beside), slug=slug)
    if not may_read_reports(person_of(request), line):
        raise PermissionDenied
    return line
