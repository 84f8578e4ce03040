"""How long each rung takes on a line, what it costs and what holds it up: told before anything is collected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from inspection import scopes
from inspection.models import Line
from inspection.rules.ladder import GATES, HEALTH_ITEMS, Gate
from inspection.rules.words import Level
from review import bank, evidence, rates, retro
from review.rates import Rates
from stats import planning

CAMPAIGN_SHARE = 0.20
CLIMBED = (Level.ASSIST, Level.PARTIAL, Level.FULL)
_STREAMS = {
    Level.ASSIST: ("agreement", "detection"),
    Level.PARTIAL: ("policy_detection", "policy_specificity"),
    Level.FULL: ("policy_detection", "policy_specificity"),
}


class Asked(NamedTuple):
    """What a rung asks for at given rates. Days are None where it never comes, readings where people read no more."""

    days: int | None
    parts: int | None
    readings: int | None


@dataclass(frozen=True, kw_only=True)
class PlannedRung:
    """One rung: days, parts and readings with their ranges, what is ruled on until then, and what holds it up.

    Days are None where the rung never comes; `best` and `worst` are the same at the ends of the line's rates.
    `readings` is None where people read the audit alone. `with_bank` is how many days a full bank would leave.
    """

    level: Level
    is_reached: bool
    days: int | None
    parts: int | None
    readings: int | None
    best: Asked
    worst: Asked
    hours: float | None
    earliest: date | None
    binding: str
    needed: int | None = None
    bank_needed: int | None = None
    with_bank: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The way up under one truth draw."""

    truth_share: float
    hours_per_day: float
    rungs: tuple[PlannedRung, ...]


