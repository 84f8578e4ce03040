"""Settings of a line whose changes are kept, and which way each of them loosens."""

from inspection.rules.words import Verdict

# More of these is more that people see.
TIGHTER_UP = (
    "truth_share",
    "overlap_share",
    "control_share",
    "audit_share",
    "check_defect_share",
    "second_look_share",
    "lot_release",
)
# Fewer escapes allowed, more parts called defects, the safe default sooner, the next certification earlier.
TIGHTER_DOWN = (
    "target_escape_ppm",
    "target_overkill_share",
    "recertify_by",
    "call_threshold",
    "model_deadline_s",
    "review_deadline_s",
)
NEITHER = (
    "optics",
    "takt_s",
    "undo_s",
    "cost_escape",
    "cost_overkill",
    "cost_reading",
    "vigilance_min",
    "views",
    "view_order",
    "loop_golden",
    "loop_zoom",
    "second_opinion",
    "practice_size",
    "practice_aim",
)
KEPT = (*TIGHTER_UP, *TIGHTER_DOWN, "fail_safe", *NEITHER)


def loosens(name: str, before: object, after: object) -> bool:
    """Say whether a change lets more pass unseen. A limit that is taken away loosens, a first one does not.

    >>> loosens("audit_share", 0.05, 0.02), loosens("call_threshold", 0.5, 0.4), loosens("recertify_by", None, 2)
    (True, False, False)
    """
    if name == "fail_safe":
        return (before, after) == (Verdict.REJECT, Verdict.HOLD)
    if name in TIGHTER_UP:
        return after < before  # type: ignore[operator]
    if name in TIGHTER_DOWN:
        return before is not None and (after is None or after > before)  # type: ignore[operator]
    return False
