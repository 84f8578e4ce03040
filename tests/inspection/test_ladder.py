"""The gates: what opens them and everything that keeps them shut."""

from dataclasses import replace

import pytest

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
        ({"open_alarms": 1}, "alarms", GateStatus.SHUT),
        ({"holds": 1}, "holds", GateStatus.SHUT),
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


def test_the_chart_is_designed_for_five_percent():
    assert round(DISAGREEMENT_R1, 9) == 0.147281031


def test_a_judgement_can_be_kept_as_plain_data():
    plain = judge(GATE, GOOD).as_plain()
    assert plain["status"] == "open"
    assert plain["checks"][0]["successes"] == 986
    assert {condition["name"] for condition in plain["conditions"]} >= {"parts", "chart", "accuracy"}
