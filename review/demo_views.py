"""The demo as a whole: its lines put away or brought back, and its first steps begun anew."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection.permissions import may_found_lines
from review import demo_lines, first_minutes
from review.permissions import PersonRequest


@login_required
@require_GET
def demo_page(request: PersonRequest) -> HttpResponse:
    """What goes and what stays, before anything does."""
    _founds(request)
    context = {"lines": demo_lines.shown(), "away": demo_lines.put_away()}
    return render(request, "review/demo.html", context)


@login_required
@require_POST
def remove(request: PersonRequest) -> HttpResponse:
    """Put the demo lines away. Leads and administrators of every line do it, for everybody."""
    _founds(request)
    demo_lines.remove(by=request.user, now=now())
    messages.success(request, _("The demo lines are put away. Nothing else was touched."))
    return redirect("demo")


@login_required
@require_POST
def bring_back(request: PersonRequest) -> HttpResponse:
    """Bring the demo lines back as they were left."""
    _founds(request)
    demo_lines.bring_back(by=request.user, now=now())
    messages.success(request, _("The demo lines are back."))
    return redirect("demo")


@login_required
@require_POST
def begin_anew(request: PersonRequest) -> HttpResponse:
    """Begin one's own list of first steps anew."""
    if not settings.DEMO:
        raise Http404
    first_minutes.begin_anew(request.user, now=now())
    return redirect("queue-choice")


def _founds(request: PersonRequest) -> None:
    """Raise Http404 where there is no demo, PermissionDenied for whoever founds no lines."""
    if not settings.DEMO:
        raise Http404
    if not may_found_lines(request.user):
        raise PermissionDenied(_("Only leads and administrators of every line do this."))
