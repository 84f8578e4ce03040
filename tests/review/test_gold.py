"""Gold items: as often as the library allows, told from nothing by their reader, and in no count of the line."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.templatetags.ui import when
from inspection import dispositions, health, intake
from inspection.models import Disposition, Item, Part, Run
from inspection.rules.words import Call, Label, Level
from review import (
    audits,
    bank,
    counts,
    decisions,
    gold,
    known_images,
    measures,
    queues,
    receipts,
    reports,
    sessions,
    staging,
)
from review.gold_models import GoldShowing, SessionEnd
from review.models import CountDelta, ReviewTask, Truth
from review.rules import gold as rules
from stats.sampling import bucket
from tests.builders import NOON, make_user
from tests.review.asking import claim, decide
from tests.review.bank_scene import make_defect
from tests.review.gold_scene import call_gold, make_giving, make_good, make_library, show
from tests.review.scene import answer, later, make_task, make_watched_line

pytestmark = pytest.mark.django_db


# The rate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "share", "missing"),
    [
        ({}, 0.02, 0),
        ({"defects": 100}, 200 / (22 * 1500), 460),
        ({"good": 100}, 200 / (22 * 1500), 460),
        ({"readings_so_far": 10, "readings_per_day": 60}, 0.05, 0),
        ({"wanted": 0.5, "readings_per_day": 60}, 0.05, 0),
        ({"defects": 0}, 0.0, 660),
    ],
)
def test_the_scarcer_half_of_the_library_sets_the_rate(facts, share, missing):
    good = {"defects": 330, "good": 330, "readings_per_day": 1500, "readings_so_far": 5000}
    found = rules.dose(**{**good, **facts})
    assert (found.share, found.missing) == (pytest.approx(share), missing)


@pytest.mark.parametrize(
    ("counted", "word"),
    [
        ((25, 0, 0, 25), "good"),
        ((24, 1, 2, 23), "marginal"),
        ((20, 5, 0, 25), "poor"),
        ((24, 0, 0, 25), "few"),
        ((50, 0, 0, 0), "few"),
    ],
)
def test_a_person_is_judged_by_three_limits_and_never_on_a_few(counted, word):
    assert rules.verdict(*counted) == word


# Giving ---------------------------------------------------------------------------------------------------------


def drawn_id(line, *, below=0.001):
    """Return a decision's id that the line's draw gives a gold item for."""
    salt = f"gold/{line.salts.get().secret}"
    return next(one for one in iter(uuid4, None) if bucket(str(one), salt) < below)


def work(line, person, serial="W-1", *, at=NOON):
    """Have a person read an image that draws a gold item, with another one waiting."""
    answer(make_task(line, serial, at=at), person, at=at, decision_id=drawn_id(line))
    make_task(line, f"Next-{serial}", at=at)


def test_a_reading_draws_a_gold_item_one_at_a_time_for_the_reader_alone(line, ana, andre, quinn):
    make_library(line, 3)
    make_giving(line, quinn, now=later(-1))
    work(line, ana)
    while gold.give_due(now=later(81)) == 0:
        continue
    assert gold.give_due(now=later(82)) == 0

    showing = GoldShowing.objects.get()
    assert showing.task.only_for == ana
    assert showing.task not in queues.claim(andre, line, count=6, tab="t", now=later(83))
    assert showing.task in queues.claim(ana, line, count=6, tab="u", now=later(84))


@pytest.mark.parametrize("lacking", ["rule", "library", "work", "draw", "neighbour"])
def test_nothing_is_given_without(line, ana, quinn, lacking):
    if lacking != "library":
        make_library(line, 3)
    gold.set_rule(line, is_on=lacking != "rule", wanted_share=0.05, by=quinn, now=later(-1))
    if lacking == "draw":
        answer(make_task(line, "W-1"), ana, decision_id=next(i for i in iter(uuid4, None) if not is_drawn(line, i)))
    else:
        work(line, ana)
    if lacking == "neighbour":
        ReviewTask.objects.update(queue_rank=None)
    late = gold.ACTIVE if lacking == "work" else timedelta(0)
    assert [gold.give_due(now=later(81) + late) for _ in range(6)] == [0] * 6


def is_drawn(line, one):
    return bucket(str(one), f"gold/{line.salts.get().secret}") < rules.MOST


def test_nobody_meets_an_image_twice_in_a_month_nor_one_they_have_read(line, ana):
    defect, good = make_defect(line), make_good(line, "G-1")
    for _ in range(20):
        met = gold.pick(ana, line, now=NOON)
        assert met is None or met.source in (defect.images.get().item, good.items.get())
    answer(make_task(line, "G-2"), ana)
    Truth.objects.create(item=Item.objects.get(run__part__serial="G-2"), n=1, label="pass",
                         source="adjudication", created_at=NOON)  # fmt: skip
    make_task(line, "N-1")
    for known in (known_images.Known(defect.images.get().item, defect), known_images.Known(good.items.get(), None)):
        gold.show(known, beside=staging.neighbour(line), person=ana, now=NOON)
    assert {gold.pick(ana, line, now=NOON + timedelta(days=29)) for _ in range(20)} == {None}
    assert any(gold.pick(ana, line, now=NOON + timedelta(days=31)) for _ in range(40))


def test_a_gold_item_that_nobody_takes_is_taken_back(line, ana):
    showing = show(line, ana, 1)
    gold.give_due(now=NOON + gold.UNTAKEN + timedelta(seconds=1))
    assert showing.task not in queues.claim(ana, line, count=6, tab="t", now=later(600))
    assert queues.waiting_on(type(line).objects.filter(pk=line.pk), person=ana)[0].waiting == 0


def test_each_reader_counts_only_what_waits_for_them(line, ana, andre):
    show(line, ana, 1)
    waiting = {person: queues.waiting_on(type(line).objects.all(), person=person)[0].waiting for person in (ana, andre)}
    assert waiting == {ana: 2, andre: 1}


# Blindness ------------------------------------------------------------------------------------------------------


def shape(value):
    """Return a payload with its facts taken out: types, lengths and the pattern of serials stay."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return re.sub(r"[0-9a-f]", "0", value) if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.ASSIST])
