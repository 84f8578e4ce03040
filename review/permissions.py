"""Who may read, decide and rule: one predicate per question, one query per kind of row."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from inspection.models import Line, Membership, User
from inspection.permissions import lines_for, roles_of
from inspection.rules.words import Role
from review.models import Adjudication, Decision, ReviewTask


class PersonRequest(HttpRequest):
    """A request behind `login_required`: somebody is signed in."""

    user: User


def tasks_for(user: User) -> QuerySet[ReviewTask]:
    """Return the tasks of the lines that a person belongs to, with all that deciding needs."""
    tasks = ReviewTask.objects.filter(line__in=lines_for(user))
    return tasks.select_related("line", "item__measures", "run__part")


def pictures_for(user: User) -> QuerySet[ReviewTask]:
    """Return the tasks whose picture a person may see: those they hold and those they have decided."""
    decided = Decision.objects.filter(task=OuterRef("pk"), person=user)
    return tasks_for(user).filter(Q(lease_holder=user) | Exists(decided))


def decisions_of(user: User) -> QuerySet[Decision]:
    """Return a person's own decisions, on lines they still belong to."""
    return Decision.objects.filter(person=user, task__line__in=lines_for(user))


def cases_for(user: User) -> QuerySet[Adjudication]:
    """Return the cases of the lines that a person belongs to."""
    cases = Adjudication.objects.filter(line__in=lines_for(user))
    return cases.select_related("line", "run__part", "item__measures", "first", "second")


def may_read_registry(user: User | AnonymousUser) -> bool:
    """Leads and administrators of any line. Nobody else learns which models there are."""
    return bool(roles_of(user) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def leads_on(user: User) -> QuerySet[Line]:
    """Return the lines on which a person is QA lead."""
    return lines_for(user, Role.QA_LEAD)


def roles_by_line(user: User) -> Callable[[Line], set[Role]]:
    """Return a look-up of a person's roles in force, read once for all lines."""
    held = list(Membership.objects.filter(user=user).in_force().values_list("line", "role"))
    return lambda line: {Role(role) for line_id, role in held if line_id in (None, line.pk)}


def line_for_leads(user: User | AnonymousUser, slug: str) -> Line:
    """Return a line that a person leads or administers. Raises Http404 for everybody else."""
    lines = lines_for(user, Role.QA_LEAD, Role.ADMINISTRATOR)
    return get_object_or_404(lines.select_related("epoch__model_version", "product"), slug=slug)
