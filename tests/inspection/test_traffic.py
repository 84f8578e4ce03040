"""Which versions must see a run and which one speaks."""

import pytest

from inspection.rules.traffic import Deployed, choose

SERVING, SHADOW, CANDIDATE = "serving", "shadow", "candidate"


def seen(deployed: Deployed, *, level: str = "shadow", canary_position: float = 0.5):
    traffic = choose(deployed, level=level, canary_position=canary_position)
    return [(seer.version, seer.role.value) for seer in traffic.seers], traffic.speaker


@pytest.mark.parametrize("level", ["shadow", "assist", "partial", "full"])
def test_the_serving_version_sees_every_run_and_speaks(level):
    assert seen(Deployed(serving=1), level=level) == ([(1, SERVING)], 1)


@pytest.mark.parametrize("level", ["human", "level-9", ""])
def test_nobody_is_asked_where_people_decide_alone_or_the_level_is_unknown(level):
    assert seen(Deployed(serving=1), level=level) == ([], None)


def test_a_line_without_a_model_asks_nobody():
    assert seen(Deployed(serving=None)) == ([], None)


@pytest.mark.parametrize("strategy", ["shadow", "blue_green"])
def test_a_candidate_beside_the_serving_version_sees_all_and_says_nothing(strategy):
    deployed = Deployed(serving=1, candidate=2, strategy=strategy, share=1.0)
    assert seen(deployed) == ([(1, SERVING), (2, SHADOW)], 1)


def test_a_shadow_without_a_serving_version_does_not_speak():
    assert seen(Deployed(serving=None, candidate=2, strategy="shadow", share=1.0)) == ([(2, SHADOW)], None)


@pytest.mark.parametrize(("position", "versions"), [(0.19, [(1, SERVING), (2, SHADOW)]), (0.2, [(1, SERVING)])])
def test_a_sampled_shadow_sees_the_runs_below_its_share(position, versions):
    deployed = Deployed(serving=1, candidate=2, strategy="shadow", share=0.2)
    assert seen(deployed, canary_position=position) == (versions, 1)


def test_nobody_waits_for_a_shadow():
    traffic = choose(Deployed(serving=1, candidate=2, strategy="blue_green"), level="partial", canary_position=0.5)
    assert ([seer.version for seer in traffic.live], [seer.version for seer in traffic.silent]) == ([1], [2])


@pytest.mark.parametrize(
    ("position", "versions", "speaker"),
    [
        (0.0, [(2, CANDIDATE), (1, SHADOW)], 2),
        (0.0499, [(2, CANDIDATE), (1, SHADOW)], 2),
        (0.05, [(1, SERVING)], 1),
        (0.99, [(1, SERVING)], 1),
    ],
)
def test_a_canary_speaks_for_the_runs_below_its_share(position, versions, speaker):
    deployed = Deployed(serving=1, candidate=2, strategy="canary", share=0.05)
    assert seen(deployed, canary_position=position) == (versions, speaker)


def test_nobody_waits_for_the_serving_version_where_a_canary_speaks():
    deployed = Deployed(serving=1, candidate=2, strategy="canary", share=0.05)
    traffic = choose(deployed, level="partial", canary_position=0.01)
    assert ([seer.version for seer in traffic.live], [seer.version for seer in traffic.silent]) == ([2], [1])


def test_a_canary_share_of_nothing_takes_no_run():
    assert seen(Deployed(serving=1, candidate=2, strategy="canary"), canary_position=0.0) == ([(1, SERVING)], 1)


def test_a_candidate_without_a_strategy_is_left_out():
    assert seen(Deployed(serving=1, candidate=2)) == ([(1, SERVING)], 1)


def test_a_version_that_stands_on_both_sides_sees_the_run_once():
    assert seen(Deployed(serving=1, candidate=1, strategy="shadow", share=1.0)) == ([(1, SERVING)], 1)
