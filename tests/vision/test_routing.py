"""Who answers for an item. One fact at a time is changed on an item that the model may decide."""

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.rules.words import Call, Level, Policy, Route
from vision.routing import SENTENCES, Band, RunFacts, call, decide, policy

BAND = Band(t_lo=0.1, t_hi=0.95, envelope={"p99_luminance": (118, 241), "sharpness": (40, 900)})
CLEAR = RunFacts(
    level="partial",
    is_held=False,
    call_threshold=0.5,
    measures={"p99_luminance": 180.0, "sharpness": 200.0},
    is_blank=False,
    is_repeat=False,
    is_rework=False,
    is_late=False,
    drawn_truth=False,
    drawn_audit=False,
    drawn_control=False,
    probability=0.02,
    band=BAND,
)


ASIDE = ({"level": "shadow"}, {"is_held": True}, {"drawn_truth": True}, {"drawn_audit": True}, {"drawn_control": True})
IN_THE_WAY = ({"is_blank": True}, {"is_repeat": True}, {"is_rework": True}, {"is_late": True}, {"measures": {}})


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.02, Policy.PASS), (0.5, Policy.PERSON), (0.97, Policy.REJECT)]
)
@pytest.mark.parametrize("change", [{}, *ASIDE])
def test_the_policy_is_what_the_bands_do_whatever_the_level_and_the_draws(change, probability, expected):
    assert policy(replace(CLEAR, probability=probability, **change)) == expected


@pytest.mark.parametrize("change", [*IN_THE_WAY, {"probability": None}, {"probability": nan}])
def test_the_policy_gives_to_people_what_the_model_may_not_decide(change):
    assert policy(replace(CLEAR, **change)) == Policy.PERSON


def test_without_bands_there_is_no_policy():
    assert policy(replace(CLEAR, band=None)) is None


FLAGS = ("is_held", "is_blank", "is_repeat", "is_rework", "is_late", "drawn_truth", "drawn_audit", "drawn_control")


@pytest.mark.parametrize("level", ["partial", "full"])
@pytest.mark.parametrize(
    ("probability", "route"),
    [
        (0.0, Route.AUTO_PASS),
        (0.1, Route.AUTO_PASS),
        (0.1001, Route.HUMAN),
        (0.5, Route.HUMAN),
        (0.9499, Route.HUMAN),
        (0.95, Route.AUTO_REJECT),
        (1.0, Route.AUTO_REJECT),
    ],
)
def test_inside_its_bands_the_model_decides_and_people_the_rest(level, probability, route):
    assert decide(replace(CLEAR, level=level, probability=probability)).route == route


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_held": True}, "hold"),
        ({"level": "level-9"}, "level-unknown"),
        ({"level": ""}, "level-unknown"),
        ({"level": "human"}, "level"),
        ({"level": "shadow"}, "level"),
        ({"level": "assist"}, "level"),
        ({"is_blank": True}, "blank"),
        ({"is_repeat": True}, "camera-stuck"),
        ({"measures": {"p99_luminance": 61.0, "sharpness": 200.0}}, "outside-envelope"),
        ({"measures": {}}, "outside-envelope"),
        ({"is_rework": True}, "rework"),
        ({"probability": None}, "no-prediction"),
        ({"probability": nan}, "no-prediction"),
        ({"probability": inf}, "no-prediction"),
        ({"probability": -0.1}, "no-prediction"),
        ({"is_late": True}, "model-late"),
        ({"band": None}, "no-certificate"),
        ({"band": replace(BAND, envelope={})}, "no-certificate"),
        ({"band": replace(BAND, t_lo=None)}, "between-bands"),
        ({"probability": 0.3}, "between-bands"),
        ({"drawn_truth": True}, "truth-draw"),
        ({"drawn_audit": True}, "audit-draw"),
        ({"drawn_control": True}, "control-draw"),
    ],
)
def test_a_single_obstacle_brings_a_person(change, reason):
    routed = decide(replace(CLEAR, **change))
    assert (routed.route, routed.reason) == (Route.HUMAN, reason)
    assert routed.detail


