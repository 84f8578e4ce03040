"""The pages that a problem's `type` leads to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inspection.api.catalogue import CATALOGUE


@require_safe
def problem_index(request: HttpRequest) -> HttpResponse:
    return render(request, "problems/index.html", {"problems": CATALOGUE.values()})


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    if code not in CATALOGUE:
        raise Http404
    return render(request, "problems/problem.html", {"problem": CATALOGUE[code]})
