"""A clean install has nobody in it: a one-time link lets its owner make the first administrator and two QA leads."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from inspection import people
from inspection.models import Membership, User
from inspection.rules.words import Role


class SetUpDone(Exception):
    """The link was used, or never given out."""


@dataclass(frozen=True)
class Lead:
    """Somebody who shall sign: known by a name and an address of their own."""

    username: str
    email: str


@dataclass(frozen=True)
class Founded:
    """Who was made: the administrator, and each lead with the path on which they choose their password, once."""

    founder: User
    entrances: list[tuple[User, str]]


def setup_path() -> str:
    """Return the address of the set-up page, empty once somebody is there. A new start makes a new link."""
    if User.objects.exists():
        return ""
    token = secrets.token_urlsafe(24)
    path = _digest_file()
    path.touch(mode=0o600)
    path.write_text(_digest(token))
    return reverse("set-up", args=[token])


def is_valid(token: str) -> bool:
    path = _digest_file()
    return path.exists() and secrets.compare_digest(path.read_text(), _digest(token)) and not User.objects.exists()


@transaction.atomic
def create(
    token: str, *, username: str, email: str, password: str, leads: Sequence[Lead] = (), now: datetime
) -> Founded:
    """Make the founder, administrator of everything, and the leads whose roles count from the start.

    The founder signs nothing, and knows no lead's password. Raises SetUpDone when the link is not good any more.
    """
    if not is_valid(token):
        raise SetUpDone("This set-up link has been used.")
    founder = User.objects.create_user(username=username, email=email, password=password, is_staff=True)
    Membership.objects.create(user=founder, role=Role.ADMINISTRATOR.value, is_founding=True, granted_at=now)
    named = [_make_lead(lead, by=founder, now=now) for lead in leads]
    # The one who takes the file away has used the link: of two at the same moment the other one fails.
    try:
        _digest_file().unlink()
    except FileNotFoundError as used:
        raise SetUpDone("This set-up link has been used.") from used
    return Founded(founder, [(lead, people.entrance(lead)) for lead in named])


def _make_lead(lead: Lead, *, by: User, now: datetime) -> User:
    user = User.objects.create_user(username=lead.username, email=lead.email)
    facts = {"role": Role.QA_LEAD.value, "is_founding": True, "granted_at": now, "granted_by": by}
    Membership.objects.create(user=user, **facts)
    return user


def _digest_file() -> Path:
    return settings.DATA / "setup.digest"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
