"""What a person may be shown about a model's prediction, and when."""

from collections.abc import Collection
from enum import StrEnum

from inspection.rules.words import AssistStyle, Call, Label, Level, Purpose, Role


class Sight(StrEnum):
    """How much of the prediction one reading may ever see."""

    NOTHING = "nothing"
    AFTER_CALL = "after_call"
    ALONGSIDE = "alongside"


def sight(*, level: Level, style: AssistStyle, purpose: Purpose, is_control: bool, is_drawn: bool) -> Sight:
    """Say what a reading may see. Nothing at `human`, `shadow` and `full`; nothing for any draw or second reading.

    `is_drawn` covers the truth draw and audits. A gold item looks like any first reading. Where in doubt the answer is
    nothing.
    """
    is_first = purpose in (Purpose.PRIMARY, Purpose.GOLD)
    if level not in (Level.ASSIST, Level.PARTIAL) or not is_first or is_control or is_drawn:
        return Sight.NOTHING
    return Sight.ALONGSIDE if style == AssistStyle.ALONGSIDE else Sight.AFTER_CALL


def blinder(one: Level, other: Level) -> Level:
    """Return the lower of two levels: a line that came down shows no more than its new level allows."""
    return min(one, other, key=lambda level: level.rung)


def reveals(seen: Sight, *, call: Call, label: Label, asked: bool) -> bool:
    """Say whether the answer to a first call shows the prediction: where it disagrees, or on request.

    'Cannot judge' is not a label that a model could contradict: it reveals on request only.
    """
    if seen == Sight.NOTHING:
        return False
    return asked or seen == Sight.ALONGSIDE or (label != Label.CANNOT_JUDGE and label.value != call.value)


def probability_band(probability: float, call: Call) -> str:
    """Say how sure the model is of its own call, in a word instead of digits that look exact.

    >>> probability_band(0.97, Call.DEFECT), probability_band(0.15, Call.PASS), probability_band(0.5, Call.DEFECT)
    ('high', 'medium', 'low')
    """
    certainty = probability if call == Call.DEFECT else 1.0 - probability
    if certainty >= 0.95:
        return "high"
    return "medium" if certainty >= 0.80 else "low"


def tells_level(level: Level, roles: Collection[Role]) -> bool:
    """Say whether a person may know a line's level: inspectors not while it is `human` or `shadow`."""
    return level not in (Level.HUMAN, Level.SHADOW) or bool({Role.QA_LEAD, Role.ADMINISTRATOR} & set(roles))