def test_a_gold_item_and_a_live_one_cannot_be_told_apart_by_any_answer(ana, client_of, level):
    line = make_watched_line(level=level)
    showing = show(line, ana, 100)
    client = client_of(ana)

    tasks = {task["id"]: task for task in claim(client, line, count=6).json()["tasks"]}
    mine = tasks.pop(str(showing.task_id))
    [other] = tasks.values()
    assert shape(mine) == shape(other)

    answers = [decide(client, task) for task in (mine, other)]
    assert shape(answers[0].json()) == shape(answers[1].json())
    assert answers[0].status_code == answers[1].status_code == 201
    assert {*answers[0].headers} == {*answers[1].headers}
    said = client.get("/api/v1/decisions/?mine=20").json()["results"]
    assert shape(said[0]) == shape(said[1])
    undone = [client.post(f"/api/v1/decisions/{one['decision_id']}/undo/").json() for one in said]
    assert shape(undone[0]) == shape(undone[1])


def test_both_cost_the_same_statements(line, ana, client_of):
    showing = show(line, ana, 1)
    client = client_of(ana)
    tasks = claim(client, line, count=6).json()["tasks"]
    spent = []
    for task in sorted(tasks, key=lambda one: one["id"] == str(showing.task_id)):
        with CaptureQueriesContext(connection) as seen:
            decide(client, task)
        spent.append(len(seen))
    assert spent[0] == spent[1]


def test_ids_and_times_are_those_of_its_neighbours(line, ana):
    lags = {True: [], False: []}
    for n in range(12):
        showing = show(line, ana, n, at=later(n))
        beside = ReviewTask.objects.get(run__part__serial=f"N-{n}", run__part__is_staged=False)
        for task in (showing.task, beside):
            born = [pk.int >> 80 for pk in (task.pk, task.item.pk, task.run.pk, task.run.part.pk)]
            received = task.item.received_at.timestamp() * 1000
            lags[task == beside].append([round(one - received) for one in born])
            assert {pk.version for pk in (task.pk, task.item.pk)} == {7}
        assert showing.task.item.captured_at - beside.item.captured_at <= timedelta(seconds=line.takt_s) * 13
        assert re.fullmatch(r"N-\d+", showing.task.run.part.serial)
    # The spread of birth against arrival is the neighbours' own: none lies outside it by more than a moment.
    for place in range(4):
        live, staged = ([one[place] for one in lags[kind]] for kind in (True, False))
        assert min(live) - 60_000 <= min(staged)
        assert max(staged) <= max(live) + 60_000


