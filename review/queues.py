"""The queue of waiting readings: what enters it, who holds what, and what comes back."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from inspection import sql
from inspection.models import Item, Line, Routing, User
from inspection.rules.words import Purpose, Route
from review.models import ReviewTask
from review.rules import expecting, patience, priority
from vision.routing import SENTENCES

LEASE = timedelta(seconds=90)
CLAIM_MAX = 6
PERSON_MAX = 12
SWEEP_MAX = 500
# What the next arrival is expected from: so many images, of so long at most.
EXPECTED_FROM = timedelta(hours=1)
EXPECTED_BY = 30
REASON_OVERDUE = "model-deadline"

Lease = tuple[UUID, int]
"""A task and the fencing token under which somebody holds it."""


class LeaseLost(Exception):
    """The lease ended, was taken back, or never was this person's."""


def admit(routing: Routing, *, now: datetime) -> list[ReviewTask]:
    """Put one item into the queue as `admit_all` does; return its task where it has one."""
    if routing.route != Route.HUMAN:
        return []
    admit_all([routing], now=now)
    return list(ReviewTask.objects.filter(item=routing.item_id, purpose=Purpose.PRIMARY.value))


def admit_all(routings: Iterable[Routing], *, now: datetime) -> None:
    """Put the items into the queue for which a person answers. Admitting twice leaves the task that is there.

    Called in the transaction that writes the routings, so that no routed item is ever without its task.
    """
    asked = [_first_reading(routing, now=now) for routing in routings if routing.route == Route.HUMAN]
    ReviewTask.objects.bulk_create(asked, ignore_conflicts=True)


def _first_reading(routing: Routing, *, now: datetime) -> ReviewTask:
    run = routing.item.run
    task = ReviewTask(
        item=routing.item,
        purpose=Purpose.PRIMARY.value,
        line=routing.item.line,
        run=run,
        level=routing.level,
        assist_style=routing.item.line.assist_style,
        is_control=run.drawn_control,
        due_at=run.review_due_at,
        created_at=now,
    )
    task.queue_rank = _rank(task)
    return task


def _rank(task: ReviewTask) -> int:
    return priority.rank(task.due_at, view=_place_of_view(task))


def _place_of_view(task: ReviewTask) -> int:
    """Return the place of the image's view in the loop's order; a view that the line no longer has comes first."""
    views = task.line.ordered_views
    return views.index(task.item.view) if task.item.view in views else 0


def admit_again(read: Iterable[tuple[ReviewTask, int]], *, now: datetime) -> None:
    """Ask for an independent second reading of items: each task's item, by anybody but its reader. One statement.

    Asking twice leaves the task that is there.
    """
    asked = [_second_reading(task, reader, now=now) for task, reader in read]
    if asked:
        ReviewTask.objects.bulk_create(asked, ignore_conflicts=True)


def _second_reading(task: ReviewTask, reader: int, *, now: datetime) -> ReviewTask:
    due = priority.due_at(
        Purpose.OVERLAP, run_due_at=task.run.review_due_at, asked_at=now, deadline_s=task.line.review_deadline_s
    )
    return ReviewTask(
        item_id=task.item_id,
        purpose=Purpose.OVERLAP.value,
        line_id=task.line_id,
        run_id=task.run_id,
        level=task.level,
        is_control=task.is_control,
        queue_rank=priority.rank(due),
        not_for_id=reader,
        due_at=due,
        created_at=now,
    )


def ask_again(item: Item, *, now: datetime) -> ReviewTask:
    """Ask people to read an item that the model decided, blind and like any other. Its verdict to the line stands."""
    due = priority.due_at(
        Purpose.AUDIT, run_due_at=item.run.review_due_at, asked_at=now, deadline_s=item.line.review_deadline_s
    )
    task, _ = ReviewTask.objects.get_or_create(
        item=item,
        purpose=Purpose.PRIMARY.value,
        defaults={
            "line_id": item.line_id,
            "run_id": item.run_id,
            "level": item.routing.level,
            "queue_rank": priority.rank(due),
            "due_at": due,
            "created_at": now,
        },
    )
    return task


