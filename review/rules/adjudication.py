"""When an image needs a ruling, who may give it, and which of several readings stands."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from inspection.rules.words import Call, Label


class Cause(StrEnum):
    """Why an image is ruled on. Never told to the adjudicator."""

    CANNOT_JUDGE = "cannot_judge"
    PEOPLE = "people"
    MODEL = "model"
    CANDIDATE = "candidate"
    TRUTH_DRAW = "truth_draw"
    CHECK = "check"
    SECOND_LOOK = "second_look"
    DISPUTE = "dispute"
    QUESTION = "question"

    @property
    def asks_for_new_eyes(self) -> bool:
        """Whether nobody may rule who has ruled on the image before."""
        return self in (Cause.SECOND_LOOK, Cause.QUESTION)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What was said about one image, and what its run was drawn for. `model` is None without a valid prediction.

    `candidate` is what a version beside the model said, None where none did.
    """

    first: Label
    second: Label | None
    model: Call | None
    drawn_truth: bool
    drawn_check: bool
    candidate: Call | None = None


@dataclass(frozen=True)
class Ruling:
    cause: Cause
    label: Label
    defect_class: str = ""


def cause(calls: Calls) -> Cause | None:
    """Say why the image needs a ruling, the gravest reason first; None when it needs none.

    Every disagreement is ruled on, the truth draw whatever the labels, and a share of agreed defects.
    """
    if Label.CANNOT_JUDGE in (calls.first, calls.second):
        return Cause.CANNOT_JUDGE
    if calls.second is not None and calls.second != calls.first:
        return Cause.PEOPLE
    if calls.model is not None and calls.model.value != calls.first.value:
        return Cause.MODEL
    if calls.drawn_truth:
        return Cause.TRUTH_DRAW
    if calls.drawn_check and calls.model == Call.DEFECT:
        return Cause.CHECK
    # Last: what chance drew keeps its own cause, and stays a random sample.
    if calls.candidate is not None and calls.candidate.value != calls.first.value:
        return Cause.CANDIDATE
    return None


def standing(rulings: Sequence[Ruling]) -> Label | None:
    """Return the label that stands after the rulings in their order; None without any."""
    ruling = standing_ruling(rulings)
    return ruling.label if ruling else None


def standing_ruling(rulings: Sequence[Ruling]) -> Ruling | None:
    """Return the ruling that stands after the rulings in their order; None without any.

    A second look that differs does not overturn: the first ruling stands until a third person decides.
    Any other later ruling (a dispute, a question) replaces what stood.
    """
    stands, _ = _after(rulings)
    return stands


def is_contested(rulings: Sequence[Ruling]) -> bool:
    """Say whether a second look differs from what stands, and a third person has not decided yet."""
    _, contested = _after(rulings)
    return contested


def _after(rulings: Sequence[Ruling]) -> tuple[Ruling | None, bool]:
    """Return the ruling that stands, and whether a second look differs from it."""
    stands: Ruling | None = None
    contested = False
    for ruling in rulings:
        if ruling.cause != Cause.SECOND_LOOK or contested or stands is None:
            stands, contested = ruling, False
        else:
            contested = ruling.label != stands.label
    return stands, contested


def wants_another_look(rulings: Sequence[Ruling], *, drawn_second_look: bool) -> bool:
    """Say whether the last ruling calls for another person's look.

    A share of the truth draw's passes is looked at again (`drawn_second_look`), and where the second look
    differs a third person decides.
    """
    if not rulings:
        return False
    looks = [ruling for ruling in rulings if ruling.cause == Cause.SECOND_LOOK]
    if not looks:
        return drawn_second_look and rulings[-1].label == Label.PASS
    is_second = len(looks) == 1 and rulings[-1] is looks[0]
    return is_second and rulings[-1].label != standing(rulings[:-1])


def shows_calls(first: Label, second: Label | None) -> bool:
    """Say whether the adjudicator sees the calls A and B: only where two people differ, else the image alone."""
    return second is not None and second != first


def is_conflict(person_id: int, *, readers: Collection[int], earlier_rulers: Collection[int]) -> bool:
    """Say whether a person may not rule: they read the image, or gave the ruling that is looked at again."""
    return person_id in readers or person_id in earlier_rulers
