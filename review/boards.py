"""What the pages for leads show: rungs, rows of evidence, charts. Plain values for templates, made from readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from inspection.models import Freeze, Hold, LevelChange, LevelProposal, Line
from inspection.rules.ladder import HARM, Condition, Judgement
from inspection.rules.words import Level
from review import reason_words, sentences
from review.evidence import Reading


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung of the ladder as the page shows it."""

    level: Level
    state: str
    note: str
    gate: str
    held: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One check of a gate: what is asked, what was counted, how far it has come, what is still needed.

    `weight` and `needed` are ratios of evidence. `page` names the page of the line on which a lead does what is
    missing; empty where only parts can.
    """

    check: str
    counted: str
    state: str
    still: int | str
    weight: float | None = None
    needed: float | None = None
    note: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """STOP as a page of a line shows it to one person: the button, or since when the line stands."""

    may_stop: bool
    is_stopped: bool
    held_at: datetime | None
    zone: str
    reasons: list[tuple[str, str]]


def rungs(line: Line, reading: Reading | None, proposal: LevelProposal | None, held: bool) -> list[Rung]:
    """Return the five rungs with where the line stands and what stands between."""
    here = Level(line.level)
    left = _left_at(line)
    return [
        Rung(
            level=level,
            state=_state(level, here),
            note=_note(level, here, line=line, reading=reading, proposal=proposal, left=left),
            gate=_gate(level, here, reading),
            held=held and level == here,
        )
        for level in Level
    ]


def rows(judgement: Judgement, names: Mapping[str, str]) -> list[Row]:
    """Return the evidence rows of a gate in the order in which it asks, classes by their names."""
    streams = [
        Row(
            check=sentences.stream_name(check),
            counted=_counted(check.successes, check.failures, check.stream),
            state="met" if check.passed else "short" if check.successes + check.failures else "unstarted",
            still=check.items_to_pass,
            weight=check.ratio,
            needed=check.needed_ratio,
            note=_("bank") if check.route == "bank" else "",
        )
        for check in judgement.checks
    ]
    return streams + [_condition_row(condition, names) for condition in judgement.conditions]


def short(judgement: Judgement, names: Mapping[str, str]) -> list[Row]:
    """Return the rows that are not met, the nearest first: what a lead does, then what needs the fewest more."""
    listed = zip(rows(judgement, names), judgement.every, strict=True)
    return sorted((row for row, one in listed if not one.passed), key=_distance)


def folded(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that a lead looks at, which are the streams and whatever is missing, and those that are met."""
    met = [row for row in rows if row.state == "met" and row.weight is None]
    return [row for row in rows if row not in met], met


def _distance(row: Row) -> tuple[bool, bool, int]:
    counts = isinstance(row.still, int)
    return not row.page, not counts, int(row.still) if counts else 0


