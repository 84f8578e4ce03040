"""The gates: what opens them and everything that keeps them shut."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.ladder import DISAGREEMENT_R1, DISAGREEMENT_WARN, GATES, Evidence, judge
from inspection.rules.words import GateStatus, Level

GATE = GATES[Level.ASSIST]
GOOD = Evidence(
    streams={"agreement": (986, 14), "detection": (60, 3)},
    natural=(60, 3),
    parts=1000,
    defects=63,
    days=19,
    shifts=41,
    people=3,
    accuracy=0.985,
    chart=1.2,
)


def failing(evidence: Evidence, gate=GATE) -> list[str]:
    return [check.name for check in judge(gate, evidence).failing]


def test_good_evidence_opens_the_gate_to_assist():
    judgement = judge(GATE, GOOD)
    assert judgement.status == GateStatus.OPEN
    assert judgement.failing == ()
    assert round(judgement.checks[0].lower_bound, 3) == 0.973


def test_a_short_stream_says_how_many_more_parts_it_needs():
    judgement = judge(GATE, replace(GOOD, streams={"agreement": (391, 13), "detection": (60, 3)}, parts=404))
    assert judgement.status == GateStatus.SHUT
    assert [check.items_to_pass for check in judgement.checks] == [113, 0]
    assert round(judgement.checks[0].lower_bound, 3) == 0.936


@pytest.mark.parametrize(
    ("change", "reason", "status"),
    [
        ({"parts": 199}, "parts", GateStatus.INSUFFICIENT),
        ({"defects": 29}, "defects", GateStatus.INSUFFICIENT),
        ({"days": 4}, "days", GateStatus.INSUFFICIENT),
        ({"shifts": 2}, "shifts", GateStatus.INSUFFICIENT),
        ({"people": 1}, "people", GateStatus.INSUFFICIENT),
        ({"accuracy": None}, "accuracy", GateStatus.INSUFFICIENT),
        ({"accuracy": 0.95}, "accuracy", GateStatus.SHUT),
        ({"chart": DISAGREEMENT_WARN}, "chart", GateStatus.SHUT),
        ({"holds": 1}, "holds", GateStatus.SHUT),
        ({"freezes": 1}, "freezes", GateStatus.SHUT),
        ({"days_since_lowering": 2.9}, "cool_down", GateStatus.SHUT),
        ({"natural": (5, 20)}, "natural_not_contradicting", GateStatus.SHUT),
        ({"streams": {"agreement": (986, 14), "detection": (16, 4)}}, "detection", GateStatus.SHUT),
        ({"streams": {"agreement": (986, 14)}}, "detection", GateStatus.SHUT),
    ],
)
def test_one_thing_amiss_keeps_the_gate_shut_and_is_named(change, reason, status):
    judgement = judge(GATE, replace(GOOD, **change))
    assert failing(replace(GOOD, **change)) == [reason]
    assert judgement.status == status


def test_every_reason_is_given_not_the_first():
    assert failing(Evidence()) == ["agreement", "detection", "parts", "defects", "days", "shifts", "people", "accuracy"]


def test_a_lowering_three_days_ago_no_longer_rests_the_line():
    assert judge(GATE, replace(GOOD, days_since_lowering=3.0)).is_open


def test_always_pass_opens_no_gate_however_well_it_agrees():
    always_pass = replace(
        GOOD,
        streams={"agreement": (99_500, 500), "detection": (0, 500)},
        natural=(0, 500),
        parts=100_000,
        accuracy=0.995,
    )
    for level in (Level.ASSIST, Level.PARTIAL, Level.FULL):
        assert not judge(GATES[level], always_pass).is_open


def test_every_rung_above_shadow_asks_for_detection():
    for level in (Level.ASSIST, Level.PARTIAL, Level.FULL):
        assert any(target.stream.endswith("detection") for target in GATES[level].targets)


@pytest.mark.parametrize(
    ("health", "reasons"),
    [
        (None, ["health_items", "health_missing", "health_p95_ms"]),
        ((199, 0, 10.0, 2000.0), ["health_items", "health_missing", "health_p95_ms"]),
        ((200, 2, 10.0, 2000.0), ["health_missing"]),
        ((200, 1, 2000.1, 2000.0), ["health_p95_ms"]),
        ((200, 1, 2000.0, 2000.0), []),
    ],
)
def test_shadow_asks_for_a_health_run(health, reasons):
    assert failing(Evidence(health=health), GATES[Level.SHADOW]) == reasons


def test_partial_and_full_ask_for_bands():
    for level in (Level.PARTIAL, Level.FULL):
        assert "bands" in failing(GOOD, GATES[level])


POLICY = replace(
    GOOD,
    streams={"policy_detection": (60, 0), "policy_specificity": (900, 5)},
    natural=(60, 0),
    bank=(299, 0),
    classes={"crack": ("critical", 299, 0), "scratch": ("major", 10, 0)},
    harm=(0, 29),
    omission=((0, 40), (0, 40)),
    bands_certified=True,
    has_calendar=True,
    clean_shifts=1,
)
FULL = replace(
    POLICY,
    bank=(700, 0),
    classes={"crack": ("critical", 459, 0), "scratch": ("major", 90, 0)},
    days=30,
    quiet_days=30.0,
    clean_shifts=10,
    target_ppm=500.0,
    escapes=(0, 900),
    charts={"escape": (0.5, 1.9)},
)


@pytest.mark.parametrize(("level", "evidence"), [(Level.PARTIAL, POLICY), (Level.FULL, FULL)])
def test_good_evidence_of_the_policy_opens_the_gate(level, evidence):
    assert failing(evidence, GATES[level]) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bank": (58, 0)}, "policy_detection"),
        ({"bank": (299, 30)}, "policy_detection"),
        ({"leaked": 1}, "leaked"),
        ({"bands_certified": False}, "bands"),
        ({"natural": (9, 0)}, "natural_defects"),
        ({"natural": (10, 9)}, "natural_not_contradicting"),
        ({"classes": {"crack": ("critical", 298, 0)}}, "class_critical"),
        ({"classes": {"crack": ("critical", 299, 1)}}, "class_critical"),
        ({"classes": {"scratch": ("major", 60, 5)}}, "class_major"),
        ({"harm": (9, 40)}, "harm"),
        ({"omission": ((0, 34), (0, 200))}, "harm"),
        ({"omission": ((0, 400), (0, 0))}, "harm"),
        ({"omission": ((14, 100), (1, 100))}, "harm"),
        ({"streams": {"policy_specificity": (900, 60)}}, "policy_specificity"),
        ({"has_calendar": False}, "calendar"),
        ({"clean_shifts": 0}, "clean_shifts"),
    ],
)
def test_one_thing_amiss_bars_partial(change, reason):
    assert failing(replace(POLICY, **change), GATES[Level.PARTIAL]) == [reason]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bank": (151, 0)}, "policy_detection"),
        ({"classes": {"scratch": ("major", 89, 0)}}, "class_major"),
        ({"quiet_days": 29.0}, "quiet_days"),
        ({"quiet_days": None}, "quiet_days"),
        ({"escapes": (8, 892)}, "ppm"),
        ({"charts": {"escape": (1.9, 1.9)}}, "watch"),
        ({"days": 29}, "days"),
        ({"has_calendar": False}, "calendar"),
        ({"clean_shifts": 9}, "clean_shifts"),
    ],
)
def test_one_thing_amiss_bars_full(change, reason):
    assert failing(replace(FULL, **change), GATES[Level.FULL]) == [reason]


def test_an_unproven_class_is_waived_by_name_and_a_failing_one_never():
    unproven = replace(POLICY, classes={"crack": ("critical", 12, 0)}, waived=("crack",))
    short = replace(POLICY, classes={"crack": ("critical", 320, 3)}, waived=("crack",))
    assert failing(unproven, GATES[Level.PARTIAL]) == []
    assert failing(short, GATES[Level.PARTIAL]) == ["class_critical"]


@pytest.mark.parametrize(
    ("evidence", "spared"),
    [
        ({"omission": ((0, 0), (0, 0))}, True),
        ({"omission": ((3, 40), (1, 40))}, True),
        ({"omission": ((30, 100), (5, 100))}, False),
        ({"omission": ((0, 0), (0, 0)), "harm": (9, 40)}, False),
    ],
    ids=["unmeasured", "not yet clear", "one arm against the other", "right calls given up"],
)
def test_assistance_bias_is_waived_while_it_is_unclear_and_never_once_it_is_shown(evidence, spared):
    judgement = judge(GATES[Level.PARTIAL], replace(POLICY, **evidence, waived=("assistance-bias",)))
    (harm,) = [condition for condition in judgement.conditions if condition.name == "harm"]
    assert (harm.passed, harm.spared, harm.is_data) == (spared, "waived" if spared else "", spared)


def test_a_shut_class_says_how_many_more_without_a_miss():
    judgement = judge(GATES[Level.PARTIAL], replace(POLICY, classes={"crack": ("critical", 12, 0)}))
    (condition,) = judgement.failing
    assert (condition.subject, condition.counted, condition.needed) == ("crack", 12, 299)


def test_a_closed_list_is_tested_once_and_a_stream_may_be_read_all_the_time():
    streaming = replace(GATES[Level.PARTIAL], closed_list=False)
    found = replace(POLICY, bank=(59, 0))
    assert failing(found, GATES[Level.PARTIAL]) == []
    assert "policy_detection" in failing(found, streaming)
    assert "policy_detection" not in failing(replace(found, bank=(88, 0)), streaming)


RATES = st.sampled_from([0.0005, 0.001, 0.005, 0.01, 0.02])
ROUTES = st.sampled_from(["bank", "natural"])


@given(
    level=st.sampled_from([Level.ASSIST, Level.PARTIAL, Level.FULL]),
    rate=RATES,
    parts=st.integers(0, 20_000),
    known=st.integers(0, 600),
    route=ROUTES,
    closed=st.booleans(),
    always=st.sampled_from(["pass", "reject"]),
)
def test_a_model_that_always_says_the_same_opens_no_gate(level, rate, parts, known, route, closed, always):
    """Whatever else is granted: its certificate, its waivers, quiet charts, and any size of line and bank."""
    defects = round(rate * parts)
    good, passes = parts - defects, always == "pass"
    found = (0, defects) if passes else (defects, 0)
    spared = (good, 0) if passes else (0, good)
    bank = (0, known) if passes else (known, 0)
    evidence = replace(
        FULL,
        streams={
            "agreement": (good, defects) if passes else (defects, good),
            "detection": found,
            "policy_detection": found,
            "policy_specificity": spared,
        },
        natural=found,
        bank=bank,
        classes={"crack": ("critical", *bank)},
        waived=("crack", "assistance-bias"),
        parts=parts,
        defects=defects + known,
        accuracy=1.0,
    )
    assert not judge(replace(GATES[level], route=route, closed_list=closed), evidence).is_open


def test_agreement_alone_would_open_for_a_model_that_passes_everything():
    always_pass = replace(GOOD, streams={"agreement": (19_800, 200), "detection": (0, 200)}, natural=(0, 0))
    assert failing(always_pass) == ["detection"]


def test_the_chart_is_designed_for_five_percent():
    assert round(DISAGREEMENT_R1, 9) == 0.147281031


def test_a_judgement_can_be_kept_as_plain_data():
    plain = judge(GATE, GOOD).as_plain()
    assert plain["status"] == "open"
    assert plain["checks"][0]["successes"] == 986
    assert {condition["name"] for condition in plain["conditions"]} >= {"parts", "chart", "accuracy"}
