"""Training that a line asks for by itself: by time or by drift, when an administrator allowed it.

What comes of it watches in shadow and waits for people, as any candidate does.
"""

import logging
from datetime import datetime

from inspection import outbox
from inspection.models import Line, User
from review import snapshots, trainings
from review.rules.trainings import Cause, Occasions, State, cause_now
from review.training_models import RetrainingRule, Training

logger = logging.getLogger(__name__)

TOPIC = "training.due"


class NoOccasion(Exception):
    """The rule names no occasion, so it would never ask for a training."""


def rule_of(line: Line) -> RetrainingRule | None:
    """Return the rule in force, None where nobody has set one."""
    return line.retraining_rules.order_by("-pk").first()


def set_rule(
    line: Line,
    *,
    is_on: bool,
    every_days: int | None,
    on_drift: bool,
    architecture: str,
    minutes: int,
    by: User,
    now: datetime,
) -> RetrainingRule:
    """Say when a line trains by itself from now on. Raises UnknownArchitecture or NoOccasion."""
    if architecture not in trainings.ARCHITECTURES:
        raise trainings.UnknownArchitecture(f"There is no architecture {architecture!r}.")
    if is_on and not on_drift and not every_days:
        raise NoOccasion("Name a number of days, or drift.")
    return RetrainingRule.objects.create(
        line=line,
        is_on=is_on,
        every_days=every_days,
        on_drift=on_drift,
        architecture=architecture,
        minutes=minutes,
        set_by=by,
        set_at=now,
    )


def ask_where_due(line: Line, *, drifted_at: datetime | None, now: datetime) -> Cause | None:
    """Order a training where the line's rule wants one: at most once a day and cause. Costs two queries."""
    rule = rule_of(line)
    if rule is None or not rule.is_on:
        return None
    last = trainings.of_line(line).order_by("-asked_at").first()
    if last is not None and last.is_open:
        return None
    occasions = Occasions(every_days=rule.every_days, on_drift=rule.on_drift)
    last_at = last.asked_at if last else None
    cause = cause_now(occasions, last_at=last_at, drifted_at=drifted_at, set_at=rule.set_at, now=now)
    if cause is not None:
        outbox.ask(TOPIC, f"{line.pk}/{now.date()}/{cause}", now=now)
    return cause


def begin(key: str, *, now: datetime) -> Training | None:
    """Take a snapshot and ask for the training; None where the rule was withdrawn or there is nothing new to learn."""
    line_pk, _, cause = key.split("/")
    line = Line.objects.select_related("product").get(pk=line_pk)
    rule = rule_of(line)
    if rule is None or not rule.is_on:
        return None
    try:
        snapshot = snapshots.take(line, query="", by=None, now=now)
        if snapshot.trainings.filter(architecture=rule.architecture, state=State.DONE.value).exists():
            logger.info("Nothing new to learn on %s since %s", line, snapshot)
            return None
        return trainings.ask(
            snapshot,
            architecture=rule.architecture,
            minutes=rule.minutes,
            cause=Cause(cause),
            by=None,
            now=now,
        )
    except (snapshots.NothingToLearn, trainings.AlreadyAsked, trainings.WithoutTorch) as refusal:
        logger.warning("No training of %s by its rule: %s", line, refusal)
        return None
