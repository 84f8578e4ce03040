"""The doors of the reviewer: lines, claims, calls, corrections."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.timezone import now as clock
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from inspection.api.serializers import NoQuery, checked
from inspection.models import Line
from inspection.permissions import lines_for, may_inspect
from inspection.rules.words import Label, Phase
from review import decisions, queues, sights
from review.api import inputs
from review.api import serializers as shown
from review.api.people import person_of
from review.api.refusals import told_as_problems
from review.decisions import DecisionInput
from review.models import ReviewTask
from review.permissions import decisions_of, roles_by_line, tasks_for


@extend_schema(responses=shown.LinesShown)
@api_view(["GET", "HEAD"])
def lines(request: Request) -> Response:
    """The lines I belong to, the longest wait first, with what waits there for me."""
    checked(NoQuery(data=request.query_params.dict()))
    roles = roles_by_line(person_of(request))
    found = queues.waiting_on(lines_for(person_of(request)), person=person_of(request))
    return Response({"results": [shown.line_shown(one, roles(one.line)) for one in found]})


@extend_schema(request=inputs.ClaimForm, responses=shown.Claimed)
@api_view(["POST"])
def claim(request: Request, slug: str) -> Response:
    """Lease new tasks of a line. Nothing claimable is an empty list with the two counts."""
    line = _line_to_inspect(request, slug)
    form = checked(inputs.ClaimForm(data=request.data))

    tasks = queues.claim(person_of(request), line, count=form["count"], tab=form["tab"], now=clock())
    [counted] = queues.waiting_on(Line.objects.filter(pk=line.pk), person=person_of(request))
    answer = {"waiting": counted.waiting, "leased_by_others": counted.leased_by_others}
    if sights.waits(line):
        answer["waits_for_reveal"] = True
    return Response({"tasks": shown.tasks_shown(tasks, line), **answer})


@extend_schema(request=inputs.DecisionForm, responses={201: shown.RecordedShown, 200: shown.RecordedShown})
@api_view(["POST"])
def decide(request: Request, pk: UUID) -> Response:
    """Record a call. The same `decision_id` again is answered with 200 and the same body."""
    task = _task_to_inspect(request, pk)
    form = checked(inputs.DecisionForm(data=request.data))

    with told_as_problems():
        recorded = decisions.record(
            task, person=person_of(request), token=form["lease_token"], decision=_decision(form), now=clock()
        )
    return Response(shown.recorded_shown(recorded, task), status=200 if recorded.is_replay else 201)


@extend_schema(request=None, responses=shown.UndoneShown)
@api_view(["POST"])
def undo(request: Request, pk: UUID) -> Response:
    """Take a call back inside its undo window; the answer leases the task again."""
    get_object_or_404(decisions_of(person_of(request)), pk=pk)

    with told_as_problems():
        undone = decisions.undo(pk, person=person_of(request), now=clock())
    return Response(shown.undone_shown(undone, decision_id=pk))


@extend_schema(request=inputs.AmendmentForm, responses={201: shown.AmendedShown})
@api_view(["POST"])
def amend(request: Request, pk: UUID) -> Response:
    """Say with a reason that a final call of mine was wrong. An adjudicator rules on it."""
    original = get_object_or_404(decisions_of(person_of(request)), pk=pk)
    form = checked(inputs.AmendmentForm(data=request.data))

    now = clock()
    facts = {"shown_at": now, "decided_at": now, "view_ms": 0, "comment": form["reason"], "phase": Phase.FINAL}
    with told_as_problems():
        kept = decisions.amend(pk, person=person_of(request), amendment=DecisionInput(**_call(form), **facts), now=now)
    answer = {"decision_id": kept.pk, "amends": original.pk, "state": "amended"}
    return Response(shown.AmendedShown(answer).data, status=201)


@extend_schema(parameters=[inputs.MineQuery], responses=shown.AllMineShown)
@api_view(["GET", "HEAD"])
def mine(request: Request) -> Response:
    """My last calls, newest first."""
    limit = checked(inputs.MineQuery(data=request.query_params.dict()))["mine"]
    last = decisions_of(person_of(request)).select_related("fate", "task__line", "task__item", "task__run__part")
    return Response({"results": shown.mine_shown(last.order_by("-recorded_at", "-pk")[:limit])})


@extend_schema(request=inputs.LeaseForm, responses=shown.LeaseShown)
@api_view(["POST"])
def heartbeat(request: Request, pk: UUID) -> Response:
    """Renew the lease of a task, and of those prefetched beside it in the same tab."""
    task = _task_to_inspect(request, pk)
    token = checked(inputs.LeaseForm(data=request.data))["lease_token"]

    with told_as_problems():
        until = queues.heartbeat(task, person=person_of(request), token=token, now=clock())
    return Response(shown.LeaseShown({"lease_until": until}).data)


@extend_schema(request=inputs.LeaseForm, responses={204: None})
@api_view(["POST"])
def release(request: Request, pk: UUID) -> Response:
    """Give a task back to the queue, unread."""
    task = _task_to_inspect(request, pk)
    token = checked(inputs.LeaseForm(data=request.data))["lease_token"]

    with told_as_problems():
        queues.release(task, person=person_of(request), token=token, now=clock())
    return Response(status=204)


def _line_to_inspect(request: Request, slug: str) -> Line:
    """Return a line where the person inspects: 404 for strangers, 403 for members without that role."""
    line = get_object_or_404(lines_for(person_of(request)), slug=slug)
    if not may_inspect(person_of(request), line):
        raise PermissionDenied
    return line


def _task_to_inspect(request: Request, pk: UUID) -> ReviewTask:
    task = get_object_or_404(tasks_for(person_of(request)), pk=pk)
    if not may_inspect(person_of(request), task.line):
        raise PermissionDenied
    return task


def _call(form: dict[str, Any]) -> dict[str, Any]:
    return {
        "decision_id": form["decision_id"],
        "label": Label(form["label"]),
        "defect_class": form["defect_class"] or "",
        "regions": form["regions"],
    }


def _decision(form: dict[str, Any]) -> DecisionInput:
    facts = {name: form[name] for name in ("comment", "shown_at", "decided_at", "view_ms", "ask_reveal")}
    page = {name: form[name] for name in inputs.PAGE_FACTS if name in form}
    return DecisionInput(**_call(form), **facts, phase=Phase(form["phase"]), page=page)
