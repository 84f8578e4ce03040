"""The runs of the simulated sets, and what is said of each set in one line."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from statistics import median
from typing import Any

from inspection.rules.words import Level
from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.runs import simulate
from monitoring.simulation.scenarios import Scenario
from monitoring.simulation.scenarios.climb import Climb
from monitoring.simulation.scenarios.stay import Stay
from monitoring.simulation.world import World
from review import plans
from review.models import Certification
from stats.proportions import clopper_pearson

STAY_ITEMS, CLIMB_ITEMS, PASS_ITEMS = 3000, 70_000, 3000
# How much of the rung that a climb ends on is seen.
SEEN_AFTERWARDS = 2000
Run = Callable[[int], dict[str, Any]]


def stay(level: str) -> Run:
    """Return runs of a model exactly at the limits of the gate above a rung."""
    return lambda seed: simulate(Stay(items=STAY_ITEMS, from_level=Level(level)), seed=seed).report


def climb(until: str | None = None) -> Run:
    """Return runs of a good model, with the plan page's forecast before the first part."""

    def run(seed: int) -> dict[str, Any]:
        scenario = Planned(items=CLIMB_ITEMS)
        scenario.until = Level(until) if until else None
        report = simulate(scenario, seed=seed).report
        return {**report, "forecast": scenario.forecast, "seconds_a_reading": scenario.factory().inspectors.seconds}

    return run


def always_pass(rate: float) -> Run:
    """Return runs of a model that calls everything good, on a line with this share of defects."""

    def run(seed: int) -> dict[str, Any]:
        scenario = AlwaysPass(rate)
        return {**simulate(scenario, seed=seed).report, "certified": scenario.certified}

    return run


class Planned(Climb):
    """A climb that keeps the forecast of the plan page. It may end some parts after the rung `until`."""

    forecast: dict[str, Any] | None = None
    until: Level | None = None
    _there_at: int | None = None

    def begin(self, world: World) -> None:
        plan = plans.of_line(world.fresh_line(), now=world.now).normal
        rungs = plan.rungs if plan else ()
        self.forecast = {
            rung.level.value: {name: asdict(rung)[name] for name in ("days", "parts", "readings")} for rung in rungs
        }

    def is_over(self, world: World) -> bool:
        is_there = self.until is not None and Level(world.line.level).rung >= self.until.rung
        self._there_at = (self._there_at or len(world.made)) if is_there else None
        return self._there_at is not None and len(world.made) >= self._there_at + SEEN_AFTERWARDS


class AlwaysPass(Scenario):
    """A model that says pass to everything, and everything else that the gates ask for in good time."""

    name = "always-pass"
    reads_each = True

    def __init__(self, rate: float) -> None:
        super().__init__(items=PASS_ITEMS)
        self.rate = rate
        self.certified = 0

    def factory(self) -> Factory:
        plain = Stay(from_level=Level.SHADOW).factory()
        blind = Skill(escape=1.0, overkill=0.0, hidden=0.999)
        # Enough ruled parts that the certificate is refused for what the model is, not for want of them.
        return replace(plain, defect_rate=self.rate, skill=blind, parts_per_tick=48, truth_share=0.70, band_parts=1250)

    def after(self, world: World) -> None:
        """Let the leads try to certify on whatever rung the line is."""
        if len(world.made) % 1500 < world.factory.parts_per_tick:
            world.leads.certify(world)
        self.certified = Certification.objects.filter(bands__isnull=False).count()


# What is said of a set ------------------------------------------------------------------------------------------


def ratio(done: Iterable[dict[str, Any]]) -> str:
    """Say what the runs of a set show."""
    reports = list(done)
    if not reports:
        return "none yet"
    if reports[0]["scenario"] == "climb":
        return "; ".join(_rung(reports, level) for level in ("assist", "partial", "full")) + "; " + _end(reports)
    wrong = sum(any(_is_up(move) for move in report["timeline"]) for report in reports)
    low, high = clopper_pearson(wrong, len(reports))
    certified = sum(report.get("certified", 0) > 0 for report in reports)
    opened = sum(report.get("figures", {}).get("proposals", 0) > 0 for report in reports)
    return (
        f"promoted {wrong}/{len(reports)} [{low:.3f}, {high:.3f}]"
        + (f", gate open at some part {opened}" if opened else "")
        + (f", certified {certified}" if certified else "")
    )


def _is_up(move: dict[str, Any]) -> bool:
    return Level(move["to"]).rung > Level(move["from"]).rung


def _rung(reports: list[dict[str, Any]], level: str) -> str:
    moves = [_first(report, level) for report in reports]
    reached = [move for move in moves if move is not None]
    forecast = reports[0]["forecast"].get(level, {}) if reports[0].get("forecast") else {}
    if not reached:
        return f"{level} never"
    parts = median(move["item"] for move in reached)
    readings = median(move["readings"] for move in reached)
    return (
        f"{level} {len(reached)}/{len(reports)} at {parts:.0f} parts (forecast {forecast.get('parts')}), "
        f"{readings:.0f} readings (forecast {forecast.get('readings')})"
    )


def _first(report: dict[str, Any], level: str) -> dict[str, Any] | None:
    return next((move for move in report["timeline"] if move["to"] == level and _is_up(move)), None)


def _end(reports: list[dict[str, Any]]) -> str:
    """Say what came of the parts after `partial`: readings are saved against one of each part."""
    risen = [(report, at) for report in reports if (at := _first(report, Level.PARTIAL.value)) is not None]
    if not risen:
        return "nothing automatic"
    parts = sum(report["items"] - at["item"] for report, at in risen)
    readings = sum(report["human_readings"] - at["readings"] for report, at in risen)
    automatic = sum(report["auto_decided"] for report, _ in risen)
    shipped = sum(report["auto_escapes"] for report, _ in risen)
    minutes = (parts - readings) * risen[0][0]["seconds_a_reading"] / 60 / len(risen)
    ppm = 1e6 * shipped / max(automatic, 1)
    return (
        f"after partial {automatic / parts:.0%} automatic, {ppm:.0f} of a million of these shipped, "
        f"{minutes:.0f} minutes saved a run"
    )
