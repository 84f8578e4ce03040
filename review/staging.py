"""A stored image put into the queue as if it had just come: nothing that a reader gets tells it from the others.

Its part is staged: the rows are what a task needs to be read, and no count, chart, receipt or station knows of them.
"""

import random
import re
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from inspection.models import Item, Line, Part, Run, User
from inspection.rules.words import Purpose
from review.models import ReviewTask
from review.pictures import upright_size
from review.rules import priority

# It takes its place among the tasks that are handed out next.
AMONG_NEXT = 12
SERIALS_AHEAD = 99
SERIAL_TRIES = 40
_LAST_NUMBER = re.compile(r"\d+(?=\D*$)")
_RANDOM_BITS = 80

_chance = random.SystemRandom()


def neighbour(line: Line) -> ReviewTask | None:
    """Return a waiting task that a staged one may stand beside; None where nothing waits, for it would stand alone."""
    waiting = ReviewTask.objects.filter(
        line=line, queue_rank__isnull=False, purpose=Purpose.PRIMARY.value, run__part__is_challenge=False
    )
    nearest = list(waiting.select_related("item", "run__part", "line").order_by("queue_rank")[:AMONG_NEXT])
    return _chance.choice(nearest) if nearest else None


def stage(source: Item, *, beside: ReviewTask, person: User) -> ReviewTask:
    """Show a stored image to one person: an invented serial, and times a moment after those of a waiting task."""
    lag = timedelta(milliseconds=_chance.randint(1, max(1, int(beside.line.takt_s * 1000))))
    run = _run(beside, lag)
    item = _item(source, run, beside.item, lag)
    return ReviewTask.objects.create(
        id=twin_id(beside.pk, lag),
        line=beside.line,
        item=item,
        run=run,
        purpose=Purpose.GOLD.value,
        level=beside.level,
        assist_style=beside.assist_style,
        # Nothing is told of it unless a call is planted.
        is_control=True,
        queue_rank=priority.rank(beside.due_at + lag),
        only_for=person,
        due_at=beside.due_at + lag,
        created_at=beside.created_at + lag,
    )


def withdraw_stale(*, before: datetime) -> int:
    """Take back staged tasks that nobody has taken since: among fresh ones they would look old. Return how many."""
    stale = ReviewTask.objects.filter(
        purpose=Purpose.GOLD.value, queue_rank__isnull=False, only_for__isnull=False, gold__staged_at__lt=before
    )
    return stale.update(queue_rank=None, closed_at=before)


def twin_id(born: UUID, lag: timedelta) -> UUID:
    """Return a fresh id as if it had been given a moment after another one."""
    milliseconds = (born.int >> _RANDOM_BITS) + lag // timedelta(milliseconds=1)
    return UUID(int=milliseconds << _RANDOM_BITS | uuid7().int & ((1 << _RANDOM_BITS) - 1))


def moment_after(moment: datetime, lag: timedelta) -> datetime:
    """Return a moment a little later, told as finely as the first: to the second, millisecond or microsecond.

    >>> moment_after(datetime(2026, 11, 23, 12), timedelta(seconds=2.7)).isoformat()
    '2026-11-23T12:00:02'
    """
    told = moment.microsecond
    grain = timedelta(seconds=1) if not told else timedelta(microseconds=1 if told % 1000 else 1000)
    exact = lag + timedelta(microseconds=_chance.randrange(1000))
    return moment + exact // grain * grain


def invent_serial(like: str) -> str:
    """Return a serial in the manner of another: the same but for its last number, a little further on.

    >>> invent_serial("A-0001-x")[:3], len(invent_serial("A-0001-x"))
    ('A-0', 8)
    """
    found = _LAST_NUMBER.search(like)
    if found is None:
        return "".join(_chance.sample(like, len(like)))
    width = len(found.group())
    number = (int(found.group()) + _chance.randint(1, SERIALS_AHEAD)) % 10**width
    return f"{like[: found.start()]}{number:0{width}d}{like[found.end() :]}"


def free_serial(line_id: int, *, like: str) -> str:
    """Invent a serial that no part of the line bears: two tasks of one serial would tell which is staged.

    Where the numbers are all used up, one that is borne.
    """
    serial = like
    for _ in range(SERIAL_TRIES):
        serial = invent_serial(serial)
        if not Part.objects.filter(line=line_id, serial=serial).exists():
            break
    return serial


def _run(beside: ReviewTask, lag: timedelta) -> Run:
    part = Part.objects.create(
        id=twin_id(beside.run.part_id, lag),
        line=beside.line,
        serial=free_serial(beside.line_id, like=beside.run.part.serial),
        is_staged=True,
    )
    like = beside.run
    # Settled from the start: no clockwork owes it a verdict.
    return Run.objects.create(
        id=twin_id(like.pk, lag),
        part=part,
        line=beside.line,
        epoch_id=like.epoch_id,
        n=1,
        opened_at=like.opened_at + lag,
        model_due_at=like.model_due_at + lag,
        review_due_at=like.review_due_at + lag,
        views_expected=like.views_expected,
        is_open=False,
        is_settled=True,
        salt_id=like.salt_id,
        shares={},
        canary_position=0.0,
        **dict.fromkeys(_DRAWS, False),
    )


_DRAWS = ("drawn_truth", "drawn_overlap", "drawn_audit", "drawn_control", "drawn_check_defect", "drawn_second_look")


def _item(source: Item, run: Run, like: Item, lag: timedelta) -> Item:
    width, height = upright_size(source)
    return Item.objects.create(
        id=twin_id(like.pk, lag),
        run=run,
        line_id=run.line_id,
        view=source.view,
        captured_at=moment_after(like.captured_at, lag),
        received_at=like.received_at + lag,
        sha256=source.sha256,
        size_bytes=source.size_bytes,
        width=width,
        height=height,
        content_type=source.content_type,
    )
