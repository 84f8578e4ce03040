from django.contrib.auth.decorators import login_required
from django.http import HttpResponse


@login_required
def queue_choice(request):
    return HttpResponse("x")


def review(request, slug):
    return HttpResponse("x")


def adjudications(request, slug):
    return HttpResponse("x")


def adjudication(request, slug, pk):
    return HttpResponse("x")
