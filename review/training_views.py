"""The pages of the training loop: data sets, trainings with their progress, and where a model errs."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import permissions
from inspection.models import Line
from review import downloads, retraining, snapshots, training_boards, trainings
from review.permissions import PersonRequest, line_for_leads
from review.rules.trainings import Cause
from review.training_doors import REFUSALS, RuleForm, StartForm, TakeForm, why_nothing
from review.training_models import Snapshot, Training

MANIFEST = ("sha256", "group", "label", "defect_class", "split", "serial")


@login_required
@require_GET
def training_page(request: PersonRequest, slug: str) -> HttpResponse:
    """A line's data sets and trainings, and when it trains by itself."""
    return _shown(request, line_for_leads(request.user, slug))


@login_required
@require_POST
def take(request: PersonRequest, slug: str) -> HttpResponse:
    """Keep what may be learned from a selection of the data page."""
    line = line_for_leads(request.user, slug)
    form = TakeForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, take_form=form, status=422)
    try:
        snapshot = snapshots.take(line, query=form.cleaned_data["query"], by=request.user, now=now())
    except snapshots.NothingToLearn as refusal:
        said = why_nothing(refusal.left_out)
        form.add_error("query", f"{REFUSALS[type(refusal)]()} {said}".strip())
        return _shown(request, line, take_form=form, status=422)
    return redirect("training-snapshot", slug, snapshot.number)


@login_required
@require_POST
def start(request: PersonRequest, slug: str) -> HttpResponse:
    """Ask for a training. A worker takes it up; its page shows how far it is."""
    line = line_for_leads(request.user, slug)
    form = StartForm(request.POST, line=line)
    if not form.is_valid():
        return _shown(request, line, start_form=form, status=422)
    try:
        training = trainings.ask(**form.cleaned_data, cause=Cause.PERSON, by=request.user, now=now())
    except tuple(REFUSALS) as refusal:
        form.add_error(None, REFUSALS[type(refusal)]())
        return _shown(request, line, start_form=form, status=422)
    return redirect("training-job", slug, training.pk)


@login_required
@require_POST
def set_rule(request: PersonRequest, slug: str) -> HttpResponse:
    """Say when a line trains by itself: an administrator's decision."""
    line = line_for_leads(request.user, slug)
    if not permissions.may_administer(request.user, line):
        raise PermissionDenied
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _shown(request, line, rule_form=form, status=422)
    try:
        retraining.set_rule(line, by=request.user, now=now(), **form.cleaned_data)
    except retraining.NoOccasion as refusal:
        form.add_error("every_days", REFUSALS[type(refusal)]())
        return _shown(request, line, rule_form=form, status=422)
    messages.success(request, _("Kept. What it trains only watches in shadow."))
    return redirect("training", slug)


@login_required
@require_GET
def snapshot_page(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """What a data set holds, what was left out and why, and the hash that vouches for it."""
    line, snapshot = _snapshot(request, slug, number)
    context = {
        "line": line,
        "snapshot": snapshot,
        "contents": training_boards.contents(snapshot),
        "is_whole": snapshots.is_whole(snapshot),
        "leaks": snapshots.leaks(line, snapshot),
        "gallery": training_boards.gallery(snapshot),
        "start_form": StartForm(line=line, initial={"snapshot": snapshot}),
        "jobs": [training_boards.job(one) for one in snapshot.trainings.select_related("version").order_by("-pk")],
        "class_names": line.class_names(),
    }
    return render(request, "review/snapshot.html", context)


@login_required
@require_GET
def snapshot_rows(request: PersonRequest, slug: str, number: int) -> StreamingHttpResponse:
    """The manifest as a file."""
    line, snapshot = _snapshot(request, slug, number)
    rows = snapshot.members.order_by("pk").values(
        "sha256", "group", "label", "defect_class", "split", "item__run__part__serial"
    )
    named = ({**row, "serial": row["item__run__part__serial"]} for row in rows.iterator(1000))
    return downloads.table(request, line, f"{line.slug}-{snapshot}", MANIFEST, named)


@login_required
@require_GET
def job_page(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """One training: how far it is, or what came of it."""
    line, training = _training(request, slug, pk)
    return render(request, "review/training_job.html", {"line": line, "job": training_boards.job(training)})


@login_required
@require_GET
def job_now(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """What of the page changes by itself; the page asks for it every second."""
    line, training = _training(request, slug, pk)
    return render(request, "review/_training_now.html", {"line": line, "job": training_boards.job(training)})


@login_required
@require_POST
def cancel(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """End a training that waits or runs."""
    _line, training = _training(request, slug, pk)
    try:
        trainings.cancel(training, by=request.user, now=now())
        messages.success(request, _("Cancelled. Nothing was registered."))
    except trainings.IsOver as refusal:
        messages.error(request, REFUSALS[type(refusal)]())
    return redirect("training-job", slug, pk)


@login_required
@require_GET
def version_errors(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Where a trained version errs on the images it did not learn from."""
    line, training = _training(request, slug, pk)
    return _errors(request, line, training=training, made=training_boards.of_training)


@login_required
@require_GET
def line_errors(request: PersonRequest, slug: str) -> HttpResponse:
    """Where the model of a line errs on what people have read."""
    line = line_for_leads(request.user, slug)
    return _errors(request, line, training=None, made=lambda _none: training_boards.of_line(line))


def _errors(
    request: PersonRequest, line: Line, *, training: Training | None, made: Callable[[Any], training_boards.Errors]
) -> HttpResponse:
    context = {"line": line, "training": training, "errors": made(training), "class_names": line.class_names()}
    return render(request, "review/errors.html", context)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, **given: forms.Form) -> HttpResponse:
    rule = retraining.rule_of(line)
    context: dict[str, Any] = {
        "line": line,
        "jobs": training_boards.jobs(line),
        "snapshots": line.snapshots.select_related("taken_by").order_by("-number")[: training_boards.LISTED],
        "rule": rule,
        "may_administer": permissions.may_administer(request.user, line),
        "take_form": TakeForm(initial={"query": request.GET.get("q", "")}),
        "start_form": StartForm(line=line, initial={"snapshot": line.snapshots.order_by("-number").first()}),
        "rule_form": RuleForm(initial=_as_initial(rule)),
    }
    return render(request, "review/training.html", {**context, **given}, status=status)


def _as_initial(rule: Any) -> dict[str, Any] | None:
    names = ("is_on", "every_days", "on_drift", "architecture", "minutes")
    return {name: getattr(rule, name) for name in names} if rule else None


def _snapshot(request: PersonRequest, slug: str, number: int) -> tuple[Line, Snapshot]:
    line = line_for_leads(request.user, slug)
    return line, get_object_or_404(line.snapshots.select_related("taken_by", "line"), number=number)


def _training(request: PersonRequest, slug: str, pk: int) -> tuple[Line, Training]:
    line = line_for_leads(request.user, slug)
    related = ("snapshot__line", "version", "parent", "asked_by", "cancelled_by", "rollout")
    return line, get_object_or_404(trainings.of_line(line).select_related(*related), pk=pk)