def test_no_door_of_a_lead_or_station_knows_a_staged_part(line, ana, quinn, client_of):
    showing = show(line, ana, 1)
    item, serial = showing.task.item, showing.task.run.part.serial
    client = client_of(quinn)
    for address in (
        f"/api/v1/items/{item.pk}/",
        f"/api/v1/items/{item.pk}/lineage/",
        f"/api/v1/parts/{serial}/?line={line.slug}",
    ):
        assert client.get(address).status_code == 404


# Counts ---------------------------------------------------------------------------------------------------------


def test_nothing_of_a_gold_item_reaches_the_line(line, ana, quinn):
    answer(make_task(line, "A-1"), ana)
    decisions.finalise_due(now=later(60))
    before = _line_state(line)

    showing = show(line, ana, 1, at=later(60))
    call_gold(showing, Label.PASS, at=later(60))
    ReviewTask.objects.filter(run__part__serial="N-1").update(queue_rank=None, closed_at=NOON)
    Run.objects.filter(part__serial__in=["N-1", "KD-1"]).update(is_settled=True)
    assert decisions.finalise_due(now=later(3600)) == 1
    dispositions.fail_safe_due(now=later(7200))
    dispositions.sequence_due(now=later(7200))
    audits.follow(now=later(7200))
    receipts.seal_due(now=later(7200))

    assert _line_state(line) == before
    assert counts.recompute(line.epoch).places == counts.ledger(line.epoch).places
    assert not Disposition.objects.filter(run=showing.task.run).exists()
    assert not Truth.objects.filter(item=showing.task.item).exists()
    assert reports.agreement(line, line.epoch, now=later(7200)).model.n == 1


def _line_state(line):
    return {
        "deltas": CountDelta.objects.filter(line=line).count(),
        "settled": Disposition.objects.filter(line=line, settled_at__isnull=False).count(),
        "truths": Truth.objects.count(),
    }


def test_an_invented_serial_is_none_that_the_line_has(line, ana):
    like = "A-1"
    Part.objects.bulk_create(Part(line=line, serial=f"A-{n}") for n in range(0, 10, 2))
    assert not Part.objects.filter(line=line, serial=staging.free_serial(line.pk, like=like)).exists()
    Part.objects.bulk_create(Part(line=line, serial=f"A-{n}") for n in range(1, 10, 2))
    assert len(staging.free_serial(line.pk, like=like)) == len(like)


def test_a_real_part_of_the_invented_serial_comes_as_if_nothing_had_been(line, ana):
    showing = show(line, ana, 1)
    invented = showing.task.run.part
    real = Part.objects.create(line=line, serial=invented.serial)
    assert [*Part.objects.real().filter(line=line, serial=invented.serial)] == [real]


def test_images_and_runs_of_gold_are_in_no_measure_of_the_line(line, ana):
    show(line, ana, 1)
    real = line.items.real().count()
    assert line.items.count() == real + 1
    assert line.runs.real().count() == line.runs.count() - 1
    assert intake._same_pictures({"x": "0" * 64}, line=line) == {}
    assert health.lines_to_try(now=NOON) == []


def test_what_was_shown_as_gold_is_sealed_from_training(line, ana):
    showing = show(line, ana, 1, call=Call.PASS)
    sealed = bank.seal(line)
    assert sealed.holds(sha256=showing.source.sha256)
    assert sealed.holds(sha256="", names=[str(showing.source.run.part_id)])


# Measures -------------------------------------------------------------------------------------------------------


def test_answers_become_counts_and_a_percentage_only_from_fifty(line, ana):
    for n, (call, label) in enumerate(
        [
            (Call.DEFECT, Label.DEFECT),
            (Call.DEFECT, Label.PASS),
            (Call.PASS, Label.DEFECT),
            (Call.PASS, Label.PASS),
            (Call.DEFECT, Label.CANNOT_JUDGE),
        ]
    ):
        call_gold(show(line, ana, n, call=call), label)
    decisions.finalise_due(now=later(60))

    [found] = measures.of_line(line)
    assert [(one.k, one.n) for one in (found.right, found.missed, found.alarmed)] == [(2, 4), (1, 2), (1, 2)]
    assert (found.verdict, found.still, found.unjudged) == ("few", 46, 1)
    assert [(code, one.k, one.n) for code, one in found.by_class] == [("scratch", 1, 2)]


