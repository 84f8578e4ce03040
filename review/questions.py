"""A lead who sees all that was said of an image doubts it: another lead rules on it, blind to the doubt."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from inspection.models import Item, Membership, Routing, User
from inspection.rules.words import Role, TruthSource
from review import adjudications, counts, queues, readings
from review.faults import Invalid, text_faults
from review.models import Adjudication, Decision, ReviewTask, Truth
from review.readings import ItemReadings


class NothingToAsk(Exception):
    """The part itself has shown what it is, or somebody reads or rules on the image already."""


class NobodyLeft(Exception):
    """Every other lead of the line has read the image or ruled on it."""


def may_ask(item: Item) -> bool:
    """Say whether the image can be looked at again: not what the part itself has shown, what is still open, or what
    never came to the line to be decided on.
    """
    if not Routing.objects.filter(item=item).exists():
        return False
    is_known = Truth.objects.filter(item=item, source=TruthSource.PHYSICAL.value).exists()
    is_ruled_on = Adjudication.objects.filter(item=item, ruled_at=None).exists()
    return not is_known and not is_ruled_on and not ReviewTask.objects.filter(item=item, closed_at=None).exists()


@transaction.atomic
def ask(item: Item, *, by: User, reason: str, now: datetime) -> Adjudication | ReviewTask:
    """Let another lead rule on an image that was read, or people read one that the model decided by itself.

    Until the ruling it counts as a disagreement. Raises Invalid, NothingToAsk or NobodyLeft.
    """
    faults = list(text_faults(reason, pointer="/reason"))
    if faults:
        raise Invalid(faults)
    counts.lock([item.run])
    if not may_ask(item):
        raise NothingToAsk(f"Image {item.pk} is known or open.")
    mine = next(one for one in readings.of_run(item.run) if one.item.pk == item.pk)
    if mine.primary is None:
        return queues.ask_again(item, now=now)
    return _open(mine, by=by, reason=reason, now=now)


def _open(mine: ItemReadings, *, by: User, reason: str, now: datetime) -> Adjudication:
    if not _left(mine.item, by).exists():
        raise NobodyLeft(f"Nobody but {by} can rule on image {mine.item.pk}.")
    case = adjudications.question(mine, by=by, reason=reason, now=now)
    counts.count_run(mine.run, readings.of_run(mine.run), cause=f"question:{case.pk}", now=now)
    return case


def _left(item: Item, asker: User) -> QuerySet[Membership]:
    """Return the roles of other leads who have neither read the image nor ruled on it."""
    readers = Decision.objects.filter(task__item=item).values("person")
    rulers = Adjudication.objects.filter(item=item, ruled_by__isnull=False).values("ruled_by")
    leads = Membership.objects.filter(role=Role.QA_LEAD.value).in_force().on_line(item.line)
    return leads.exclude(user=asker).exclude(user__in=readers).exclude(user__in=rulers)
