"""What is made of answers to gold items beyond counts: through a stretch of looking, among several people, again."""

from datetime import timedelta

import pytest

from inspection.rules.words import Call, Label
from review import decisions, gold, measures, staging, vigilance
from review.known_images import Known
from review.rules import gold as rules
from review.rules.vigilance import vigilance as counted
from tests.review.gold_scene import call_gold, show
from tests.review.scene import answer, later, make_task, make_watched_line


def answers(minute, caught, shown):
    span = timedelta(minutes=minute)
    return [(span, True)] * caught + [(span, False)] * (shown - caught)


@pytest.mark.parametrize(
    ("late", "declines"), [((60, 100), True), ((92, 100), False), ((8, 10), False)], ids=["falls", "little", "few"]
)
def test_a_fall_is_acted_on_when_it_is_large_and_no_chance(late, declines):
    found = counted(answers(5, 95, 100) + answers(35, *late))
    assert [(one.minute, one.shown) for one in found.bins] == [(0, 100), (30, late[1])]
    assert found.declines is declines


def test_whoever_looks_longer_than_an_hour_is_in_the_last_bin_and_nothing_is_no_decline():
    assert [one.minute for one in counted(answers(200, 1, 1)).bins] == [60]
    assert not counted([]).declines


def test_asked_of_many_a_few_misses_flag_nobody_and_many_flag_by_name():
    assert rules.flagged([(2, 48)]) == []
    assert rules.flagged([(3, 47)] * 8) == []
    assert rules.flagged([(0, 60), (12, 38), (1, 55)]) == [1]


# Of a line ------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(db):
    return make_watched_line()


def test_minutes_run_since_the_last_break_and_people_stand_together(line, ana, andre):
    for minute in range(0, 14, 2):
        answer(make_task(line, f"W-{minute}"), ana, at=later(60 * minute))
    shown = [(show(line, ana, 1), ana, 14), (show(line, andre, 2), andre, 14), (show(line, ana, 3), ana, 40)]
    for showing, _, minute in shown:
        call_gold(showing, Label.DEFECT, at=later(60 * minute))
    decisions.finalise_due(now=later(7200))
    found = vigilance.of_line(line, now=later(7200))
    assert [(one.minute, one.caught, one.shown) for one in found.bins] == [(0, 2, 2), (10, 1, 1)]


def test_the_same_image_a_month_later_says_how_far_a_person_repeats_themselves(line, ana):
    first = show(line, ana, 1)
    call_gold(first, Label.DEFECT)
    known = Known(first.source, first.defect)
    for days, label in ((3, Label.PASS), (34, Label.DEFECT), (70, Label.PASS)):
        at = later(86_400 * days)
        make_task(line, f"B-{days}", at=at)
        call_gold(gold.show(known, beside=staging.neighbour(line), person=ana, now=at), label, at=at)
    decisions.finalise_due(now=later(86_400 * 71))
    [found] = measures.of_line(line)
    assert (found.again.k, found.again.n) == (0, 2)
    assert found.kappa is not None


def test_leads_read_it_without_names_and_inspectors_do_not(client, line, ana, quinn):
    call_gold(show(line, ana, 1, call=Call.DEFECT), Label.DEFECT)
    decisions.finalise_due(now=later(60))
    client.force_login(quinn)
    page = client.get(f"/lines/{line.slug}/inspectors/").content.decode()
    card = page.partition("Through a stretch of looking")[2].partition("</section>")[0]
    assert "all people together" in card
    assert "ana" not in card.replace("name", "")
    client.force_login(ana)
    assert client.get(f"/lines/{line.slug}/inspectors/").status_code == 404