def test_a_row_of_misses_is_an_alarm(line, ana):
    for n in range(7):
        call_gold(show(line, ana, n), Label.PASS)
    decisions.finalise_due(now=later(60))
    [found] = measures.of_line(line)
    assert found.has_alarm
    assert found.chart > rules.MISS_ALARM


# The end of a session -------------------------------------------------------------------------------------------


def read_many(line, person, n):
    for k in range(n):
        answer(make_task(line, f"S-{k}"), person)


def test_misses_are_told_at_the_end_of_a_session_to_the_reader_alone(client, line, ana, andre):
    missed, caught = show(line, ana, 1), show(line, ana, 2)
    call_gold(missed, Label.PASS)
    call_gold(caught, Label.DEFECT)
    read_many(line, ana, sessions.FEWEST_READINGS)
    decisions.finalise_due(now=later(60))
    ended = sessions.end(ana, line, now=later(120))

    client.force_login(ana)
    page = client.get(f"/lines/{line.slug}/session/").content.decode()
    assert "You caught 1 of 2 known defects." in page
    assert f"/api/v1/tasks/{missed.task_id}/image/" in page
    assert f"{caught.task_id}" not in page
    assert sessions.told(ended)[0:2] == (1, 2)
    client.force_login(andre)
    assert "known defects" not in client.get(f"/lines/{line.slug}/session/").content.decode()


def test_the_end_of_a_session_says_from_when_to_when_its_images_were_read(client, line, ana):
    answer(make_task(line, "S-before"), ana, at=later(-600))
    SessionEnd.objects.create(line=line, person=ana, readings=20, ended_at=later(-300))
    read_many(line, ana, sessions.FEWEST_READINGS)
    ended = sessions.end(ana, line, now=later(3600))

    client.force_login(ana)
    page = client.get(f"/lines/{line.slug}/session/").content.decode()
    assert sessions.began_at(ended) == NOON
    assert f"from {when(NOON, line.time_zone)} to {when(later(3600), line.time_zone)}" in page


def test_a_session_of_few_readings_tells_nothing_yet(line, ana, client_of):
    call_gold(show(line, ana, 1), Label.PASS)
    decisions.finalise_due(now=later(60))
    with pytest.raises(sessions.TooShort):
        sessions.end(ana, line, now=later(61))
    assert client_of(ana).post(f"/api/v1/lines/{line.slug}/session/end/").status_code == 409
    assert GoldShowing.objects.get().told_in is None


def test_what_can_still_be_undone_is_told_next_time(line, ana):
    read_many(line, ana, sessions.FEWEST_READINGS)
    call_gold(show(line, ana, 1), Label.PASS)
    assert sessions.told(sessions.end(ana, line, now=later(1)))[1] == 0


# The page -------------------------------------------------------------------------------------------------------


def test_leads_read_by_name_what_is_feasible_and_inspectors_see_nothing_of_it(client, line, ana, quinn):
    make_library(line, 2)
    answer(make_task(line, "A-1"), ana)
    page = f"/lines/{line.slug}/inspectors/"
    client.force_login(ana)
    assert client.get(page).status_code == 404
    client.force_login(quinn)
    assert client.post(f"{page}gold/", {"is_on": "on", "wanted_percent": "2"}).status_code == 302
    said = client.get(page).content.decode()
    assert "gold items are given" in said
    assert "at most 2 a month" in said
    assert gold.rule_of(line).wanted_share == pytest.approx(0.02)
    assert client.post(f"{page}gold/", {"wanted_percent": "9"}).status_code == 422


def test_the_api_tells_the_same_and_hides_shares_of_a_few(line, ana, quinn, oscar, client_of):
    call_gold(show(line, ana, 1), Label.PASS)
    decisions.finalise_due(now=later(60))
    address = f"/api/v1/lines/{line.slug}/gold/"
    said = client_of(quinn).post(address, {"is_on": True, "wanted_share": 0.03}, format="json").json()
    assert (said["is_on"], said["wanted_share"], said["defects"]) == (True, 0.03, {"scratch": 1, "crack": 0})
    assert said["inspectors"][0]["missed"] == {"k": 1, "n": 1, "share": None, "low": None, "high": None}
    for person in (ana, oscar, make_user("aria")):
        assert client_of(person).get(address).status_code == 404
