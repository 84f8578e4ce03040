"""The gauge study: counted by the printed rule, hidden in the queue, told only once it has ended."""

from datetime import timedelta

import pytest

from inspection.models import Prediction
from inspection.rules.words import Label
from review import decisions, gauge_sheets, gold, known_images, measures, queues, sessions, staging, studies
from review.gold_models import GaugeStudy, GoldShowing
from review.models import CountDelta, ReviewTask
from review.rules.gauge import DEFECT, PASS, UNSURE, sheet
from tests.builders import NOON, make_user
from tests.review.bank_scene import say
from tests.review.gold_scene import call_gold, make_library
from tests.review.scene import answer, later, make_task, predict
from tests.review.test_gold import drawn_id

pytestmark = pytest.mark.django_db

STANDARD = {"d1": DEFECT, "d2": DEFECT, "g1": PASS, "g2": PASS}
PERFECT = {image: [truth] * 3 for image, truth in STANDARD.items()}


def counted(share):
    return share.k, share.n


# The sheet ------------------------------------------------------------------------------------------------------


def test_a_perfect_appraiser_agrees_with_themself_and_the_standard():
    [one] = sheet(STANDARD, {"ana": PERFECT}, trials=3).appraisers
    assert [counted(share) for share in (one.within, one.effective, one.missed, one.alarmed)] == [
        (4, 4), (4, 4), (0, 6), (0, 6),
    ]  # fmt: skip
    assert (one.index.n, one.index.kappa, one.index.ac1) == (12, 1.0, 1.0)


@pytest.mark.parametrize(
    ("said", "within", "effective", "missed", "alarmed"),
    [
        ({"d1": [1, 1, 0]}, (3, 4), (3, 4), (1, 6), (0, 6)),
        ({"d1": [0, 0, 0]}, (4, 4), (3, 4), (3, 6), (0, 6)),
        ({"g1": [1, 0, 0]}, (3, 4), (3, 4), (0, 6), (1, 6)),
        ({"g1": [UNSURE, 0, 0]}, (3, 4), (3, 4), (0, 6), (0, 5)),
        ({"g1": [0, 0]}, (3, 3), (3, 3), (0, 6), (0, 3)),
    ],
)
def test_one_image_is_one_opportunity_to_agree_and_each_trial_one_to_miss(said, within, effective, missed, alarmed):
    [one] = sheet(STANDARD, {"ana": {**PERFECT, **said}}, trials=3).appraisers
    assert [counted(share) for share in (one.within, one.effective, one.missed, one.alarmed)] == [
        within, effective, missed, alarmed,
    ]  # fmt: skip


def test_the_model_says_each_image_once_and_stands_beside_every_trial():
    model = {image: [truth] for image, truth in STANDARD.items()} | {"d1": [PASS]}
    found = sheet(STANDARD, {"ana": PERFECT, "net:1": model}, trials=3)
    [(one, other, index)] = found.pairs
    assert (one, other, index.n) == ("ana", "net:1", 12)
    assert index.kappa_low < index.kappa < index.kappa_high
    assert index.ac1_low < index.ac1 < index.ac1_high
    assert counted(found.all_agree) == (3, 4)


def test_a_study_without_answers_has_an_empty_sheet():
    found = sheet(STANDARD, {}, trials=3)
    assert (found.appraisers, found.pairs, counted(found.all_agree)) == ([], [], (0, 0))


# The study ------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(ana, andre):
    return [ana, andre, make_user("aria")]


@pytest.fixture
def study(line, people, quinn, monkeypatch):
    monkeypatch.setattr(studies, "SIZE", 4)
    make_library(line, 2)
    return studies.start(line, people=people, by=quinn, now=NOON)


def shift(n):
    return NOON + timedelta(hours=8 * n)


def read_round(study, person, at, label_of):
    """Have a person read all that the study has for them in a shift."""
    while (found := studies.next_for(person, study.line, now=at))[1]:
        make_task(study.line, f"N-{GoldShowing.objects.count()}", at=at)
        showing = gold.show(found[1], beside=staging.neighbour(study.line), person=person, study=study, now=at)
        call_gold(showing, label_of(showing), at=at)
    decisions.finalise_due(now=at + timedelta(minutes=1))


def the_truth(showing):
    return Label.DEFECT if showing.defect_id else Label.PASS


def test_each_reads_every_image_three_times_and_once_a_shift(study, ana):
    for n in range(3):
        read_round(study, ana, shift(n), the_truth)
        assert GoldShowing.objects.count() == 4 * (n + 1)
    read_round(study, ana, shift(3), the_truth)
    assert studies.progress(study) == (12, 36)


def test_a_study_comes_up_without_a_rule_of_gold_and_for_its_appraisers_alone(line, study, ana):
    stranger = make_user("asha")
    for person in (ana, stranger):
        answer(make_task(line, f"W-{person}"), person, decision_id=drawn_id(line))
    make_task(line, "Next")
    assert gold.give_due(now=later(30)) == 1
    showing = GoldShowing.objects.get()
    assert (showing.person, showing.study) == (ana, study)
    assert showing.task in queues.claim(ana, line, count=6, tab="u", now=later(31))