def admit_overdue(*, now: datetime, limit: int = SWEEP_MAX) -> int:
    """Give items to people whose prediction did not come by the model deadline. Return how many.

    A view that joins its run late has the model's time from its own arrival.
    """
    silent = Item.objects.filter(routing=None, run__is_settled=False, run__model_due_at__lte=now)
    items = silent.select_related("run", "line").order_by("run__model_due_at", "pk")[:limit]
    return sum(_admit_silent(item, now=now) for item in items if _model_due(item) <= now)


def _model_due(item: Item) -> datetime:
    return max(item.run.model_due_at, item.received_at + timedelta(seconds=item.line.model_deadline_s))


def _admit_silent(item: Item, *, now: datetime) -> int:
    try:
        with transaction.atomic():
            routing = Routing.objects.create(
                item=item,
                route=Route.HUMAN.value,
                reason=REASON_OVERDUE,
                detail=SENTENCES[REASON_OVERDUE],
                level=item.line.level,
                epoch_id=item.run.epoch_id,
                routed_at=now,
            )
            admit_all([routing], now=now)
    except IntegrityError:
        # The prediction came in this very moment and routed the item first.
        return 0
    return 1


@transaction.atomic(savepoint=False)
def claim(person: User, line: Line, *, count: int, tab: str, now: datetime) -> list[ReviewTask]:
    """Lease up to `count` new tasks to the person, most urgent first, each with a new fencing token.

    Never more than 6 a call and tab and 12 a person, never one that is not for this person. Three statements, and one
    for each task of a person who needs more time.
    """
    # The person's row is the gate of their limits: two tabs claiming at once take turns.
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=person.pk)
    ids = sql.claim(
        line_id=line.pk,
        person_id=person.pk,
        tab=tab,
        count=min(count, CLAIM_MAX),
        tab_max=CLAIM_MAX,
        person_max=PERSON_MAX,
        until=now + LEASE,
    )
    if not ids:
        return []
    leased = ReviewTask.objects.filter(pk__in=ids).select_related("item__measures", "run__part")
    for task in leased:
        task.line = line
    tasks = sorted(leased, key=lambda task: (_rank(task), task.pk))
    if patience.factor(person.preferences) > 1:
        _stretch(tasks, person=person, now=now)
    return tasks


def follow(line: Line) -> int:
    """Take the waiting first readings along to the level the line was raised to. Return how many.

    A first call is blind at every level, so nothing is lost; and the reader is assisted from the next item on, not
    after everything that queued before the signature.
    """
    waiting = ReviewTask.objects.filter(line=line, queue_rank__isnull=False, purpose=Purpose.PRIMARY.value)
    return waiting.update(level=line.level, assist_style=line.assist_style)


def heartbeat(task: ReviewTask, *, person: User, token: int, now: datetime) -> datetime:
    """Renew the lease of the task and of the ones prefetched beside it in the same tab; return its new end."""
    until = lease_end(task, person=person, now=now)
    if not held([(task.pk, token)], person=person, now=now).update(lease_until=until):
        raise LeaseLost(f"Task {task.pk} is not leased to {person} under token {token}.")
    beside = ReviewTask.objects.filter(lease_holder=person, lease_tab=task.lease_tab, lease_until__gt=now)
    if patience.factor(person.preferences) > 1:
        _stretch(beside.exclude(pk=task.pk), person=person, now=now)
    else:
        beside.update(lease_until=until)
    return until


def lease_end(task: ReviewTask, *, person: User, now: datetime) -> datetime:
    """Return until when a lease that begins now holds for this person."""
    return patience.end(LEASE, factor=patience.factor(person.preferences), due=task.due_at, now=now)


def _stretch(leased: Iterable[ReviewTask], *, person: User, now: datetime) -> None:
    """Let leases last as long as this person needs, each as far as its own part allows."""
    for task in leased:
        task.lease_until = lease_end(task, person=person, now=now)
        mine = ReviewTask.objects.filter(pk=task.pk, lease_holder=person, lease_token=task.lease_token)
        mine.update(lease_until=task.lease_until)


