"""What the line gets when something fails."""

from itertools import product

import pytest

from inspection.rules.failsafe import Fault, verdict
from inspection.rules.words import Level, Verdict

LEVELS = [level.value for level in Level]


@pytest.mark.parametrize(("fault", "level"), list(product([*Fault, "meteor"], [*LEVELS, "level-9"])))
@pytest.mark.parametrize("fail_safe", ["pass", "reject", "hold", ""])
def test_no_fault_ever_lets_a_part_pass(fault, level, fail_safe):
    assert verdict(fault, level=level, fail_safe=fail_safe) in (Verdict.HOLD, Verdict.REJECT, None)


@pytest.mark.parametrize(("fault", "level"), list(product([Fault.MODEL_SILENT, Fault.CAMERA_STUCK], LEVELS)))
def test_a_silent_model_and_a_stuck_camera_leave_the_part_to_people(fault, level):
    assert verdict(fault, level=level, fail_safe="reject") is None


@pytest.mark.parametrize("level", LEVELS)
def test_a_late_review_gives_the_fail_safe_of_the_line(level):
    assert verdict(Fault.REVIEW_LATE, level=level, fail_safe="reject") == Verdict.REJECT
    assert verdict(Fault.REVIEW_LATE, level=level, fail_safe="hold") == Verdict.HOLD


@pytest.mark.parametrize(
    ("fault", "level"), list(product([Fault.VIEW_MISSING, Fault.QUARANTINED, Fault.SERVER_AWAY], LEVELS))
)
def test_where_there_is_nothing_to_judge_the_part_is_held(fault, level):
    assert verdict(fault, level=level, fail_safe="reject") == Verdict.HOLD


def test_an_unknown_level_or_fault_holds_the_part():
    assert verdict(Fault.MODEL_SILENT, level="level-9", fail_safe="reject") == Verdict.HOLD
    assert verdict("meteor", level="partial", fail_safe="reject") == Verdict.HOLD