@pytest.mark.parametrize("probability", [0.02, 0.99])
@pytest.mark.parametrize("level", ["human", "shadow", "assist"])
def test_below_partial_people_decide_whatever_the_model_says(level, probability):
    assert decide(replace(CLEAR, level=level, probability=probability)).route == Route.HUMAN


def test_a_band_never_reaches_across_the_call_threshold():
    wide = Band(t_lo=0.9, t_hi=0.95, envelope=BAND.envelope)
    assert decide(replace(CLEAR, band=wide, probability=0.6)).route == Route.HUMAN
    low = Band(t_lo=None, t_hi=0.3, envelope=BAND.envelope)
    assert decide(replace(CLEAR, band=low, probability=0.4)).route == Route.HUMAN


def test_a_drawn_run_outside_the_bands_is_told_apart_from_an_audit_of_the_model():
    assert decide(replace(CLEAR, drawn_audit=True, probability=0.3)).reason == "between-bands"


def test_the_detail_names_every_measure_that_left_the_envelope_light_first():
    dark = replace(CLEAR, measures={"sharpness": 12.0, "p99_luminance": 61.0})
    assert decide(dark).detail == (
        "Too dark: p99 luminance 61, certified 118-241; Blurred: sharpness 12, certified 40-900"
    )


def test_a_long_detail_is_cut_to_what_its_column_holds():
    many = {f"measure_{n}": (0.0, 1.0) for n in range(30)}
    assert len(decide(replace(CLEAR, band=replace(BAND, envelope=many))).detail) == 200


@pytest.mark.parametrize(
    ("probability", "said"), [(0.0, Call.PASS), (0.4999, Call.PASS), (0.5, Call.DEFECT), (1.0, Call.DEFECT)]
)
def test_the_call_is_a_defect_from_the_threshold_on(probability, said):
    assert call(probability, threshold=0.5) == said


NUMBERS = st.one_of(st.sampled_from([0.0, 0.02, 0.5, 0.99, 1.0]), st.floats(0, 1), st.floats(), st.none())
CHANGES = {
    "level": st.sampled_from([*(level.value for level in Level), "unheard-of"]),
    "call_threshold": st.floats(0.01, 0.99),
    "measures": st.dictionaries(st.sampled_from(["p99_luminance", "sharpness"]), st.floats()),
    "probability": NUMBERS,
    "band": st.one_of(
        st.none(), st.builds(Band, t_lo=NUMBERS, t_hi=NUMBERS, envelope=st.sampled_from([BAND.envelope, {}]))
    ),
    **{name: st.booleans() for name in FLAGS},
}


@settings(max_examples=1000)
@given(
    # A few changes to a clear item: were everything drawn at random, nearly every item would meet an obstacle.
    changes=st.lists(st.one_of(st.tuples(st.just(name), values) for name, values in CHANGES.items()), max_size=4).map(
        dict
    )
)
def test_nothing_is_decided_automatically_unless_every_condition_holds(changes):
    facts = replace(CLEAR, **changes)
    routed = decide(facts)
    assert routed.reason in SENTENCES
    if routed.route == Route.HUMAN:
        return
    assert facts.level in ("partial", "full")
    assert not any(getattr(facts, flag) for flag in FLAGS)
    assert facts.band.envelope
    assert 0 <= facts.probability <= 1
    assert all(low <= facts.measures[name] <= high for name, (low, high) in facts.band.envelope.items())
    if routed.route == Route.AUTO_PASS:
        assert facts.probability <= facts.band.t_lo
        assert facts.probability < facts.call_threshold
    else:
        assert routed.route == Route.AUTO_REJECT
        assert facts.probability >= max(facts.band.t_hi, facts.call_threshold)
