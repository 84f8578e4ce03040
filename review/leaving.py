"""Somebody leaves: their account is closed, and what they held goes back to the others."""

from datetime import datetime

from django.db import transaction

from inspection import people
from inspection.models import User
from review import queues


@transaction.atomic
def disable(user: User, *, reason: str, by: User, now: datetime) -> None:
    """Close the account with its sessions and tokens, and give back the images it holds. Raises `people.OwnAccount`."""
    people.disable(user, reason=reason, by=by, now=now)
    queues.give_back(user)
