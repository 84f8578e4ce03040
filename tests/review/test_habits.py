"""Calls on sight and long stretches of looking: told to leads by name and to each person of themself, never ranked."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import now

from review import decisions, gold, habits
from review.rules.vigilance import Exposure, exposure
from tests.builders import NOON
from tests.review.scene import answer, later, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db
LATELY = NOON + timedelta(days=1)


def call(line, person, serial: str, *, fast: bool | None, at: datetime = NOON):
    page = {} if fast is None else {"fast": fast}
    return read(make_task(line, serial, at=at), person, at=at, page=page)


def of(line, person) -> tuple[int, int]:
    [found] = habits.of_line(line, now=LATELY, only=person)
    return found.reflexes, found.calls


def minutes(*at: int) -> list[datetime]:
    return [NOON + timedelta(minutes=minute) for minute in at]


@pytest.mark.parametrize(
    ("moments", "found"),
    [
        ([], Exposure(0, 0)),
        (minutes(*range(0, 62, 2)), Exposure(60, 0)),
        (minutes(*range(0, 64, 2)), Exposure(62, 1)),
        (minutes(*range(0, 62, 2), 63, 65), Exposure(60, 0)),
        (minutes(*range(0, 80, 2), *range(100, 170, 2)), Exposure(78, 2)),
    ],
    ids=["nothing", "an hour", "over an hour", "a break in time", "twice"],
)
def test_a_stretch_ends_with_a_break_and_is_long_after_an_hour(moments, found):
    assert exposure(moments) == found


def test_a_call_counts_where_it_stood_and_was_timed(line, ana):
    call(line, ana, "A-1", fast=True)
    call(line, ana, "A-2", fast=False)
    call(line, ana, "A-3", fast=None)
    slip = answer(make_task(line, "A-4"), ana, page={"fast": True})
    decisions.undo(slip.decision.pk, person=ana, now=later(3))
    decisions.finalise_due(now=later(600))
    assert of(line, ana) == (1, 2)


def test_who_made_no_timed_call_stands_there_all_the_same(line, ana):
    call(line, ana, "A-1", fast=None)
    assert of(line, ana) == (0, 0)


def test_looking_goes_on_from_line_to_line_until_a_break(line, ana):
    other = make_watched_line("phone-back")
    for minute in range(0, 64, 2):
        where = other if minute % 4 else line
        call(where, ana, f"A-{minute}", fast=False, at=NOON + timedelta(minutes=minute))
    [found] = habits.of_line(line, now=LATELY)
    assert found.exposure == Exposure(62, 1)


def test_a_persons_day_is_the_mean_of_those_on_which_they_read_there(line, ana):
    line.time_zone = "Asia/Seoul"
    assert gold.readings_per_day(ana, line, now=LATELY) == 0
    # 15:00 UTC begins the next day in Seoul.
    for serial, hours in (("A-1", 1), ("A-2", 2), ("A-3", 4)):
        call(line, ana, serial, fast=False, at=NOON + timedelta(hours=hours))
    assert gold.readings_per_day(ana, line, now=LATELY) == 1.5


def test_what_is_older_than_thirty_days_is_forgotten(line, ana):
    call(line, ana, "A-1", fast=True)
    assert habits.of_line(line, now=NOON + timedelta(days=31)) == []


def test_it_costs_three_statements_however_many_people_read(line, ana, andre, django_assert_num_queries):
    for person in (andre, ana):
        call(line, person, f"A-{person}", fast=False)
        with django_assert_num_queries(3):
            names = [one.person.username for one in habits.of_line(line, now=LATELY)]
    assert names == ["ana", "andre"]


@pytest.mark.parametrize(("language", "words"), [("en", "Pace and breaks"), ("ko", "속도와 휴식")])
def test_leads_read_of_everybody_and_a_person_of_themself(client, line, ana, andre, quinn, language, words):
    call(line, ana, "A-1", fast=True, at=now())
    call(line, andre, "A-2", fast=False, at=now())
    card = card_of(client, quinn, f"/lines/{line.slug}/inspectors/", words, language)
    assert "1 / 1" in card
    assert "0 / 1" in card
    for reader in (ana, quinn):
        own = card_of(client, reader, f"/lines/{line.slug}/inspectors/people/ana/", words, language)
        assert "1 / 1" in own
        assert "andre" not in own


def card_of(client, reader, address: str, words: str, language: str) -> str:
    client.force_login(reader)
    html = client.get(address, headers={"accept-language": language}).content.decode()
    return html.partition(words)[2].partition("</section>")[0]
