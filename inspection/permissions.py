"""Who may: one predicate per question."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request

from inspection.models import Line, Membership, User
from inspection.rules.words import Role


def person(request: HttpRequest | Request) -> User:
    """Return who is signed in. Raises PermissionDenied for a visitor or a device."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def roles_of(user, line: Line | None = None) -> set[Role]:
    """Return the roles in force of a person on one line, or anywhere when no line is given."""
    if not user.is_authenticated or not user.is_active:
        return set()
    memberships = Membership.objects.filter(user=user).in_force()
    if line is not None:
        memberships = memberships.on_line(line)
    return {Role(role) for role in memberships.values_list("role", flat=True)}


def roles_held(user) -> list[tuple[str | None, Role]]:
    """Return the roles in force of a person, each with the slug of its line, None where it holds on every line."""
    if not user.is_authenticated or not user.is_active:
        return []
    held = Membership.objects.filter(user=user).in_force().values_list("line__slug", "role")
    return [(slug, Role(role)) for slug, role in held]


def lines_for(user, *roles: Role) -> QuerySet[Line]:
    """Return the active lines on which a person has one of the roles (any role when none is named)."""
    if not user.is_authenticated or not user.is_active:
        return Line.objects.none()
    memberships = Membership.objects.filter(user=user).in_force()
    if roles:
        memberships = memberships.filter(role__in=[role.value for role in roles])
    lines = Line.objects.filter(is_active=True)
    if memberships.filter(line=None).exists():
        return lines
    return lines.filter(pk__in=memberships.values("line"))


def may_enter_admin(user) -> bool:
    return bool(roles_of(user) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_inspect(user, line: Line) -> bool:
    return Role.INSPECTOR in roles_of(user, line)


def may_read_reports(user, line: Line) -> bool:
    return bool(roles_of(user, line) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_adjudicate(user, line: Line) -> bool:
    return Role.QA_LEAD in roles_of(user, line)


def may_sign_levels(user, line: Line, *, now: datetime) -> bool:
    """Active QA leads only; a fresh role counts after a day, a founder's at once."""
    if not user.is_authenticated or not user.is_active:
        return False
    leads = Membership.objects.filter(user=user, role=Role.QA_LEAD.value).in_force().on_line(line)
    return leads.seasoned(now).exists()


def may_sign_everywhere(user, *, now: datetime) -> bool:
    """QA leads of every line, for what is set for all of them at once."""
    if not user.is_authenticated or not user.is_active:
        return False
    leads = Membership.objects.filter(user=user, line=None, role=Role.QA_LEAD.value).in_force()
    return leads.seasoned(now).exists()


def may_lower(user, line: Line) -> bool:
    return bool(roles_of(user, line) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_administer(user, line: Line | None = None) -> bool:
    return Role.ADMINISTRATOR in roles_of(user, line)


def may_found_lines(user) -> bool:
    """A line is founded by leads and administrators of every line: nobody else would see it afterwards."""
    if not user.is_authenticated or not user.is_active:
        return False
    roles = [Role.QA_LEAD.value, Role.ADMINISTRATOR.value]
    return Membership.objects.filter(user=user, line=None, role__in=roles).in_force().exists()
