"""What a caller may read: one place for every door of the device API."""

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from inspection.api.authentication import station_of
from inspection.models import Line
from inspection.permissions import lines_for
from inspection.rules.words import Role


def readable_lines(request: Request) -> QuerySet[Line]:
    """Verdicts are for the line's own stations, its leads and administrators: an inspector reads blind."""
    station = station_of(request)
    if station is not None:
        return Line.objects.filter(pk=station.line_id)
    return lines_for(request.user, Role.QA_LEAD, Role.ADMINISTRATOR)


def refusal(request: Request, lines: QuerySet) -> Exception:
    """Members of one of the lines without the right get 403; for everybody else there is nothing here."""
    if station_of(request) is None and lines_for(request.user).filter(pk__in=lines).exists():
        return PermissionDenied()
    return Http404()