@dataclass(frozen=True, kw_only=True)
class Plans:
    """The plans of a line and what they rest on. Both are None while the line's rates are unknown."""

    rates: Rates
    gates: dict[Level, Gate]
    bank: int
    archive_opened: bool
    normal: Plan | None
    campaign: Plan | None


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What one plan is computed from."""

    line: Line
    gates: dict[Level, Gate]
    parts: float
    defects: float
    agreement: float
    detection: float
    share: float
    bank: int
    archive_opened: bool


def of_line(line: Line, *, now: datetime, gates: dict[Level, Gate] | None = None) -> Plans:
    """Plan with what the line has already: the defects of its bank, and what the sealed archive says of its version."""
    version = line.epoch.model_version if line.epoch else None
    opened = version is not None and retro.passed(line, version)
    return read(line, now=now, bank=bank.classes_of(line).total(), archive_opened=opened, gates=gates)


def gates_of(line: Line) -> dict[Level, Gate]:
    """Return what the rungs ask of the line."""
    return {level: evidence.gate_for(line, level) for level in CLIMBED}


def read(
    line: Line, *, now: datetime, bank: int = 0, archive_opened: bool = False, gates: dict[Level, Gate] | None = None
) -> Plans:
    """Plan the line's way up at its own truth draw and at a campaign's, through its own gates or those given.

    `bank` counts the distinct defects of the line's bank. Where the sealed archive opened for the line's version,
    the first gate asks for a confirmation only; the rungs above ask for the policy, which no archive has seen.
    """
    found = rates.read(line, scopes.scope_of(line), now=now)
    gates = gates or gates_of(line)
    plans = Plans(rates=found, gates=gates, bank=bank, archive_opened=archive_opened, normal=None, campaign=None)
    if found.parts_per_day is None or found.defect_rate is None:
        return plans
    ground = _Ground(
        line=line,
        gates=gates,
        parts=found.parts_per_day.value,
        defects=found.defect_rate.value,
        agreement=found.agreement.value,
        detection=found.detection.value,
        share=line.truth_share,
        bank=bank,
        archive_opened=archive_opened,
    )
    today = now.astimezone(ZoneInfo(line.time_zone)).date()
    campaign = replace(ground, share=max(CAMPAIGN_SHARE, line.truth_share))
    return replace(plans, normal=_plan(ground, found, today), campaign=_plan(campaign, found, today))


# One plan -------------------------------------------------------------------------------------------------------


def _plan(ground: _Ground, found: Rates, today: date) -> Plan:
    assert found.parts_per_day is not None
    assert found.defect_rate is not None
    likely = _computed(ground)
    best = _asked(replace(ground, parts=found.parts_per_day.high, defects=found.defect_rate.high))
    worst = _asked(replace(ground, parts=found.parts_per_day.low, defects=found.defect_rate.low))
    rungs = [_shadow(ground, today)]
    for level, row, *ends in zip(CLIMBED, likely, best, worst, strict=True):
        rungs.append(_rung(ground, level, row, ends, after=rungs[-1].earliest))
    return Plan(truth_share=ground.share, hours_per_day=likely[0].hours_per_day, rungs=tuple(rungs))


def _computed(ground: _Ground) -> Sequence[planning.Rung]:
    """Plan each rung on its own route: what waits for natural defects does not come sooner by a bank."""
    by_bank, by_nature = _rows(ground, bank=ground.bank), _rows(ground, bank=0)
    routes = [ground.gates[level].route for level in CLIMBED]
    rows = [
        banked if route == "bank" else natural
        for route, banked, natural in zip(routes, by_bank, by_nature, strict=True)
    ]
    return [_confirmed(rows[0], ground), *rows[1:]] if ground.archive_opened else rows


def _rows(ground: _Ground, *, bank: int) -> Sequence[planning.Rung]:
    return planning.plan(
        ground.parts,
        ground.defects,
        truth_share=ground.share,
        bank=bank,
        agreement=ground.agreement,
        label_detection=ground.detection,
        targets=[_p0(ground.gates[level], stream) for level in CLIMBED for stream in _STREAMS[level]],
    )


def _asked(ground: _Ground) -> list[Asked]:
    """Return what each rung asks for on this ground."""
    return [_of_rung(ground, level, row) for level, row in zip(CLIMBED, _computed(ground), strict=True)]


def _of_rung(ground: _Ground, level: Level, row: planning.Rung) -> Asked:
    parts = None if row.days is None else ceil(row.days * ground.parts)
    return Asked(days=row.days, parts=parts, readings=_readings(ground, level, parts))


def _confirmed(row: planning.Rung, ground: _Ground) -> planning.Rung:
    """The rung whose streams the archive has proven: a day of live parts confirms that the version runs as scored."""
    if row.days is None:
        return row
    days = max(1, ceil(ground.gates[Level.ASSIST].min_parts / ground.parts))
    return row._replace(days=days, binding="minimum")


def _shadow(ground: _Ground, today: date) -> PlannedRung:
    """The first rung asks for a health run over stored images only: they come with the first parts."""
    days = ceil(HEALTH_ITEMS / ground.parts) if ground.parts < HEALTH_ITEMS else 0
    is_reached = Level(ground.line.level).rung >= Level.SHADOW.rung
    return PlannedRung(
        level=Level.SHADOW,
        is_reached=is_reached,
        days=days,
        parts=HEALTH_ITEMS,
        readings=0,
        best=Asked(days, HEALTH_ITEMS, 0),
        worst=Asked(days, HEALTH_ITEMS, 0),
        hours=0.0,
        earliest=today if is_reached else today + timedelta(days=days),
        binding="health",
    )


def _rung(
    ground: _Ground, level: Level, row: planning.Rung, ends: Sequence[Asked], *, after: date | None
) -> PlannedRung:
    is_reached = Level(ground.line.level).rung >= level.rung
    likely = _of_rung(ground, level, row)
    best, worst = ends
    return PlannedRung(
        level=level,
        is_reached=is_reached,
        days=row.days,
        parts=likely.parts,
        readings=likely.readings,
        best=best,
        worst=worst,
        hours=None if row.days is None else row.days * row.hours_per_day,
        earliest=_earliest(row.days, after, is_reached=is_reached),
        binding=row.binding,
        needed=_needed(ground, row),
        bank_needed=row.bank_defects,
        with_bank=_with_bank(ground, level, row),
    )


def _readings(ground: _Ground, level: Level, parts: int | None) -> int | None:
    """Up to `partial` people read every part, and the overlap twice."""
    if parts is None or level == Level.FULL:
        return None
    return parts + round(parts * ground.line.overlap_share)


def _earliest(days: int | None, after: date | None, *, is_reached: bool) -> date | None:
    if is_reached:
        return after
    return None if days is None or after is None else after + timedelta(days=days)


def _needed(ground: _Ground, row: planning.Rung) -> int | None:
    """How many of what binds are needed."""
    if row.binding == "agreement":
        target = next(one for one in ground.gates[Level.ASSIST].targets if one.stream == "agreement")
        return planning.items_expected(ground.agreement, target.p0, target.alpha)
    return {"truth_draw": row.truth_items, "natural": row.natural_defects, "detection": row.bank_defects}.get(
        row.binding
    )


def _with_bank(ground: _Ground, level: Level, row: planning.Rung) -> int | None:
    """Return the days with a bank of all the defects the rung asks for, where waiting for nature holds it up."""
    is_banked = ground.gates[level].route == "bank"
    if not is_banked or row.binding != "detection" or row.bank_defects is None or ground.bank >= row.bank_defects:
        return None
    return _computed(replace(ground, bank=row.bank_defects))[CLIMBED.index(level)].days


def _p0(gate: Gate, stream: str) -> float:
    """Return the limit of one stream: the line's own, else the default of its rung."""
    own = (target.p0 for target in (*gate.targets, *GATES[gate.to_level].targets) if target.stream == stream)
    return next(own)
