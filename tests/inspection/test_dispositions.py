"""Dispositions: the worst of the views, the fail-safe, the line's gap-free sequence."""

from datetime import timedelta

import pytest

from inspection import dispositions
from inspection.models import AlreadySettled, Disposition, Item, Part, Prediction, Routing, Run, ViewVerdict
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.builders import NOON, make_line, make_model_version, make_station
from tests.inspection.making import make_item
from tests.inspection.pictures import file_of, jpeg

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(seconds=31)


@pytest.fixture
def station():
    return make_station(make_line(views=["front", "back"]))


def view(station, name: str, *, serial: str = "A-17", shade: int = 90, **changes) -> Item:
    return make_item(
        station,
        view=name,
        serial=serial,
        idempotency_key=f"{serial}-{name}-{changes.get('now', NOON)}",
        file=file_of(jpeg(shade=shade)),
        **changes,
    )


def judge(item: Item, verdict: Verdict, *, by: DecidedBy = DecidedBy.MODEL, at=NOON) -> Disposition | None:
    return dispositions.settle_view(
        item, verdict=verdict, decided_by=by, level=Level.PARTIAL, reason=f"said {verdict}", at=at
    )


def told(run_id) -> dict | None:
    return dispositions.as_plain(dispositions.for_telling().get(run=run_id))


# The worst view -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("front", "back", "verdict"),
    [
        (Verdict.PASS, Verdict.PASS, Verdict.PASS),
        (Verdict.PASS, Verdict.REJECT, Verdict.REJECT),
        (Verdict.REJECT, Verdict.PASS, Verdict.REJECT),
        (Verdict.HOLD, Verdict.PASS, Verdict.HOLD),
        (Verdict.REJECT, Verdict.HOLD, Verdict.HOLD),
        (Verdict.HOLD, Verdict.REJECT, Verdict.HOLD),
    ],
)
def test_a_run_takes_the_worst_of_its_views(station, front, back, verdict):
    first, second = view(station, "front"), view(station, "back")
    assert judge(first, front) is None
    settled = judge(second, back)
    assert (settled.verdict, settled.reason) == (verdict, f"said {verdict}")


def test_a_run_waits_for_the_view_that_is_still_to_come(station):
    front = view(station, "front")
    assert judge(front, Verdict.PASS) is None
    assert told(front.run_id) is None


def test_one_view_is_enough_where_the_line_has_one():
    item = make_item(make_station(make_line()))
    assert judge(item, Verdict.PASS).verdict == Verdict.PASS


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.HOLD])
def test_a_part_that_was_rejected_or_held_stays_marked(verdict):
    item = make_item(make_station(make_line()))
    judge(item, verdict)
    assert Part.objects.get().ever_rejected_or_held


def test_a_part_that_passed_is_not_marked():
    judge(make_item(make_station(make_line())), Verdict.PASS)
    assert not Part.objects.get().ever_rejected_or_held


def test_a_second_verdict_on_one_image_is_ignored(station):
    front = view(station, "front")
    judge(front, Verdict.PASS)
    judge(front, Verdict.REJECT)
    assert ViewVerdict.objects.get().verdict == Verdict.PASS


def test_a_run_is_settled_once():
    item = make_item(make_station(make_line()))
    judge(item, Verdict.PASS)
    with pytest.raises(AlreadySettled):
        Disposition.objects.settle(
            [Disposition.objects.get().run_id],
            verdict=Verdict.REJECT,
            decided_by=DecidedBy.HUMAN,
            level=Level.HUMAN,
            reason="again",
            at=NOON,
        )


# The fail-safe ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fail_safe", ["hold", "reject"])
def test_a_run_without_a_verdict_by_its_deadline_gets_the_lines_fail_safe(fail_safe):
    item = make_item(make_station(make_line(fail_safe=fail_safe)))
    assert dispositions.fail_safe_due(now=NOON + timedelta(seconds=29)) == 0
    assert dispositions.fail_safe_due(now=LATER) == 1
    assert dispositions.fail_safe_due(now=LATER) == 0
    answer = told(item.run_id)
    assert (answer["verdict"], answer["decided_by"], answer["missing_views"]) == (fail_safe, "failsafe", [])


def test_a_missing_view_is_a_hold_whatever_the_lines_fail_safe_and_the_other_view():
    station = make_station(make_line(views=["front", "back"], fail_safe="reject"))
    front = view(station, "front")
    judge(front, Verdict.PASS)
    dispositions.fail_safe_due(now=LATER)
    answer = told(front.run_id)
    assert (answer["verdict"], answer["missing_views"]) == ("hold", ["back"])


def test_a_verdict_after_the_fail_safe_is_recorded_and_not_sent():
    item = make_item(make_station(make_line()))
    dispositions.fail_safe_due(now=LATER)
    assert judge(item, Verdict.PASS, by=DecidedBy.HUMAN, at=LATER) is None
    assert ViewVerdict.objects.get().verdict == Verdict.PASS
    assert told(item.run_id)["verdict"] == "hold"


def test_a_run_that_rework_overtook_is_still_owed_its_disposition(station):
    first = view(station, "front")
    again = view(station, "front", now=NOON + timedelta(seconds=10))
    assert dispositions.fail_safe_due(now=LATER) == 1
    assert told(first.run_id)["verdict"] == "hold"
    assert told(again.run_id) is None


def test_the_deadline_is_watched_through_an_index_of_unsettled_runs(station):
    view(station, "front")
    plan = Run.objects.filter(is_settled=False, review_due_at__lte=LATER).order_by("review_due_at").explain()
    assert "run_owed_by_deadline" in plan or "Seq Scan" in plan