@transaction.atomic
def release(task: ReviewTask, *, person: User, token: int, now: datetime) -> None:
    """Give the task back to the queue, unread. One that was called stays with its reader until the call is final."""
    mine = held([(task.pk, token)], person=person, now=now)
    # Locked first, asked then: what waits for a call that is being kept meets it.
    if mine.select_for_update(no_key=True).values_list("pk").first() is None:
        raise LeaseLost(f"Task {task.pk} is not leased to {person} under token {token}.")
    mine.exclude(decisions__pending__isnull=False).update(**_in_line_again(task))


def give_back(person: User) -> None:
    """Put back all that somebody holds unread. What they called stays with them until the call is final."""
    mine = ReviewTask.objects.filter(lease_holder=person).select_related("line", "item")
    for task in mine.exclude(decisions__pending__isnull=False):
        ReviewTask.objects.filter(pk=task.pk, lease_token=task.lease_token, lease_holder=person).update(
            **_in_line_again(task)
        )


def sweep_expired(*, now: datetime) -> int:
    """Put tasks back whose lease ended without a decision. Return how many."""
    lapsed = ReviewTask.objects.filter(lease_until__lte=now).exclude(decisions__pending__isnull=False)
    return sum(
        ReviewTask.objects.filter(pk=task.pk, lease_token=task.lease_token, lease_until__lte=now).update(
            **_in_line_again(task)
        )
        for task in lapsed.select_related("line", "item").order_by("lease_until")[:SWEEP_MAX]
    )


def _in_line_again(task: ReviewTask) -> dict[str, Any]:
    return {"queue_rank": _rank(task), "lease_holder": None, "lease_until": None, "lease_tab": ""}


def held(leases: Collection[Lease], *, person: User, now: datetime) -> QuerySet[ReviewTask]:
    """Return the tasks whose lease under its token is the person's and still runs: the fence of every write."""
    if not leases:
        return ReviewTask.objects.none()
    mine = reduce(or_, (Q(pk=pk, lease_token=token) for pk, token in leases))
    return ReviewTask.objects.filter(mine, lease_holder=person, lease_until__gt=now, closed_at=None)


@dataclass(frozen=True)
class Waiting:
    """What a person would find on a line: tasks they may claim, tasks others hold, and since when the first waits."""

    line: Line
    waiting: int
    leased_by_others: int
    oldest_at: datetime | None


def waiting_on(lines: QuerySet[Line], *, person: User) -> list[Waiting]:
    """Count what waits on each line, the longest wait first. One statement, each count inside an index."""
    here = ReviewTask.objects.filter(line=OuterRef("pk"))
    waiting = here.filter(queue_rank__isnull=False)
    others = here.filter(lease_holder__isnull=False).exclude(lease_holder=person)
    for_others = waiting.filter(only_for__isnull=False).exclude(only_for=person)
    mine = waiting.exclude(not_for=person).filter(Q(only_for=None) | Q(only_for=person))
    first = mine.order_by("queue_rank").values("created_at")[:1]
    counted = lines.select_related("product").annotate(
        # All of them from the queue's own index, less the few that are not for this person.
        waiting=_count(waiting) - _count(waiting.filter(not_for=person)) - _count(for_others),
        leased_by_others=_count(others),
        oldest_at=Subquery(first),
    )
    found = [Waiting(line, line.waiting, line.leased_by_others, line.oldest_at) for line in counted.order_by("slug")]
    return sorted(found, key=lambda one: (one.oldest_at is None, one.oldest_at))


def minutes_to_next(line: Line, *, now: datetime) -> int | None:
    """Return within how many minutes the next image for people usually comes, by the last hour of the line."""
    recent = Item.objects.filter(line=line, received_at__gt=now - EXPECTED_FROM)
    for_people = recent.filter(review_tasks__purpose=Purpose.PRIMARY.value).order_by("-received_at")
    came = list(for_people.values_list("received_at", flat=True)[:EXPECTED_BY])
    return expecting.minutes_to_next(came, now=now)


def _count(tasks: QuerySet[ReviewTask]) -> Coalesce:
    return Coalesce(Subquery(tasks.order_by().values("line").annotate(n=Count("*")).values("n")), 0)
