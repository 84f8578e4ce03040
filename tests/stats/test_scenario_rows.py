"""What a table of scenarios says of kept runs: whether each promise holds, and how near its limit the runs came."""

import pytest

from bench.scenario_rows import rows


def move(before, after, item=0):
    return {"from": before, "to": after, "item": item, "readings": item + 10, "cause": "told"}


def climbed(item):
    forecast = {"assist": {"parts": 5_000}, "partial": {"parts": 30_000}, "full": {"parts": None}}
    return {"timeline": [move("shadow", "assist", 5000), move("assist", "partial", item)], "forecast": forecast}


def darkened(*, alarm=520, before=0, after=0, frozen=True):
    return {
        "event_item": 500,
        "first_after_event": {"notice": 515, "alarm": alarm, "tightened": 530, "demotion": 900},
        "figures": {
            "auto_before_hold": before,
            "auto_after_hold": after,
            "promotions_frozen": frozen,
            "stopped_by": {"brightness": 1.0, "sharpness": 0.25},
            "stopped_by_any": 1.0,
        },
    }


def fell(audits, cause="escape chart 4.10, limit 3.99"):
    return {"figures": {"audits_to_demotion": audits, "exact_run_length": 200.0, "demoted_by": cause}}


def verdicts(name, runs):
    return {row.what: row.holds for row in rows(name, runs)}


def test_a_climb_holds_when_every_run_is_partial_within_the_parts_and_the_latest_says_how_near():
    partial = next(row for row in rows("climb", [climbed(20_000), climbed(30_000)]) if "partial" in row.what)
    assert (partial.holds, partial.ratio, partial.limit) == (True, 0.75, "forecast 35000, at most 40000")
    late = {**climbed(0), "timeline": [move("shadow", "assist", 5000)]}
    partial = next(row for row in rows("climb", [climbed(20_000), late]) if "partial" in row.what)
    assert (partial.holds, partial.what) == (False, "parts to partial (1 of 2 runs)")


def test_no_dark_image_may_be_decided_on_drawn_parts_and_on_real_ones_none_after_the_hold():
    decided = "dark images decided before the hold"
    assert verdicts("dark", [darkened()])[decided]
    assert not verdicts("dark-drawn", [darkened(before=1)])[decided]
    assert verdicts("dark-phone_msd", [darkened(before=1)])[decided]
    assert not verdicts("dark-phone_msd", [darkened(after=1)])["dark images decided after the hold"]


def test_each_measure_says_which_share_of_the_dark_images_it_stops():
    told = {row.what: row.found for row in rows("dark", [darkened(), darkened()])}
    assert told["dark images stopped by sharpness"] == "25.0%"
    assert told["dark images stopped by any"] == "100.0%"


def test_an_alarm_that_never_came_or_a_freeze_that_was_not_placed_does_not_hold():
    assert not verdicts("dark", [darkened(alarm=None)])["dark images until the alarm"]
    assert not verdicts("dark", [darkened(), darkened(frozen=False)])["runs frozen, audit tightened, brought down"]


@pytest.mark.parametrize(("audits", "holds"), [((160, 200), True), ((100, 180), False), ((240, 300), False)])
def test_the_mean_run_length_must_lie_within_a_quarter_of_the_exact_one(audits, holds):
    (row,) = rows("concept", [fell(one) for one in audits])
    assert (row.holds, row.ratio) == (holds, sum(audits) / 2 / 200)


def test_noisy_readings_are_off_where_the_two_phase_estimate_is_not():
    told = {"two_phase": 0.055, "se": 0.01, "true_escape": 0.05, "naive": 0.2}
    assert [row.holds for row in rows("noisy-inspectors", [{"figures": told}])] == [True, True]
    apart = {**told, "two_phase": 0.09, "naive": 0.09}
    assert [row.holds for row in rows("noisy-inspectors", [{"figures": apart}])] == [False, False]


def test_always_pass_must_never_rise_and_a_model_at_the_limits_no_oftener_than_alpha():
    stays, rises = {"timeline": [], "from_level": "shadow"}, {"timeline": [move("shadow", "assist")]}
    assert [row.holds for row in rows("always-pass-0.01", [stays, rises])] == [False]
    assert [row.holds for row in rows("always-pass-0.01", [stays, {**stays, "certified": 1}])] == [False]
    assert [row.holds for row in rows("stay-shadow", [stays] * 99 + [rises])] == [True]
    assert [row.holds for row in rows("stay-shadow", [stays] * 80 + [rises] * 20)] == [False]


def test_a_set_without_runs_has_no_rows():
    assert rows("concept", []) == rows("unheard-of", [fell(3)]) == []
