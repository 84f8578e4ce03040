"""Scenarios in which a line goes bad: each is brought down, or stopped, by what the product promises against it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from inspection import registry
from inspection.rules.words import Level, RolloutStrategy
from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.parts import Maker
from monitoring.simulation.runs import simulate
from monitoring.simulation.scenarios import SCENARIOS
from monitoring.simulation.scenarios.candidates import BadCandidate, GoodCandidate
from monitoring.simulation.scenarios.concept import ESCAPED_FRACTION, PIT, Concept
from monitoring.simulation.scenarios.dark import LIGHT_LEFT, Dark
from monitoring.simulation.scenarios.dead_model import DeadModel
from monitoring.simulation.scenarios.starved_audit import StarvedAudit
from monitoring.simulation.world import World

pytestmark = pytest.mark.django_db
SMALL = Factory(parts_per_day=96, bank=14, history=40, parts_per_tick=12)


def small(scenario: type, *, event_at: int, **changes) -> type:
    """Return the scenario on a line so small and slow that a shift is over after 32 parts."""

    class Small(scenario):
        def factory(self) -> Factory:
            return replace(SMALL, **changes)

    Small.event_at = event_at
    return Small


@pytest.mark.parametrize("name", ["dark", "concept", "dead-model", "starved-audit"])
def test_a_line_that_is_to_fall_begins_where_it_decides(name):
    assert SCENARIOS[name](from_level=Level.SHADOW).from_level == Level.PARTIAL
    assert SCENARIOS[name](from_level=Level.FULL).from_level == Level.FULL


def test_the_light_fails_from_the_event_on():
    scenario, maker = Dark(), Maker(Factory(), seed=1)
    before, after = (maker.make(index, now=None) for index in (scenario.event_item - 1, scenario.event_item))
    assert scenario.make(None, before).light == 1.0
    assert scenario.make(None, after).light == LIGHT_LEFT


def test_the_unknown_defect_is_the_stated_share_of_good_parts():
    scenario = Concept()
    world = SimpleNamespace(maker=Maker(scenario.factory(), seed=1))
    made = [scenario.make(world, world.maker.make(index, now=None)) for index in range(20_000)]
    share = sum(part.defect_class == PIT for part in made) / len(made)
    assert share == pytest.approx(ESCAPED_FRACTION, abs=0.004)
    assert PIT in scenario.factory().skill.blind_to


def test_no_dark_image_is_ever_decided_by_the_model():
    report = simulate(small(Dark, event_at=12)(items=36), seed=3).report
    assert report["auto_decided"] > 0
    assert report["auto_decided_after_event"] == 0
    told = report["figures"]
    assert (told["dark_images"], told["auto_before_hold"], told["auto_after_hold"]) == (24, 0, 0)
    # The lamp's strength shows in all that it multiplies, and in nothing that it leaves alone.
    assert [told["stopped_by"][name] for name in ("p99_luminance", "brightness", "contrast")] == [1.0, 1.0, 1.0]
    assert told["stopped_by_any"] == 1.0 > told["stopped_by"]["entropy"]


def test_a_dead_model_is_down_within_one_shift_of_challenge_parts():
    report = simulate(small(DeadModel, event_at=6)(items=48), seed=1).report
    assert report["timeline"][0]["to"] == "assist"
    assert "miss chart" in report["timeline"][0]["cause"]
    assert report["figures"]["hours_to_demotion"] <= report["figures"]["shift_hours"]


def test_two_shifts_without_audits_take_the_line_one_level_down():
    # A shift in which nothing was drawn is no shift; the run ends with the fall.
    report = simulate(small(StarvedAudit, event_at=1)(items=250), seed=3).report
    assert [(move["from"], move["to"]) for move in report["timeline"]] == [("partial", "assist")]
    assert report["timeline"][0]["cause"] == "two shifts without enough audits"


# Candidates ------------------------------------------------------------------------------------------------------


def test_a_bad_candidate_goes_back_by_itself_and_the_run_ends_with_it():
    class Halved(small(BadCandidate, event_at=0, bank=3, skill=Skill(escape=0.05, overkill=0.05))):
        share = 0.5

    report = simulate(Halved(items=120, factor=16.0), seed=3).report
    rollout = report["rollout"]
    assert (rollout["strategy"], rollout["outcome"]) == ("canary", "rolled_back")
    assert "overturns" in rollout["cause"]
    assert report["factor"] == 16.0
    assert 0 < rollout["canary_items"] <= rollout["at_item"] + 1 <= report["items"] < 120


def test_a_good_candidate_looks_silently_and_is_switched_to_by_the_leads():
    class Warm(small(GoodCandidate, event_at=0, bank=3, parts_per_tick=24)):
        strategy = RolloutStrategy.BLUE_GREEN

        def after(self, world: World) -> None:
            self.serves = registry.serving(world.line).version

    scenario = Warm(items=72)
    # The watch that follows wants 200 parts: it is still on its way.
    assert simulate(scenario, seed=3).report["rollout"]["outcome"] == "open"
    assert scenario.serves == 2


def test_a_candidate_errs_as_many_times_as_often_as_asked():
    serving = BadCandidate().factory().skill
    assert BadCandidate(factor=4.0).skill(serving) == Skill(escape=0.2, overkill=0.2)
    assert BadCandidate(factor=50.0).skill(serving) == Skill(escape=1.0, overkill=1.0)
    assert GoodCandidate(factor=3.0).skill(serving) == serving


def test_a_rollout_still_on_its_way_is_reported_as_open_with_no_end():
    rollout = simulate(small(GoodCandidate, event_at=0, bank=3)(items=12, from_level=Level.HUMAN), seed=1).report
    assert rollout["from_level"] == "shadow"
    assert (rollout["rollout"]["outcome"], rollout["rollout"]["at_item"]) == ("open", None)
