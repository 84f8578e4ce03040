"""What a person sends about an image, and what that person has said about it before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from inspection.models import User
from inspection.rules.words import Label, Phase
from review.faults import Fault, Invalid
from review.models import Decision, DecisionFate, ReviewTask


class AlreadyDecided(Exception):
    """This person's call in this phase is on record."""


@dataclass(frozen=True, kw_only=True)
class DecisionInput:
    """What the page sends. Shape was checked at the door; meaning is checked by `record`."""

    decision_id: UUID
    label: Label
    shown_at: datetime
    decided_at: datetime
    view_ms: int
    defect_class: str = ""
    regions: list[dict[str, float]] = field(default_factory=list)
    comment: str = ""
    phase: Phase = Phase.INITIAL
    ask_reveal: bool = False
    page: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """One call on a task, under the token of the lease that it spends. The task comes with its line, item and run."""

    task: ReviewTask
    token: int
    decision: DecisionInput


class History:
    """What a person has said about some tasks before, and whatever bears the ids of the calls: one statement."""

    def __init__(self, said: Iterable[Said], *, person: User) -> None:
        asked = list(said)
        mine = Q(task__in=[one.task for one in asked], person=person)
        named = Q(pk__in=[one.decision.decision_id for one in asked])
        found = Decision.objects.filter(mine | named).select_related("fate").order_by("recorded_at", "pk")
        self._person, self._known = person, {decision.pk: decision for decision in found}

    def replayed(self, said: Said) -> Decision | None:
        """Return the same call where it is on record. Raises Invalid where its id is another's."""
        known = self._known.get(said.decision.decision_id)
        if known is None:
            return None
        is_his = known.task_id == said.task.pk and known.person_id == self._person.pk
        if not is_his or not _says_the_same(known, said.decision):
            fault = Fault(pointer="/decision_id", detail=_("The id belongs to another decision."), code="taken")
            raise Invalid([fault])
        known.task = said.task
        return known

    def first_call(self, said: Said) -> Decision | None:
        """Return the first call that a final one keeps or changes. Raises where the phases do not allow the call."""
        if self.is_decided(said):
            raise AlreadyDecided("This round is decided.")
        if said.decision.phase == Phase.INITIAL:
            return None
        answered = (one for one in self._on(said.task) if _stands(one) and one.revealed_at and one.blind)
        first = next(answered, None)
        if first is None:
            detail = _("A final call follows a first one that was answered.")
            raise Invalid([Fault(pointer="/phase", detail=detail, code="order")])
        return first

    def is_decided(self, said: Said) -> bool:
        """Say whether the person's call on the task in this phase stands."""
        return any(_stands(one) and one.phase == said.decision.phase for one in self._on(said.task))

    def round_of(self, said: Said) -> int:
        """Return which round of the phase the call is; those that were undone count."""
        return 1 + sum(one.phase == said.decision.phase for one in self._on(said.task))

    def _on(self, task: ReviewTask) -> list[Decision]:
        return [one for one in self._known.values() if one.task_id == task.pk and one.person_id == self._person.pk]


def _says_the_same(known: Decision, decision: DecisionInput) -> bool:
    said = (decision.label, decision.defect_class, decision.phase, decision.comment)
    return said == (known.label, known.defect_class, known.phase, known.comment)


def _stands(decision: Decision) -> bool:
    return not hasattr(decision, "fate") or decision.fate.fate != DecisionFate.UNDONE
