"""How people inspect, measured on gold items: each person by name, never ranked, no percentage of a few."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from inspection.models import Line, User
from inspection.rules.words import Call, Label
from review import gold, known_images, sessions
from review.figures import Rate, rate
from review.gold_models import GoldRule
from review.models import Decision
from review.rules import gold as rules
from review.rules.gold import Dose
from stats.inspectors import Trend, trend

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One person's answers to gold items. `few` are told as counts alone.

    `again` are answers that were the same when an image came back after its rest, `kappa` how much that is beyond
    chance. `stands_out` says that the misses are too many even as one of several people.
    """

    person: User
    right: Rate
    missed: Rate
    alarmed: Rate
    unjudged: int
    verdict: str
    by_class: list[tuple[str, Rate]]
    trend: Trend
    chart: float
    has_alarm: bool
    again: Rate
    kappa: float | None
    stands_out: bool = False

    @property
    def is_few(self) -> bool:
        return self.right.n < rules.FEWEST

    @property
    def still(self) -> int:
        """How many golds are missing for a percentage."""
        return max(0, rules.FEWEST - self.right.n)

    @property
    def declines(self) -> bool:
        return self.trend.p is not None and self.trend.p < DECLINE


DECLINE = 0.01


@dataclass(frozen=True, kw_only=True)
class Feasible:
    """What the library allows: by person, and by class how many of its defects one person can meet a month."""

    doses: list[tuple[User, Dose]]
    classes: list[tuple[str, int]]
    good: int
    shifts_a_day: int
    rest_days: int = field(default=rules.REST.days)


def of_line(line: Line) -> list[Measured]:
    """Return the measures of everybody who answered a gold item on the line, by name."""
    said: dict[User, list[Decision]] = defaultdict(list)
    for decision in (
        sessions.answers()
        .filter(task__gold__line=line, task__gold__study=None, blind=True)
        .order_by("recorded_at", "pk")
    ):
        said[decision.person].append(decision)
    found = [_measured(person, said[person]) for person in sorted(said, key=lambda one: one.username)]
    flagged = rules.flagged([(one.missed.k, one.missed.n - one.missed.k) for one in found])
    return [replace(one, stands_out=place in flagged) for place, one in enumerate(found)]


def feasible(line: Line, rule: GoldRule, *, now: datetime) -> Feasible:
    """Return what can be given on a line now, to each person who read there in the last two weeks."""
    recent = Decision.objects.filter(person=OuterRef("pk"), task__line=line, recorded_at__gte=now - gold.LOOKED_BACK)
    people = User.objects.filter(Exists(recent), is_active=True).order_by("username")
    counted: dict[str, int] = defaultdict(int)
    for code in known_images.defects_of(line).values_list("defect_class", flat=True):
        counted[code] += 1
    names = {kind.code: kind.local_name for kind in line.defect_classes.filter(retired_at=None).order_by("key")}
    known = gold.library(line)
    return Feasible(
        doses=[(person, gold.dose_from(known, person, line, rule, now=now)) for person in people],
        classes=[(name, counted[code]) for code, name in names.items()],
        good=known[1],
        shifts_a_day=len(line.shift_pattern),
    )


def _measured(person: User, said: list[Decision]) -> Measured:
    judged = [one for one in said if one.label != Label.CANNOT_JUDGE.value]
    defects = [one for one in judged if one.task.gold.label == Call.DEFECT]
    good = [one for one in judged if one.task.gold.label == Call.PASS]
    missed, alarmed = _calling(defects, Label.PASS), _calling(good, Label.DEFECT)
    pairs = _pairs(judged)
    same, within = rules.repeated(pairs)
    w, has_alarm = rules.miss_chart([one.label == Label.PASS.value for one in defects])
    return Measured(
        person=person,
        right=rate(len(judged) - missed - alarmed, len(judged)),
        missed=rate(missed, len(defects)),
        alarmed=rate(alarmed, len(good)),
        unjudged=len(said) - len(judged),
        verdict=rules.verdict(len(defects) - missed, missed, alarmed, len(good) - alarmed),
        by_class=_by_class(defects),
        trend=_trend(defects),
        chart=w,
        has_alarm=has_alarm,
        again=rate(same, len(pairs)),
        kappa=within,
    )


def _calling(said: list[Decision], label: Label) -> int:
    return sum(one.label == label.value for one in said)


def _pairs(judged: list[Decision]) -> list[tuple[bool, bool]]:
    """Return a person's answers to the same image, each beside the one before it, rested as the rule asks."""
    last: dict[Any, Decision] = {}
    pairs = []
    for one in judged:
        before = last.get(one.task.gold.source_id)
        if before is not None and one.recorded_at - before.recorded_at >= rules.REST:
            pairs.append((before.label == Label.DEFECT.value, one.label == Label.DEFECT.value))
        last[one.task.gold.source_id] = one
    return pairs


def _by_class(defects: list[Decision]) -> list[tuple[str, Rate]]:
    groups: dict[str, list[Decision]] = defaultdict(list)
    for one in defects:
        groups[one.task.gold.defect_class].append(one)
    return [(code, rate(_calling(said, Label.PASS), len(said))) for code, said in sorted(groups.items())]


def _trend(defects: list[Decision]) -> Trend:
    """Say whether the share of defects caught declines from week to week."""
    weeks: dict[int, list[bool]] = defaultdict(list)
    for one in defects:
        weeks[(one.recorded_at - defects[0].recorded_at) // WEEK].append(one.label == Label.DEFECT.value)
    if not weeks:
        return Trend(None, None)
    times = sorted(weeks)
    return trend([sum(weeks[t]) for t in times], [len(weeks[t]) for t in times], [float(t) for t in times])
