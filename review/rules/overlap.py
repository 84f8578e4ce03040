"""Which items get a second, blind, independent reading."""

from inspection.rules.words import Purpose


def wants_second_reading(*, purpose: Purpose, drawn_overlap: bool) -> bool:
    """Say whether a reading that became final asks for another: the run was drawn for it at intake.

    The draw alone decides, never what was seen, so the pairs are a fair sample of all readings.
    """
    return purpose == Purpose.PRIMARY and drawn_overlap
