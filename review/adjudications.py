"""Rulings: who may give one, what they see, and what follows."""

from datetime import datetime

from inspection.models import User
from inspection.rules.words import Label
from review.models import Adjudication, Truth


class ConflictOfInterest(Exception):
    """The person read this image, or gave the ruling that is looked at again."""


class AlreadyRuled(Exception):
    """The case is closed."""


def rule(
    adjudication: Adjudication, *, by: User, label: Label, defect_class: str = "", reason: str = "", now: datetime
) -> Truth:
    """Give the ruling. It becomes the next version of the item's truth; the counts are corrected by a delta."""
    raise NotImplementedError
