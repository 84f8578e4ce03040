"""A clean install has nobody in it: a one-time link lets its owner make the first administrator."""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from inspection.models import Membership, User
from inspection.rules.words import Role


class SetUpDone(Exception):
    """The link was used, or never given out."""


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
def create(token: str, *, username: str, email: str, password: str, now: datetime) -> User:
    """Make the founder: administrator of everything. Raises SetUpDone when the link is not good any more."""
    if not is_valid(token):
        raise SetUpDone("This set-up link has been used.")
    user = User.objects.create_user(username=username, email=email, password=password, is_staff=True)
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value, is_founding=True, granted_at=now)
    transaction.on_commit(lambda: _digest_file().unlink(missing_ok=True))
    return user


def _digest_file() -> Path:
    return settings.DATA / "setup.digest"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
