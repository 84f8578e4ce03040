"""People: invited by a link good once, given roles and relieved of them, let out and in. Each deed leaves a trace."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse

from inspection.models import Line, Membership, PersonChange, User
from inspection.rules.words import PersonDeed, Role


class NameTaken(Exception):
    """Somebody has or had an account of this name, address or employee id."""


class OwnAccount(Exception):
    """Nobody gives or takes roles of their own, nor closes or opens their own account."""


class IsOpen(Exception):
    """The account is in use: a new link is another deed, which leaves its own trace."""


class RoleHeld(Exception):
    """The person has this role already."""


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Who is invited. An employee has one account, so each of these is nobody else's."""

    username: str
    email: str = ""
    employee_id: str = ""
    language: str = ""


@transaction.atomic
def invite(who: Newcomer, *, role: Role, line: Line | None, reason: str, by: User, now: datetime) -> tuple[User, str]:
    """Make an account without a password, with one role. Return it and its entrance. Raises NameTaken.

    The role is a fresh one, on every line where `line` is None: who gives it signs nothing through it today.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(**vars(who))
    except IntegrityError as error:
        raise NameTaken(f"{who.username} is no new name, address or employee id.") from error
    _note(user, PersonDeed.INVITED, by=by, now=now)
    give_role(user, role, line=line, reason=reason, by=by, now=now)
    return user, entrance(user)


def entrance(user: User) -> str:
    """Return the path on which somebody chooses a password: good once, for three days, and kept nowhere."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=key)


# Roles ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_role(user: User, role: Role, *, line: Line | None, reason: str, by: User, now: datetime) -> Membership:
    """Give a role on a line, or on every line. Raises OwnAccount or RoleHeld."""
    _refuse_own(user, by)
    # SQLite has no constraint that knows two roles of every line for one.
    User.objects.select_for_update().get(pk=user.pk)
    if Membership.objects.filter(user=user, line=line, role=role.value, revoked_at=None).exists():
        raise RoleHeld(f"{user} is {role.value} there already.")
    facts = {"role": role.value, "line": line, "granted_at": now, "granted_by": by, "reason": reason}
    return Membership.objects.create(user=user, **facts)


def take_role(membership: Membership, *, reason: str, by: User, now: datetime) -> None:
    """Take a role away for good; it may be given anew. Raises OwnAccount."""
    _refuse_own(membership.user, by)
    membership.revoke(by=by, reason=reason, at=now)


# The account ------------------------------------------------------------------------------------------------------


@transaction.atomic
def disable(user: User, *, reason: str, by: User, now: datetime) -> None:
    """Close an account from its next request on: password and tokens are gone, so no session of it comes back.

    Its roles are in force again when it is opened. Doing so twice does no harm. Raises OwnAccount.
    """
    _refuse_own(user, by)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    user.refresh_from_db()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    user.api_tokens.filter(revoked_at=None).update(revoked_at=now)
    _note(user, PersonDeed.DISABLED, reason=reason, by=by, now=now)


@transaction.atomic
def enable(user: User, *, reason: str, by: User, now: datetime) -> str:
    """Open a closed account again and return its entrance: the old password stays gone. Raises OwnAccount or IsOpen."""
    _refuse_own(user, by)
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise IsOpen(f"{user} has not been let out.")
    _let_in(user, PersonDeed.ENABLED, reason=reason, by=by, now=now)
    return entrance(user)


@transaction.atomic
def give_link(user: User, *, reason: str, by: User, now: datetime) -> str:
    """Return a new entrance for somebody who cannot get in. The present password holds until it is used."""
    _refuse_own(user, by)
    _let_in(user, PersonDeed.LINK_GIVEN, reason=reason, by=by, now=now)
    return entrance(user)


@transaction.atomic
def remove_second_factor(user: User, *, reason: str, by: User, now: datetime) -> None:
    """Let somebody who lost it set up another second factor; leads and administrators go no further without one."""
    _refuse_own(user, by)
    if Authenticator.objects.filter(user=user).delete()[0]:
        _let_in(user, PersonDeed.FACTOR_REMOVED, reason=reason, by=by, now=now)


@transaction.atomic
def unlock(user: User, *, reason: str, by: User, now: datetime) -> None:
    """Forget the wrong passwords given for somebody, from every address. It opens no way in: the password stays."""
    _refuse_own(user, by)
    if _wrong_passwords(user).delete()[0]:
        _note(user, PersonDeed.UNLOCKED, reason=reason, by=by, now=now)


def is_locked(user: User, *, now: datetime) -> bool:
    """Return whether too many wrong passwords keep somebody out at one address or more."""
    since = now - timedelta(hours=settings.AXES_COOLOFF_TIME)
    counted = _wrong_passwords(user).filter(attempt_time__gt=since)
    # One row for each browser: the lock is of the name at the address.
    pairs = counted.values("username", "ip_address").annotate(wrong=Sum("failures_since_start"))
    return pairs.filter(wrong__gte=settings.AXES_FAILURE_LIMIT).exists()


def _wrong_passwords(user: User) -> QuerySet[AccessAttempt]:
    # Kept under what was typed: the name or the address in either case, never the employee id, read as the name.
    typed = Q(username__iexact=user.username)
    return AccessAttempt.objects.filter(typed | Q(username__iexact=user.email) if user.email else typed)


def _let_in(user: User, deed: PersonDeed, *, reason: str, by: User, now: datetime) -> None:
    """Keep that somebody else opened a way in: whoever came through it signs nothing for a day."""
    user.refresh_from_db()
    user.let_in_at = now
    user.save(update_fields=["let_in_at"])
    _note(user, deed, reason=reason, by=by, now=now)


def _refuse_own(user: User, by: User) -> None:
    if user.pk == by.pk:
        raise OwnAccount(f"{by} may not do this to their own account.")


def _note(user: User, deed: PersonDeed, *, by: User, now: datetime, reason: str = "") -> None:
    PersonChange.objects.create(user=user, deed=deed.value, reason=reason, done_by=by, done_at=now)