def test_the_sheet_opens_at_the_end_with_the_model_as_one_more_appraiser(line, study, people, quinn):
    for n, label_of in enumerate((lambda _: Label.PASS, the_truth, the_truth)):
        for person in people:
            read_round(study, person, shift(n), label_of)
    version = line.epoch.model_version
    for item in study.items.select_related("source", "defect"):
        if item.defect:
            say(item.defect, version, 0.9)
        else:
            predict(item.source, score=0.1)
    assert gauge_sheets.of(study) is None
    studies.stop(study, by=quinn, now=shift(4))
    found = gauge_sheets.of(GaugeStudy.objects.get())
    assert [one.name for one in found.appraisers] == ["ana", "andre", "aria", "scratch-net:1"]
    assert [counted(one.effective) for one in found.appraisers] == [(2, 4)] * 3 + [(4, 4)]
    assert [counted(one.missed) for one in found.appraisers] == [(2, 6)] * 3 + [(0, 2)]
    assert len(found.pairs) == 6
    assert len(list(gauge_sheets.rows(GaugeStudy.objects.get()))) == 4 * 5 + 6 + 1


def test_what_is_read_in_a_study_is_in_no_measure_session_or_count(line, study, ana):
    read_round(study, ana, NOON, lambda _: Label.PASS)
    for n in range(20):
        answer(make_task(line, f"S-{n}"), ana, at=later(60))
    assert measures.of_line(line) == []
    assert sessions.told(sessions.end(ana, line, now=later(120)))[1] == 0
    assert not CountDelta.objects.exists()
    assert Prediction.objects.filter(item__run__part__is_staged=True).count() == 0


@pytest.mark.parametrize("why", ["two people", "few images", "running"])
def test_a_study_that_cannot_be_is_refused(line, people, quinn, monkeypatch, why):
    monkeypatch.setattr(studies, "SIZE", 4)
    make_library(line, 1 if why == "few images" else 2)
    refusals = {"two people": studies.WrongNumber, "few images": studies.TooFewImages, "running": studies.Running}
    if why == "running":
        studies.start(line, people=people, by=quinn, now=NOON)
    with pytest.raises(refusals[why]):
        studies.start(line, people=people[:2] if why == "two people" else people, by=quinn, now=NOON)
    assert GaugeStudy.objects.count() == (why == "running")


def test_a_reading_that_nobody_took_is_asked_for_again(line, study, ana):
    make_task(line, "N-1")
    _, known = studies.next_for(ana, line, now=NOON)
    gold.show(known, beside=staging.neighbour(line), person=ana, study=study, now=NOON)
    assert known_images.Known(known.source, known.defect) not in _all_next(ana, line)
    staging.withdraw_stale(before=later(1))
    assert known in _all_next(ana, line)


def _all_next(person, line):
    return {studies.next_for(person, line, now=NOON)[1] for _ in range(60)}


# The page -------------------------------------------------------------------------------------------------------


def test_a_lead_starts_stops_and_downloads_and_inspectors_see_nothing(client, line, people, quinn, monkeypatch):
    monkeypatch.setattr(studies, "SIZE", 4)
    make_library(line, 2)
    page = f"/lines/{line.slug}/gauge/"
    client.force_login(people[0])
    assert client.get(page).status_code == 404
    client.force_login(quinn)
    assert "At hand: 2 defects" in client.get(page).content.decode()
    client.post(f"{page}start/", {"people": [people[0].pk]})
    assert not GaugeStudy.objects.exists()
    client.post(f"{page}start/", {"people": [person.pk for person in people]})
    assert "0 of 36 readings" in client.get(page).content.decode()
    study = GaugeStudy.objects.get()
    assert client.get(f"{page}{study.pk}.csv").status_code == 404
    client.post(f"{page}stop/")
    assert "Sheet of the last study" in client.get(page).content.decode()
    body = b"".join(client.get(f"{page}{study.pk}.csv").streaming_content).decode()
    assert '"all agree"' in body


def test_the_api_starts_and_stops(line, people, quinn, client_of, monkeypatch):
    monkeypatch.setattr(studies, "SIZE", 4)
    make_library(line, 2)
    address, client = f"/api/v1/lines/{line.slug}/gauge/", client_of(quinn)
    assert client.post(address, {"people": ["ana"]}, format="json").status_code == 409
    said = client.post(address, {"people": ["ana", "andre", "aria"]}, format="json").json()
    assert (said["wanted"], said["sheet"]) == (36, [])
    assert client.post(f"{address}{said['id']}/stop/").json()["stopped_at"]
    assert client.get(address).json()["results"][0]["id"] == said["id"]
    assert client_of(people[0]).get(address).status_code == 404
    assert ReviewTask.objects.count() == 0