def waivable(reading: Reading, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what two leads may waive on the next rung: classes that are unproven, and unmeasured harm."""
    unproven = [one for one in reading.judgement.conditions if one.is_data and not one.passed]
    classes = [(one.subject, names.get(one.subject, one.subject)) for one in unproven if one.name.startswith("class_")]
    harm = [(HARM, _("assistance bias"))] if any(one.name == "harm" for one in unproven) else []
    return classes + harm


def truths(reading: Reading) -> list[tuple[str, int, int]]:
    """Return what stands beside the model's label against known truth: the bank, and what the bands do."""
    seen = reading.evidence
    kept, spared = (seen.streams.get(f"policy_{name}", (0, 0)) for name in ("detection", "specificity"))
    listed = [
        (_("Known defects of the bank found"), *seen.bank),
        (_("Good parts of the truth draw called good"), *seen.streams.get("specificity", (0, 0))),
        (
            _("Defects of the truth draw that the bands keep from passing"),
            *kept,
        ),
        (_("Good parts that the bands do not reject"), *spared),
        (_("Right calls kept after a wrong prediction"), seen.harm[1] - seen.harm[0], seen.harm[0]),
    ]
    return [(name, found, found + missed) for name, found, missed in listed if found + missed]


def axis_end(*highs: float | None) -> float:
    """Return where an axis of rates ends that stand side by side: at a plain share that cuts no interval."""
    most = max((high for high in highs if high is not None), default=0.0)
    return next(end for end in (0.25, 0.5, 1.0) if most <= end)


# Rungs ----------------------------------------------------------------------------------------------------------


def _state(level: Level, here: Level) -> str:
    if level == here:
        return "current"
    if level == here.above:
        return "next"
    return "past" if level.rung < here.rung else "later"


def _gate(level: Level, here: Level, reading: Reading | None) -> str:
    if level == Level.HUMAN:
        return ""
    if level.rung <= here.rung:
        return "passed"
    if level == here.above and reading is not None:
        return "open" if reading.judgement.is_open else "shut"
    return "later"


def _note(level: Level, here: Level, *, line, reading, proposal, left: dict[str, datetime]) -> str:
    if level == here:
        return _current_note(line, left)
    if level == here.above:
        return _next_note(reading, proposal)
    if level.rung < here.rung:
        moment = left.get(level.value)
        return _("left %(day)s") % {"day": _day(moment, line)} if moment else ""
    return _("after %(level)s") % {"level": sentences.level_name(level.below or level)}


def _current_note(line: Line, left: dict[str, datetime]) -> str:
    arrived = left.get("now")
    return _("since %(day)s") % {"day": _day(arrived, line)} if arrived else _("since the line began")


def _next_note(reading: Reading | None, proposal: LevelProposal | None) -> str:
    if reading is None or not reading.judgement.is_open:
        return _("gate shut")
    signed = sum(1 for person in (proposal.proposer_id, proposal.approver_id) if person) if proposal else 0
    return _("gate open, %(n)s of 2 signed") % {"n": signed}


def _left_at(line: Line) -> dict[str, datetime]:
    """Return when each level was last left, and under "now" when the present one was reached."""
    moments: dict[str, datetime] = {}
    for change in LevelChange.objects.filter(line=line).order_by("changed_at", "pk"):
        moments[change.from_level] = moments["now"] = change.changed_at
    return moments


def _day(moment: datetime, line: Line) -> str:
    return f"{moment.astimezone(ZoneInfo(line.time_zone)):%m-%d}"


# Evidence -------------------------------------------------------------------------------------------------------


def _counted(s: int, f: int, stream: str) -> str:
    facts = {"k": f"{s:,}", "n": f"{s + f:,}"}
    return (_("%(k)s of %(n)s found") if stream.endswith("detection") else _("%(k)s of %(n)s")) % facts


def _condition_row(condition: Condition, names: Mapping[str, str]) -> Row:
    known = _CONDITIONS.get(condition.name)
    # Evidence frozen by an earlier version may hold a condition that is no longer asked.
    name, need, more = known() if known else (condition.name.replace("_", " "), "%(n)s", False)
    counted = _number(condition)
    state = "met" if condition.passed else "short" if condition.counted else "unstarted"
    missing = (condition.needed or 0) - (condition.counted or 0)
    still: int | str = int(-(-missing // 1)) if more and missing > 0 else _("not met")
    needed = "" if condition.needed is None else need % {"n": sentences.figure(condition.needed, condition.name)}
    if condition.spared:
        state, still = "unstarted", _("waived") if condition.spared == "waived" else _("not asked here")
    subject = sentences.subject_word(condition, names)
    named = f"{name}: {subject}" if subject else name
    page = "" if condition.passed else PAGES.get(condition.name, "")
    return Row(check=named, counted=counted, state=state, still=still, note=needed, page=page)


def _number(condition: Condition) -> str:
    # Between two errors W may lie just below zero; its floor acts at the next step.
    counted = condition.counted if condition.counted is None else max(condition.counted, 0.0)
    return sentences.figure(counted, condition.name)


# Where a lead does what a condition waits for.
PAGES = {"bands": "bands", "calendar": "challenges"}
# name -> (what is asked, how its need is said, whether a number of more makes sense)
_CONDITIONS = {
    "parts": lambda: (_("Blind parts"), _("%(n)s needed"), True),
    "defects": lambda: (_("Defects of known truth"), _("%(n)s needed"), True),
    "natural_defects": lambda: (_("Natural defects"), _("%(n)s needed"), True),
    "days": lambda: (_("Days"), _("%(n)s needed"), True),
    "shifts": lambda: (_("Shifts"), _("%(n)s needed"), True),
    "people": lambda: (_("Inspectors"), _("%(n)s needed"), True),
    "health_items": lambda: (_("Images tried in a health run"), _("%(n)s needed"), True),
    "health_missing": lambda: (_("Missing predictions"), _("at most %(n)s"), False),
    "health_p95_ms": lambda: (_("95 % answered within, ms"), _("deadline %(n)s"), False),
    "bands": lambda: (_("Bands certified"), _("escapes and misses"), False),
    "natural_not_contradicting": lambda: (_("Natural defects do not contradict"), "", False),
    "confirmed": lambda: (_("Live parts confirm the sealed archive"), "", False),
    "accuracy": lambda: (_("Accuracy by two-phase estimate"), _("above %(n)s"), False),
    "leaked": lambda: (_("Known defects learned from"), _("none may be"), False),
    "class_critical": lambda: (_("Critical class proven"), _("%(n)s without a miss"), True),
    "class_major": lambda: (_("Major class proven"), _("%(n)s without a miss"), True),
    "class_cosmetic": lambda: (_("Cosmetic class proven"), _("%(n)s without a miss"), True),
    "harm": lambda: (_("Defects passed more often where the model misleads"), _("at most %(n)s"), False),
    "ppm": lambda: (_("Escapes per million in the truth draw"), _("promised %(n)s"), False),
    "calendar": lambda: (_("Calendar of challenge parts"), _("set"), False),
    "clean_shifts": lambda: (_("Shifts without a missed challenge part"), _("%(n)s needed"), True),
    "quiet_days": lambda: (_("Days without a warning chart"), _("%(n)s needed"), True),
    "watch": lambda: (_("Chart"), _("warns at %(n)s"), False),
    "freezes": lambda: (_("Open drift or demotion alarms"), _("none may freeze promotions"), False),
    "holds": lambda: (_("Holds"), _("none may be in force"), False),
    "chart": lambda: (_("Disagreement chart"), _("warns at %(n)s"), False),
    "cool_down": lambda: (_("Days of rest after a lowering"), _("%(n)s needed"), False),
}


def holds_of(line: Line) -> Sequence[Hold]:
    return list(line.holds.in_force().select_related("placed_by").order_by("placed_at"))


def freezes_of(line: Line) -> Sequence[Freeze]:
    """Return what keeps a line from going up, the oldest first: it stands on every rung, also below `partial`."""
    return list(line.freezes.in_force().order_by("placed_at", "pk"))


def stop_of(line: Line, *, may_lower: bool) -> Stop:
    """Return what `review/_stop.html` shows: every page of a line has it in its head."""
    holds = holds_of(line)
    stop = next((hold for hold in holds if hold.kind == Hold.STOP), None)
    held = stop or next(iter(holds), None)
    return Stop(
        # A line that is only planned has nothing to stop.
        may_stop=may_lower and stop is None and line.may_collect,
        is_stopped=stop is not None,
        held_at=held.placed_at if held else None,
        zone=line.time_zone,
        reasons=[(reason, reason_words.reason_word(reason)) for reason in sentences.STOP_REASONS],
    )
