"""The JSON object of one run, read from the rows that the deeds have written."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inspection.models import Disposition, Freeze, Hold, LevelChange, Prediction, Routing
from inspection.rules.words import Call, DecidedBy, Level, Route, Verdict
from monitoring.models import DriftMark
from monitoring.simulation.parts import Made
from review.models import AuditFinding

if TYPE_CHECKING:
    from monitoring.simulation.world import World

AUTOMATIC = (Route.AUTO_PASS.value, Route.AUTO_REJECT.value)


def of(world: "World", *, seed: int, wall_seconds: float) -> dict[str, Any]:
    """Return the report; rates are shares, items count from 0."""
    scenario = world.scenario
    event = scenario.event_item
    return {
        "scenario": scenario.name,
        "seed": seed,
        "from_level": scenario.from_level.value,
        "factor": scenario.factor,
        "items": len(world.made),
        "timeline": _timeline(world),
        **_outcomes(world),
        "human_readings": world.witness.readings(world),
        "audits": AuditFinding.objects.filter(found_at__gte=_began(world)).values("run").distinct().count(),
        "event_item": event,
        "first_after_event": _first_after(world, event),
        "gate_evaluations": world.witness.gate_evaluations,
        "rollout": scenario.rollout(world),
        "auto_decided_after_event": None if event is None else _automatic_from(world, event),
        "model": _rates(world),
        "level": world.line.level,
        "days": (world.now - _began(world)).total_seconds() / 86400,
        "wall_seconds": round(wall_seconds, 2),
    }


def _began(world: "World") -> datetime:
    began_at = world.witness.began_at
    if began_at is None:
        raise ValueError("The run has not begun.")
    return began_at


def _timeline(world: "World") -> list[dict[str, Any]]:
    moves = LevelChange.objects.filter(line=world.line, changed_at__gt=_began(world)).order_by("changed_at", "pk")
    return [
        {
            "item": world.index_at(move.changed_at),
            "from": move.from_level,
            "to": move.to_level,
            "cause": move.cause,
            "readings": world.witness.readings_at(move.changed_at),
        }
        for move in moves
    ]


def _outcomes(world: "World") -> dict[str, int]:
    """Count what became of the run's parts: escapes and overkills whoever decided, and the model's share of them."""
    settled = Disposition.objects.filter(settled_at__isnull=False).values_list("run", "verdict", "decided_by")
    told = [(world.made_of_run(run), verdict, by) for run, verdict, by in settled]
    told = [one for one in told if one[0].index >= 0]
    automatic = [one for one in told if one[2] == DecidedBy.MODEL]
    return {
        "escapes": _escaped(told),
        "overkills": _overkilled(told),
        "auto_decided": len(automatic),
        "auto_escapes": _escaped(automatic),
        "auto_overkills": _overkilled(automatic),
    }


def _rates(world: "World") -> dict[str, float | None]:
    """Return the model's true rates: as the factory says, or as counted where it looks at pixels."""
    if world.eyes.skills:
        return {"escape": world.factory.skill.escape, "overkill": world.factory.skill.overkill}
    said = Prediction.objects.values_list("item", "call")
    called = [(world.made_of(item), call == Call.DEFECT) for item, call in said]
    missed = [not is_called for made, is_called in called if made.is_defect]
    rejected = [is_called for made, is_called in called if not made.is_defect]
    return {
        "escape": sum(missed) / len(missed) if missed else None,
        "overkill": sum(rejected) / len(rejected) if rejected else None,
    }


def _escaped(told: Iterable[tuple[Made, str | None, str]]) -> int:
    return sum(made.is_defect and verdict == Verdict.PASS for made, verdict, _ in told)


def _overkilled(told: Iterable[tuple[Made, str | None, str]]) -> int:
    return sum(not made.is_defect and verdict == Verdict.REJECT for made, verdict, _ in told)


def _automatic_from(world: "World", event: int) -> int:
    """Count the parts decided automatically from images taken after the event."""
    routed = Routing.objects.filter(route__in=AUTOMATIC).values_list("item", flat=True)
    return sum(world.made_of(item).index >= event for item in routed)


# After the event ------------------------------------------------------------------------------------------------


def _first_after(world: "World", event: int | None) -> dict[str, int | None]:
    if event is None or event >= len(world.made):
        return dict.fromkeys(("notice", "alarm", "tightened", "demotion"))
    since = world.made[event].captured_at
    return {
        "notice": _first(world, [_marks(DriftMark.NOTICE, since), _holds(since)]),
        "alarm": _first(world, [_marks(DriftMark.ALARM, since), _freezes(since)]),
        "tightened": world.witness.tightened_at_item,
        "demotion": _first(world, [_falls(world, since)]),
    }


def _first(world: "World", found: Iterable[datetime | None]) -> int | None:
    moments = [moment for moment in found if moment is not None]
    return world.index_at(min(moments)) if moments else None


def _marks(kind: str, since: datetime) -> datetime | None:
    marks = DriftMark.objects.filter(kind=kind, marked_at__gte=since)
    return marks.order_by("marked_at").values_list("marked_at", flat=True).first()


def _holds(since: datetime) -> datetime | None:
    holds = Hold.objects.filter(placed_at__gte=since)
    return holds.order_by("placed_at").values_list("placed_at", flat=True).first()


def _freezes(since: datetime) -> datetime | None:
    freezes = Freeze.objects.filter(placed_at__gte=since)
    return freezes.order_by("placed_at").values_list("placed_at", flat=True).first()


def _falls(world: "World", since: datetime) -> datetime | None:
    moves = LevelChange.objects.filter(line=world.line, changed_at__gte=since).order_by("changed_at", "pk")
    falls = (move.changed_at for move in moves if Level(move.to_level).rung < Level(move.from_level).rung)
    return next(falls, None)