# The sequence -------------------------------------------------------------------------------------------------------


def settled(line, serial: str, *, at=NOON, station=None, by: DecidedBy = DecidedBy.MODEL) -> Disposition:
    station = station or make_station(line, serial)
    return judge(make_item(station, serial=serial, idempotency_key=serial), Verdict.PASS, by=by, at=at)


def places(line) -> list[tuple[int, str]]:
    rows = Disposition.objects.filter(line=line).exclude(sequence=None).order_by("sequence")
    return list(rows.values_list("sequence", "run__part__serial"))


def test_settled_runs_are_numbered_without_a_gap_in_the_order_in_which_they_were_settled():
    line = make_line()
    for serial, second in (("A", 3), ("B", 1), ("C", 2)):
        settled(line, serial, at=NOON + timedelta(seconds=second))
    assert dispositions.sequence_due(now=LATER) == 3
    assert places(line) == [(1, "B"), (2, "C"), (3, "A")]


def test_each_line_counts_for_itself_and_goes_on_where_it_was():
    one, other = make_line(), make_line("phone-back")
    settled(one, "A")
    settled(other, "B")
    dispositions.sequence_due(now=LATER)
    settled(one, "C")
    assert dispositions.sequence_due(now=LATER) == 1
    assert (places(one), places(other)) == ([(1, "A"), (2, "C")], [(1, "B")])


def test_a_long_queue_is_numbered_in_portions_without_a_gap():
    line = make_line()
    for n in range(5):
        settled(line, f"A-{n}", at=NOON + timedelta(seconds=n))
    assert [dispositions.sequence_due(now=LATER, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [place for place, _ in places(line)] == [1, 2, 3, 4, 5]


def test_numbering_costs_the_same_however_many_wait(django_assert_num_queries):
    line = make_line()
    settled(line, "first")
    dispositions.sequence_due(now=LATER)
    for n in range(6):
        settled(line, f"A-{n}")
    with django_assert_num_queries(5 + 2):
        dispositions.sequence_due(now=LATER)


# What is told -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "known_at_once"), [(DecidedBy.MODEL, True), (DecidedBy.FAILSAFE, True), (DecidedBy.HUMAN, False)]
)
def test_a_persons_verdict_is_told_once_it_has_its_place(by, known_at_once):
    disposition = settled(make_line(), "A", by=by)
    assert dispositions.is_known(disposition) is known_at_once
    dispositions.sequence_due(now=LATER)
    assert told(disposition.run_id)["final"] is True


def test_the_answer_has_the_fields_of_the_contract_and_no_score():
    line = make_line()
    version = make_model_version()
    item = make_item(make_station(line))
    dispositions.settle_view(
        item,
        verdict=Verdict.PASS,
        decided_by=DecidedBy.MODEL,
        level=Level.PARTIAL,
        reason="inside-bands",
        at=NOON,
        model_version=version,
    )
    assert told(item.run_id) == {
        "serial": "A-17",
        "run": 1,
        "verdict": "pass",
        "final": True,
        "decided_by": "model",
        "level": "partial",
        "model": "scratch-net:1",
        "reason": "inside-bands",
        "missing_views": [],
        "settled_at": NOON,
    }


# Where an item is ---------------------------------------------------------------------------------------------------


def state(item: Item) -> str:
    return dispositions.state_of(dispositions.of_items().get(pk=item.pk))


def route(item: Item, to: str) -> None:
    Routing.objects.create(item=item, route=to, reason="level", level="shadow", epoch=item.run.epoch, routed_at=NOON)


def predict(item: Item) -> None:
    Prediction.objects.create(
        item=item,
        model_version=make_model_version(),
        role="shadow",
        decoder_id="pillow/1",
        preprocessing_id="rgb-192/1",
        raw_score=0.1,
        probability=0.1,
        call="pass",
        uncertainty=0.1,
        ms=1.0,
        created_at=NOON,
    )


def test_an_item_tells_where_it_is_on_its_way():
    item = make_item(make_station(make_line()))
    seen = [state(item)]
    predict(item)
    seen.append(state(item))
    route(item, "human")
    seen.append(state(item))
    dispositions.expect([item.run_id], final_at=NOON + timedelta(seconds=10))
    seen.append(state(item))
    dispositions.expect([item.run_id], final_at=None)
    seen.append(state(item))
    judge(item, Verdict.PASS, by=DecidedBy.HUMAN)
    seen.append(state(item))
    dispositions.sequence_due(now=LATER)
    seen.append(state(item))
    assert seen == ["received", "predicted", "waiting", "provisional", "waiting", "provisional", "final"]


@pytest.mark.parametrize("routed_to", ["quarantine", "human"])
def test_an_item_that_gives_no_pixels_is_quarantined_before_and_after_people_were_asked(routed_to):
    item = make_item(make_station(make_line()))
    route(item, routed_to)
    judge(item, Verdict.HOLD, by=DecidedBy.FAILSAFE)
    assert state(item) == "quarantined"


def test_telling_an_item_is_one_statement(django_assert_num_queries):
    item = make_item(make_station(make_line()))
    judge(item, Verdict.PASS)
    with django_assert_num_queries(1):
        found = dispositions.of_items().get(pk=item.pk)
        assert dispositions.state_of(found) == "final"
        assert dispositions.as_plain(found.run.disposition)["verdict"] == "pass"
