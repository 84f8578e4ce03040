"""Tokens of people's programs: shown once, kept as a hash."""

import hashlib
import secrets
from datetime import datetime, timedelta

from inspection.models import ApiToken, User
from inspection.rules.words import Scope

LIFE = timedelta(days=90)


def issue(user: User, *, name: str, scopes: list[Scope], now: datetime, life: timedelta = LIFE) -> str:
    """Make a token and return it: it cannot be shown again."""
    token = f"tg_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user,
        name=name,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        scopes=[scope.value for scope in scopes],
        created_at=now,
        expires_at=now + life,
    )
    return token
