"""Who may: one predicate per question."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
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
    return {Role(one.role) for one in _held(user) if line is None or one.line_id in (None, line.pk)}


def roles_held(user) -> list[tuple[str | None, Role]]:
    """Return the roles in force of a person, each with the slug of its line, None where it holds on every line."""
    return [(one.line.slug if one.line else None, Role(one.role)) for one in _held(user)]


def lines_for(user, *roles: Role) -> QuerySet[Line]:
    """Return the active lines on which a person has one of the roles (any role when none is named)."""
    mine = {one.line_id for one in _held(user) if not roles or Role(one.role) in roles}
    lines = Line.objects.filter(is_active=True)
    return lines if None in mine else lines.filter(pk__in=[line for line in mine if line is not None])


def may_enter_admin(user) -> bool:
    return bool(roles_of(user) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_inspect(user, line: Line) -> bool:
    return Role.INSPECTOR in roles_of(user, line)


def may_read_reports(user, line: Line) -> bool:
    return bool(roles_of(user, line) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_adjudicate(user, line: Line) -> bool:
    return Role.QA_LEAD in roles_of(user, line)


def may_sign_levels(user, line: Line, *, now: datetime) -> bool:
    """Active QA leads only; a fresh role counts after a day, a founder's at once.

    So does an account that an administrator opened a way into: whoever came in might not be the lead.
    """
    return any(one.line_id in (None, line.pk) for one in _signing(user, now=now))


def may_sign_everywhere(user, *, now: datetime) -> bool:
    """QA leads of every line, for what is set for all of them at once."""
    return any(one.line_id is None for one in _signing(user, now=now))


def may_lower(user, line: Line) -> bool:
    return bool(roles_of(user, line) & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_approve_switches(user, line: Line, *, now: datetime) -> bool:
    """Leads and administrators of the line, as for levels: a fresh role or account counts after a day."""
    if user.is_fresh(now):
        return False
    mine = [one for one in _held(user) if one.line_id in (None, line.pk) and one.is_seasoned(now)]
    return bool({Role(one.role) for one in mine} & {Role.QA_LEAD, Role.ADMINISTRATOR})


def may_administer(user, line: Line | None = None) -> bool:
    """Administrators of the line; without one those of every line: people, products and channels belong to all."""
    if line is not None:
        return Role.ADMINISTRATOR in roles_of(user, line)
    return any(one.line_id is None and Role(one.role) == Role.ADMINISTRATOR for one in _held(user))


def may_keep(user, other: User) -> bool:
    """Whose account an administrator opens and closes: nobody's own, and of others only where all roles are theirs.

    Else the administrator of one line would have a way into what the person may do elsewhere.
    """
    return other.pk != user.pk and people_kept_by(user).filter(pk=other.pk).exists()


def may_found_lines(user) -> bool:
    """A line is founded by leads and administrators of every line: nobody else would see it afterwards."""
    founders = {Role.QA_LEAD, Role.ADMINISTRATOR}
    return any(one.line_id is None and Role(one.role) in founders for one in _held(user))


def people_for(user) -> QuerySet[User]:
    """Return the people whom an administrator sees: of every line everybody, of one line those with a role on it."""
    if may_administer(user):
        return User.objects.all()
    mine = lines_for(user, Role.ADMINISTRATOR)
    if not mine.exists():
        return User.objects.none()
    return User.objects.filter(Exists(_standing().filter(Q(line=None) | Q(line__in=mine))))


def people_kept_by(user) -> QuerySet[User]:
    """Return the people whose accounts an administrator opens and closes."""
    if may_administer(user):
        return User.objects.all()
    elsewhere = _standing().exclude(line__in=lines_for(user, Role.ADMINISTRATOR))
    return people_for(user).filter(~Exists(elsewhere), is_superuser=False)


# Looking them up ------------------------------------------------------------------------------------------------

_asked: ContextVar[dict[int, list[Membership]] | None] = ContextVar("asked", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Look up a person's roles once within it: for what reads and grants nothing, such as the answer to a GET."""
    token = _asked.set({})
    try:
        yield
    finally:
        _asked.reset(token)


def _standing() -> QuerySet[Membership]:
    """Return the roles of somebody that were not taken away, also while the account is closed."""
    return Membership.objects.filter(user=OuterRef("pk"), revoked_at=None)


def _held(user) -> list[Membership]:
    if not user.is_authenticated or not user.is_active:
        return []
    asked = _asked.get()
    if asked is None:
        return _looked_up(user)
    if user.pk not in asked:
        asked[user.pk] = _looked_up(user)
    return asked[user.pk]


def _looked_up(user) -> list[Membership]:
    return list(Membership.objects.filter(user=user).in_force().select_related("line").order_by("pk"))


def _signing(user, *, now: datetime) -> list[Membership]:
    if not user.is_authenticated or user.is_fresh(now):
        return []
    return [one for one in _held(user) if Role(one.role) == Role.QA_LEAD and one.is_seasoned(now)]
