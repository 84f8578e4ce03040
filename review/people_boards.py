"""What the pages of people show: who has which role where, and whom this administrator keeps."""

from collections.abc import Collection
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import Prefetch, QuerySet

from inspection import permissions
from inspection.models import Membership, PersonChange, User
from inspection.rules.words import Role

SHOWN_DEEDS = 30


@dataclass(frozen=True)
class Held:
    """One role of a person as an administrator sees it, and whether that one may take it away."""

    membership: Membership
    role: Role
    may_take: bool


@dataclass(frozen=True)
class Row:
    """One person, with the roles in force and whether a second factor is set up."""

    person: User
    roles: list[Held]
    has_factor: bool


def rows(viewer: User, people: QuerySet[User]) -> list[Row]:
    """Return people as an administrator sees them, by name, those whose account is closed last."""
    standing = Membership.objects.filter(revoked_at=None).select_related("line").order_by("line__slug", "role")
    found = people.prefetch_related(Prefetch("memberships", standing)).order_by("-is_active", "username")
    factors = set(Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user", flat=True))
    places = _places(viewer)
    return [Row(one, _roles(one, viewer, places), one.pk in factors) for one in found]


def done_to(person: User) -> QuerySet[PersonChange]:
    """Return what was done to an account, the newest first."""
    return person.changes.select_related("done_by").order_by("-done_at", "-pk")[:SHOWN_DEEDS]


def _places(viewer: User) -> set[int | None]:
    """Return the lines whose roles this administrator gives; None among them where it is every line."""
    lines: set[int | None] = set(permissions.lines_for(viewer, Role.ADMINISTRATOR).values_list("pk", flat=True))
    return lines | {None} if permissions.may_administer(viewer) else lines


def _roles(person: User, viewer: User, places: Collection[int | None]) -> list[Held]:
    """Return what the person holds there. Of other lines the administrator of one line is told nothing."""
    sees_all = None in places
    return [
        Held(one, Role(one.role), (sees_all or one.line_id in places) and person.pk != viewer.pk)
        for one in person.memberships.all()
        if sees_all or one.line_id is None or one.line_id in places
    ]
