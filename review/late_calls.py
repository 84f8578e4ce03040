"""Calls that came after their lease: kept as notes, shown where nobody can be led by them, counted nowhere."""

from datetime import datetime

from inspection.models import User
from inspection.rules.words import Phase
from review import sights
from review.calls import Said
from review.late_models import LateCall
from review.models import Adjudication


def keep(said: Said, *, person: User, now: datetime) -> None:
    """Keep a call as a note, the first of a person on a task in a phase.

    A token that nobody has held yet leaves none, nor does that under which somebody else holds the task.
    """
    task, call = said.task, said.decision
    is_anothers = said.token == task.lease_token and task.lease_holder_id not in (None, person.pk)
    if not 0 < said.token <= task.lease_token or is_anothers:
        return
    note = LateCall(
        id=call.decision_id,
        task=task,
        person=person,
        phase=call.phase.value,
        label=call.label.value,
        defect_class=call.defect_class,
        regions=call.regions,
        comment=call.comment,
        blind=call.phase == Phase.INITIAL and not sights.was_alongside(task),
        decided_at=call.decided_at,
        kept_at=now,
    )
    LateCall.objects.bulk_create([note], ignore_conflicts=True)


def opinions_on(case: Adjudication) -> list[LateCall]:
    """Return the notes that whoever rules on a case may see: blind ones, of people whose reading it does not show.

    None where the line does not want them, and none where the case shows no call at all.
    """
    if case.second is None or not case.line.second_opinion:
        return []
    readers = [case.first.person_id, case.second.person_id]
    notes = LateCall.objects.filter(task__item=case.item_id, blind=True).exclude(person__in=readers)
    return list(notes.order_by("kept_at", "pk"))
