"""How the share of known defects caught goes with the time that people have looked, on a line, all together."""

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from inspection.models import Line
from inspection.rules.words import Call, Label, Phase
from review import sessions
from review.models import Decision
from review.rules import vigilance as rules
from review.rules.vigilance import Vigilance

LOOKED_BACK = timedelta(days=30)


def of_line(line: Line, *, now: datetime) -> Vigilance:
    """Return the last thirty days of a line. A break is a break from every line. Two statements."""
    since = now - LOOKED_BACK
    shown = sessions.answers().filter(task__gold__line=line, task__gold__study=None, blind=True, recorded_at__gte=since)
    known = {one.pk: one.label for one in shown if one.task.gold.label == Call.DEFECT}
    judged = {pk: label for pk, label in known.items() if label != Label.CANNOT_JUDGE.value}
    spans = _spans({one.person_id for one in shown}, since=since) if judged else {}
    return rules.vigilance([(spans[pk], label == Label.DEFECT.value) for pk, label in judged.items()])


def _spans(people: set[int], *, since: datetime) -> dict[UUID, timedelta]:
    """Return how long each person had looked without a break at each of their readings."""
    readings = Decision.objects.filter(person__in=people, phase=Phase.INITIAL.value, recorded_at__gte=since)
    by_person: dict[int, list[tuple[UUID, datetime]]] = defaultdict(list)
    for pk, person, moment in readings.order_by("recorded_at", "pk").values_list("pk", "person", "recorded_at"):
        by_person[person].append((pk, moment))
    return {
        pk: span
        for rows in by_person.values()
        for (pk, _), span in zip(rows, rules.since_break(moment for _, moment in rows), strict=True)
    }
