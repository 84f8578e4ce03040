"""Draws: made once, recomputable for ever, independent of each other."""

import pytest

from inspection import salts
from inspection.models import Run, Salt
from inspection.rules import draws
from inspection.rules.draws import PURPOSES, draw
from tests.builders import NOON, make_line, make_station
from tests.inspection.making import make_item

SHARES = dict.fromkeys(PURPOSES, 0.5)
RUNS = [f"run-{n}" for n in range(4000)]


def drawn(purpose: str, salt: str = "5a17", **shares) -> set[str]:
    return {run for run in RUNS if getattr(draw(run, salt, SHARES | shares), purpose)}


def test_the_same_run_and_salt_always_draw_the_same():
    assert [draw(run, "5a17", SHARES) for run in RUNS[:50]] == [draw(run, "5a17", SHARES) for run in RUNS[:50]]


def test_the_draws_are_those_that_were_always_made():
    assert draw("0193a0c2-0000-7000-8000-000000000001", "5a17" * 8, SHARES) == draws.Draws(
        truth=True,
        overlap=False,
        audit=True,
        control=False,
        check_defect=False,
        second_look=True,
        canary_position=0.20961426303277145,
    )


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_share_of_none_takes_none_and_a_share_of_all_takes_all(purpose):
    assert drawn(purpose, **{purpose: 0.0}) == set()
    assert drawn(purpose, **{purpose: 1.0}) == set(RUNS)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_draw_takes_its_share(purpose):
    assert abs(len(drawn(purpose, **{purpose: 0.1})) / len(RUNS) - 0.1) < 0.02


@pytest.mark.parametrize("one", PURPOSES)
@pytest.mark.parametrize("other", PURPOSES)
def test_no_draw_is_nested_in_another(one, other):
    if one == other:
        return
    both = len(drawn(one) & drawn(other)) / len(RUNS)
    assert abs(both - 0.25) < 0.03


def test_another_salt_draws_others():
    assert abs(len(drawn("audit") & drawn("audit", "0ther")) / len(RUNS) - 0.25) < 0.03


def test_a_smaller_share_takes_some_of_those_a_larger_one_took():
    assert drawn("truth", truth=0.05) < drawn("truth", truth=0.2)


def test_a_salt_with_a_colon_is_refused():
    with pytest.raises(ValueError, match="colon"):
        draw("run-1", "a:b", SHARES)


def recomputed(run: Run) -> dict:
    again = draw(str(run.pk), run.salt.secret, run.shares)
    return {f"drawn_{purpose}": getattr(again, purpose) for purpose in PURPOSES} | {
        "canary_position": again.canary_position
    }


def stored(run: Run) -> dict:
    return {name: getattr(run, name) for name in recomputed(run)}


@pytest.mark.django_db
def test_intake_keeps_all_that_recomputes_its_draws_also_after_salt_and_shares_changed():
    station = make_station(make_line())
    for n in range(20):
        make_item(station, serial=f"A-{n}", idempotency_key=f"k-{n}")
    old = set(Run.objects.values_list("pk", flat=True))
    salts.rotate(station.line, now=NOON)
    station.line.audit_share = 1.0
    make_item(station, serial="B-1", idempotency_key="k-new")

    runs = Run.objects.select_related("salt")
    assert all(stored(run) == recomputed(run) for run in runs)
    newest = runs.exclude(pk__in=old).get()
    assert newest.drawn_audit
    assert {run.salt_id for run in runs.filter(pk__in=old)} == {Salt.objects.earliest("pk").pk}
    assert newest.salt_id == Salt.objects.latest("pk").pk
