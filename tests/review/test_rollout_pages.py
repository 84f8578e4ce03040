"""Rollouts in the browser and over HTTP: who may see and move them, and how a refusal is said."""

import re

import pytest
from django.urls import reverse

from inspection import arms, registry, rollouts
from inspection.models import Line, Rollout, RolloutStep
from inspection.rules import rollouts as rules
from inspection.rules.rollouts import Shift
from inspection.rules.words import Label, Role
from review import adjudications, bank, comparisons
from review.models import Adjudication, ReviewTask
from tests.builders import NOON, PASSWORD, make_model_version, make_station, make_user
from tests.inspection.models import make_bands
from tests.review.rollout_scene import BAD, GOOD, deployed, make_rollout, make_served_line, send
from tests.review.scene import later, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return make_served_line()


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def page(client, line, **headers):
    return client.get(reverse("rollouts", args=[line.slug]), **headers)


def do(client, line, deed, **fields):
    return client.post(reverse("rollout-deed", args=[line.slug, deed]), fields, follow=True).content.decode()


def ask(client, name, *args, **body):
    return client.post(reverse(name, args=args), body, content_type="application/json")


# The page -------------------------------------------------------------------------------------------------------


def test_leads_find_what_serves_and_what_may_come_from_the_lines_pages(lead, line):
    make_model_version("green")
    shown = page(lead, line).content.decode()
    assert "blue:1" in shown
    assert "green:1" in shown
    assert f'href="/lines/{line.slug}/rollouts/"' in shown


def test_a_version_that_does_not_know_the_lines_kinds_of_defects_is_not_offered(lead, line):
    make_model_version("narrow", classes=["pass", "scratch"])
    shown = page(lead, line).content.decode()
    assert "narrow:1" not in shown
    assert "No other version is registered that knows" in shown


@pytest.mark.parametrize("name", ["ana", "oscar"])
def test_nobody_else_learns_which_models_there_are(client, line, name):
    client.force_login(make_user(name, role=None) if name == "oscar" else make_user(name))
    assert page(client, line).status_code == 404


def test_a_rollout_starts_with_the_password_of_who_starts_it(lead, line, quinn):
    green = make_model_version("green")
    wish = {"version": green.pk, "strategy": "canary", "share": "10", "reason": "retrained"}
    assert "not right" in do(lead, line, "start", **wish, password="wrong")
    assert not Rollout.objects.exists()
    shown = do(lead, line, "start", **wish, password=PASSWORD)
    assert deployed(line) == ("blue:1", "green:1", "canary", 0.1)
    assert "Candidate green:1" in shown
    assert "retrained" in shown
    assert Rollout.objects.get().opened_by == quinn


def test_a_rollback_waits_for_no_reason_and_takes_one_afterwards_once(lead, line):
    make_rollout(line)
    page_before = page(lead, line).content.decode()
    assert "A reason can be given afterwards." in page_before
    shown = do(lead, line, "roll-back")
    assert deployed(line) == ("blue:1", "", "", 0.0)
    assert "Why was green:1 taken back?" in shown
    assert "Give a reason in a few words." in do(lead, line, "explain", reason=" ")
    shown = do(lead, line, "explain", reason="scratches")
    assert "Reason added: green:1 · scratches · quinn" in shown
    assert "Why was green:1 taken back?" not in shown
    assert "The reason is given already." in do(lead, line, "explain", reason="something else")
    assert Rollout.objects.get().cause == "scratches"


def test_the_page_says_every_reason_why_it_waits(lead, line):
    make_rollout(line)
    shown = do(lead, line, "advance", password=PASSWORD)
    assert "Not yet: no part was seen yet, errors: not shown to be no worse" in shown
    assert deployed(line)[3] == 0.05


def test_the_first_model_is_offered_the_shadow_alone(lead, line):
    line.deployment.serving = None
    line.deployment.save()
    shown = page(lead, line).content.decode()
    assert "first model of a line" in shown
    assert 'value="blue_green"' not in shown


def test_pausing_and_rolling_back_need_a_lead_of_the_line_and_no_password(lead, line):
    make_rollout(line)
    assert "Paused. Nothing advances" in do(lead, line, "pause", reason="looking")
    assert "Rolled back" in do(lead, line, "roll-back", reason="scratches", read_again="on")
    assert deployed(line) == ("blue:1", "", "", 0.0)


@pytest.fixture
def gone_back(quinn):
    """A line at partial on which green served, passed two parts an hour apart, and was taken back by itself."""
    line = make_served_line(level="partial")
    rollout = make_rollout(line, "blue_green")
    for n in range(20):
        send(line, f"warm-{n}", at=later(n))
    rollout = rollouts.confirm(rollout, by=quinn, now=later(60))
    line.refresh_from_db()
    make_bands(line, rollout.candidate, envelope={"size_bytes": [100, 100_000]})
    for serial, at in (("old", later(61)), ("young", later(5_000))):
        assert send(line, serial, at=at) is None
    rollouts.roll_back(rollout, by=None, cause=rollouts.BY_GUARDRAIL + "latency", now=later(5_100))
    return line


def test_after_a_rollback_by_itself_a_lead_has_the_last_hour_read_again(lead, gone_back):
    assert "it decided 1 part by itself that nobody has read" in page(lead, gone_back).content.decode()
    assert "1 part is read again" in do(lead, gone_back, "read-again")
    assert [task.run.part.serial for task in ReviewTask.objects.filter(run__part__serial__in=["old", "young"])] == [
        "young"
    ]
    assert "nobody has read" not in page(lead, gone_back).content.decode()
    assert "0 parts are read again" in do(lead, gone_back, "read-again")


def test_nothing_is_read_again_where_nothing_was_taken_back(lead, line):
    make_rollout(line)
    assert "This rollout is over" in do(lead, line, "read-again")


@pytest.mark.parametrize(
    ("deed", "fields", "words"),
    [
        ("start", {"version": "x", "strategy": "canary"}, "Choose a version"),
        ("start", {"version": "1", "strategy": "all-at-once"}, "Choose a version"),
        ("share", {"share": "much"}, "Choose a version"),
        ("share", {"share": "0"}, "no such share"),
        ("share", {"share": "60"}, "Not yet"),
    ],
)
def test_a_form_that_says_too_little_is_answered_in_words(lead, line, deed, fields, words):
    make_rollout(line)
    assert words in do(lead, line, deed, password=PASSWORD, **fields)
    assert deployed(line)[3] == 0.05


def test_an_unknown_deed_is_not_there(lead, line):
    assert lead.post(reverse("rollout-deed", args=[line.slug, "explode"])).status_code == 404


def rule(serial, label, by):
    case = Adjudication.objects.get(run__part__serial=serial)
    defect_class = "scratch" if label == Label.DEFECT else ""
    adjudications.rule(case, by=by, label=label, defect_class=defect_class, now=later(60))


def cells(shown, head):
    """Return the words of the table's row that begins with these."""
    [row] = [row for row in shown.split("<tr>") if row.lstrip().startswith(f'<th scope="row">{head}')]
    return re.findall(r"<td[^>]*>(.*?)</td>", row)


@pytest.fixture
def overruled(line, ana, quinn):
    """A shadow in which people overruled the candidate twice and the serving version once, on good parts."""
    make_rollout(line, "shadow")
    for n, (blue, green) in enumerate([(GOOD, BAD), (GOOD, BAD), (BAD, GOOD), (GOOD, GOOD)]):
        read(send(line, f"A-{n}", blue=blue, green=green, at=later(n)), ana, Label.PASS, at=later(n))
    for serial in ("A-0", "A-1", "A-2"):
        rule(serial, Label.PASS, quinn)


def test_overkill_stands_beside_escapes_for_both_versions(lead, line, overruled):
    shown = page(lead, line).content.decode()
    assert cells(shown, "Overkill")[:2] == ["1 / 4", "2 / 4"]
    assert shown.index("Overkill") > shown.index("Escapes")


def test_a_defect_that_was_called_so_is_no_overkill(lead, line, ana, quinn):
    make_rollout(line, "shadow")
    read(send(line, "A-1", green=BAD), ana, Label.PASS)
    rule("A-1", Label.DEFECT, quinn)
    assert cells(page(lead, line).content.decode(), "Overkill")[:2] == ["0 / 1", "0 / 1"]


def test_the_table_tells_within_which_time_each_version_answers(lead, line):
    rollout = make_rollout(line, share=0.5)
    assert cells(page(lead, line).content.decode(), "95 % answered within")[:2] == ["–", "–"]
    for n in range(21):
        send(line, f"blue-{n}", position=0.9, ms=10.0 + n, at=later(n))
        send(line, f"green-{n}", position=0.1, ms=1_010.0 + n, at=later(n))
    found = cells(page(lead, line).content.decode(), "95 % answered within")
    limit = rollouts.current(rollout).latency_limit_ms
    assert found == ["29 ms", "1,029 ms", f"slow above {limit:,.0f} ms"]


def test_the_figures_of_both_versions_cost_a_statement_each(line, overruled, django_assert_num_queries):
    step = RolloutStep.objects.select_related("rollout").get()
    with django_assert_num_queries(1):
        comparisons.overkill(step)
    with django_assert_num_queries(2):
        arms.p95_ms(step)


def test_the_figures_of_both_versions_are_told_in_korean(lead, line, overruled):
    shown = page(lead, line, headers={"accept-language": "ko"}).content.decode()
    assert cells(shown, "과검")[:2] == ["1 / 4", "2 / 4"]
    assert cells(shown, "95 % 응답 시간")[:2] == ["5 ms", "5 ms"]


def test_the_page_speaks_korean(lead, line):
    rollout = make_rollout(line)
    rollouts.pause(rollout, by=None, cause=rollouts.BY_GUARDRAIL + "calls", now=NOON)
    shown = page(lead, line, headers={"accept-language": "ko"}).content.decode()
    assert "안전 기준: 불량 판정 비율" in shown
    assert "모델과 배포" in shown


def test_whoever_goes_on_after_other_calls_is_told_what_they_answer_for(lead, line):
    rollout = make_rollout(line)
    for n in range(9):
        send(line, f"A-{n}", green=BAD, position=0.01, at=later(n))
    rollouts.pause(rollout, by=None, cause="", paused_for=Shift.MORE, now=later(10))
    asked = ("You answer for green:1 calling defects more often", "Calls that become fewer still pause it")
    told = ("more calls reviewed · quinn", "pauses at fewer")
    paused = page(lead, line).content.decode()
    assert [words in paused for words in (*asked, *told)] == [True, True, False, False]
    went_on = do(lead, line, "go-on", **re_entered(paused), password=PASSWORD)
    assert [words in went_on for words in (*asked, *told)] == [False, False, True, True]
    answer = lead.get(reverse("api-rollout", args=[rollout.pk])).json()
    assert answer["more_calls_reviewed_at"] is not None
    assert [one["status"] for one in answer["guardrails"] if one["name"] == "calls"] == ["reviewed"]


def test_after_the_other_way_too_was_answered_the_page_promises_no_pause(lead, line):
    rollout = make_rollout(line)
    Rollout.objects.filter(pk=rollout.pk).update(more_calls_reviewed_at=NOON)
    rollouts.pause(rollout, by=None, cause="", paused_for=Shift.FEWER, now=later(10))
    paused = page(lead, line).content.decode()
    asked = ("You answer for green:1 calling defects less often", "still pause it")
    assert [words in paused for words in asked] == [True, False]
    assert "pauses no more" in do(lead, line, "go-on", **re_entered(paused), password=PASSWORD)


def test_a_page_that_was_shown_before_the_calls_differed_answers_nothing(lead, line):
    rollout = make_rollout(line)
    rollouts.pause(rollout, by=None, cause="shift change", now=NOON)
    shown = page(lead, line).content.decode()
    for n in range(9):
        send(line, f"A-{n}", green=BAD, position=0.01, at=later(n))
    assert "has changed since this was shown" in do(lead, line, "go-on", **re_entered(shown), password=PASSWORD)
    rollout.refresh_from_db()
    assert (rollout.paused_at, rollout.reviewed) == (NOON, frozenset())


@pytest.mark.parametrize("answer", ["fewer", "nonsense"])
def test_another_answer_than_was_asked_for_is_refused_and_the_pause_stays(lead, line, answer):
    rollout = make_rollout(line)
    rollouts.pause(rollout, by=None, cause="", paused_for=Shift.MORE, now=later(10))
    shown = do(lead, line, "go-on", rollout=rollout.pk, reviewed=answer, password=PASSWORD)
    assert "has changed since this was shown" in shown
    rollout.refresh_from_db()
    assert (rollout.paused_at, rollout.reviewed) == (later(10), frozenset())


@pytest.mark.parametrize("reason", ["reviewed: looks fine", "more calls reviewed", "guardrail: unproven-x"])
def test_what_a_person_writes_as_a_reason_is_told_as_it_was_written(lead, line, reason):
    rollout = make_rollout(line)
    do(lead, line, "pause", reason=reason)
    assert reason in page(lead, line, headers={"accept-language": "ko"}).content.decode()
    assert rollouts.review_asked(*judged(rollout)) is None


def judged(rollout):
    rollout.refresh_from_db()
    return rollout, rollouts.judge(rollout, now=later(5))


def test_a_reviewed_candidate_is_not_said_to_be_no_worse_on_every_guardrail(lead, line, monkeypatch):
    rollout = make_rollout(line)
    monkeypatch.setattr(rules, "_missing", lambda *_: ())
    every, other = "Every guardrail says no worse", "Every other guardrail says no worse, and that it calls more"
    shown = page(lead, line).content.decode()
    assert [words in shown for words in (every, other)] == [True, False]
    Rollout.objects.filter(pk=rollout.pk).update(more_calls_reviewed_at=NOON)
    shown = page(lead, line).content.decode()
    assert [words in shown for words in (every, other)] == [False, True]


def re_entered(shown: str) -> dict[str, str]:
    """Return the hidden fields of the form that goes on, as the page was shown."""
    form = re.search(r"<form[^>]*rollouts/go-on/.*?</form>", shown, re.DOTALL)[0]
    return dict(re.findall(r'type="hidden" name="(rollout|reviewed)" value="([^"]*)"', form))


# The API --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("proof", "status"), [({}, 403), ({"password": "wrong"}, 403), ({"password": PASSWORD}, 200)])
def test_an_answer_to_other_calls_over_http_takes_the_password(lead, line, proof, status):
    rollout = make_rollout(line)
    for n in range(9):
        send(line, f"A-{n}", green=BAD, position=0.01, at=later(n))
    rollouts.pause(rollout, by=None, cause="", paused_for=Shift.MORE, now=later(10))
    asked = lead.get(reverse("api-rollout", args=[rollout.pk])).json()["review_asked"]
    unanswered = ask(lead, "api-rollout-pause", rollout.pk, paused=False)
    assert (unanswered.status_code, unanswered.json()["code"]) == (409, "review-differs")
    assert ask(lead, "api-rollout-pause", rollout.pk, reviewed=asked, password=PASSWORD).status_code == 422
    answer = ask(lead, "api-rollout-pause", rollout.pk, paused=False, reviewed=asked, **proof)
    assert (asked, answer.status_code) == ("more", status)
    rollout.refresh_from_db()
    assert rollout.reviewed == (frozenset({"more"}) if status == 200 else frozenset())


def test_a_rollout_by_the_api_from_start_to_rollback(lead, line):
    make_model_version("green")
    wish = {"candidate": "green:1", "strategy": "canary", "share": 0.05}
    answer = ask(lead, "api-rollouts", line.slug, **wish)
    assert answer.status_code == 201
    started = answer.json()
    assert (started["phase"], started["share"], started["recommendation"]["move"]) == ("canary", 0.05, "wait")
    seen = lead.get(reverse("api-rollout", args=[started["id"]])).json()
    assert [guard["name"] for guard in seen["guardrails"]] == ["errors", "latency", "overturns", "escapes", "calls"]
    assert {guard["log_e_worse"] for guard in seen["guardrails"]} == {0.0}
    assert ask(lead, "api-rollout-share", started["id"], share=0.01).json()["share"] == 0.01
    assert ask(lead, "api-rollout-pause", started["id"], reason="look").json()["paused"] is True
    assert ask(lead, "api-rollout-pause", started["id"], paused=False).json()["paused"] is False
    assert ask(lead, "api-rollout-rollback", started["id"], reason="bad").json()["outcome"] == "rolled_back"
    listed = lead.get(reverse("api-rollouts", args=[line.slug])).json()["rollouts"]
    assert [one["outcome"] for one in listed] == ["rolled_back"]


def test_refusals_have_their_codes_and_reasons(lead, line):
    rollout = make_rollout(line)
    answer = ask(lead, "api-rollout-promote", rollout.pk)
    assert (answer.status_code, answer.json()["code"]) == (409, "rollout-not-ready")
    assert answer.json()["reasons"][:2] == ["no-data", "unproven-errors"]
    again = ask(lead, "api-rollouts", line.slug, candidate="green", strategy="shadow")
    assert (again.status_code, again.json()["code"]) == (409, "rollout-open")
    assert ask(lead, "api-rollout-abort", rollout.pk, reason="no").json()["outcome"] == "aborted"
    assert ask(lead, "api-rollout-promote", rollout.pk).json()["code"] == "rollout-closed"
    bank.note_training(make_model_version("taught"), [("ab" * 32, "")])
    taught = ask(lead, "api-rollouts", line.slug, candidate="taught", strategy="canary")
    assert (taught.status_code, taught.json()["code"]) == (422, "rollout-refused")
    serving = ask(lead, "api-rollouts", line.slug, candidate="blue:1", strategy="canary")
    assert (serving.status_code, serving.json()["code"]) == (422, "rollout-refused")


@pytest.mark.parametrize("name", ["green:" + "9" * 40, "green:x", "../etc", ""])
def test_a_name_that_is_none_is_refused_before_it_is_looked_up(lead, line, name):
    assert ask(lead, "api-rollouts", line.slug, candidate=name, strategy="shadow").json()["code"] == "validation"


def test_what_is_not_there_is_not_found(lead, line):
    assert ask(lead, "api-rollouts", line.slug, candidate="gone:9", strategy="shadow").status_code == 404
    assert ask(lead, "api-rollout-rollback", 4711, reason="x").status_code == 404


def test_a_stranger_finds_nothing_and_an_inspector_moves_nothing(client, line):
    rollout = make_rollout(line)
    client.force_login(make_user("oscar", role=None))
    assert ask(client, "api-rollout-rollback", rollout.pk).status_code == 404
    client.force_login(make_user("ana"))
    assert ask(client, "api-rollouts", line.slug, candidate="green", strategy="shadow").status_code == 403
    assert ask(client, "api-rollout-rollback", rollout.pk).status_code == 404
    assert deployed(line)[1] == "green:1"


# Differences and the registry -----------------------------------------------------------------------------------


@pytest.fixture
def compared(line, ana, quinn):
    """A shadow with two images on which the versions differ: one is ruled for the candidate, one waits."""
    rollout = make_rollout(line, "shadow")
    for serial in ("A-1", "A-2", "A-3"):
        task = send(line, serial, green=GOOD if serial == "A-3" else BAD)
        read(task, ana, Label.PASS)
    rule("A-1", Label.DEFECT, quinn)
    return rollout


def differing(client, line, **headers):
    return client.get(reverse("differences", args=[line.slug]), **headers).content.decode()


def test_the_gallery_shows_what_was_ruled_and_hides_what_waits(lead, line, compared):
    shown = differing(lead, line)
    assert "people ruled for the candidate: 1, against it: 0" in shown
    assert "A-1" in shown
    assert "candidate right" in shown
    assert "A-2" not in shown
    assert "<dt>Images on which they differ</dt><dd>2</dd><dt>Not ruled yet</dt><dd>1</dd>" in shown


def test_a_picture_of_the_gallery_leads_to_the_page_of_its_image(lead, line, compared):
    item = Adjudication.objects.get(run__part__serial="A-1").item
    page_of_image = reverse("data-item", args=[line.slug, item.pk])
    assert f'href="{page_of_image}"' in differing(lead, line)
    assert lead.get(page_of_image).status_code == 200


def test_the_gallery_hides_an_image_that_somebody_reads_again(lead, line, compared):
    ReviewTask.objects.filter(run__part__serial="A-1").update(closed_at=None)
    assert "A-1" not in differing(lead, line)


@pytest.fixture
def sliced(line, ana, quinn):
    """Rulings in two shifts, of two stations: a scratch that only the candidate found, and good parts it called bad."""
    rollout = make_rollout(line, "shadow")
    stations = {name: make_station(line, name) for name in ("st-01", "st-02")}
    for serial, station, at in (("A-1", "st-01", 0), ("A-2", "st-01", 1), ("A-3", "st-02", 43_200)):
        task = send(line, serial, green=BAD, at=later(at), station=stations[station])
        read(task, ana, Label.PASS, at=later(at))
    for serial in ("A-1", "A-2", "A-3"):
        rule(serial, Label.DEFECT if serial == "A-1" else Label.PASS, quinn)
    return rollout


def test_the_paired_comparison_is_cut_by_class_station_and_shift(lead, line, sliced):
    shown = differing(lead, line)
    assert "people ruled for the candidate: 1, against it: 2" in shown
    assert cells(shown, "class <b>scratch</b>") == ["1", "0"]
    assert cells(shown, "class <b>good</b>") == ["0", "2"]
    assert cells(shown, "station <b>st-01</b>") == ["1", "1"]
    assert cells(shown, "station <b>st-02</b>") == ["0", "1"]
    assert cells(shown, "shift <b>A</b>") == ["1", "1"]
    assert cells(shown, "shift <b>C</b>") == ["0", "1"]


def test_slices_are_told_in_korean(lead, line, sliced):
    shown = differing(lead, line, headers={"accept-language": "ko"})
    assert cells(shown, "결함 종류 <b>긁힘</b>") == ["1", "0"]
    assert "green:1이(가) 맞음" in shown


def test_what_waits_for_a_ruling_is_in_no_slice(lead, line, ana):
    make_rollout(line, "shadow")
    read(send(line, "A-1", green=BAD), ana, Label.PASS)
    assert "Slice" not in differing(lead, line)


def test_a_part_that_was_ruled_on_again_is_counted_once(lead, line, sliced, quinn):
    first = Adjudication.objects.get(run__part__serial="A-1")
    again = {"cause": "dispute", "ruled_by": quinn, "ruled_at": later(120), "label": "defect"}
    again |= {"defect_class": "crack", "opened_at": later(90), "swapped": False}
    Adjudication.objects.create(line=line, item=first.item, run=first.run, first=first.first, **again)
    shown = differing(lead, line)
    assert cells(shown, "class <b>crack</b>") == ["1", "0"]
    assert "class <b>scratch</b>" not in shown


def test_slices_are_one_statement_however_many_parts(line, sliced, django_assert_num_queries):
    with django_assert_num_queries(1):
        comparisons.slices(sliced)


def test_the_page_of_differences_costs_few_statements(lead, line, sliced, django_assert_max_num_queries):
    with django_assert_max_num_queries(24):
        differing(lead, line)


def test_the_gallery_of_a_line_without_candidates_says_so(lead, line):
    assert "no candidate to compare" in differing(lead, line)


def test_the_registry_tells_where_each_version_stands(lead, line):
    make_rollout(line)
    shown = lead.get(reverse("models")).content.decode()
    assert shown.index("green:1") < shown.index("blue:1")
    assert shown.count(reverse("rollouts", args=[line.slug])) == 2


def test_a_version_shows_its_card_its_hash_and_the_lines_it_served(lead, line):
    escape = {"overkill": 0.01, "rate": 0.04, "low": 0.02, "high": 0.07}
    card = {"figures": {"auc": 0.9871, "escape": [escape]}, "source": "snapshot 7", "parent": "blue:1"}
    version = make_model_version("green", card=card, weights_sha256="cd" * 32)
    registry.serve(line, version, by=None, cause="better", now=NOON)
    shown = lead.get(reverse("model", args=["green", 1])).content.decode()
    for words in ("0.9871", "Escape rate at 1\u00a0% overkill", "snapshot 7", "blue:1", "cd" * 32, "better"):
        assert words in shown


def test_what_served_the_line_at_a_moment_is_told_in_the_lines_time(lead, line):
    registry.serve(line, make_model_version("green"), by=None, cause="better", now=later(3600))
    for at, name in (("2026-11-23T12:30", "blue:1"), ("2026-11-23T13:30", "green:1")):
        shown = lead.get(reverse("rollouts", args=[line.slug]), {"at": at}).content.decode()
        assert f'<b class="model-word">{name}</b>' in shown
        assert f'value="{at}"' in shown
    assert (
        "No model had been put"
        in lead.get(reverse("rollouts", args=[line.slug]), {"at": "2026-11-20T00:00"}).content.decode()
    )
    assert lead.get(reverse("rollouts", args=[line.slug]), {"at": "2026-99-99T00:00"}).status_code == 200


def test_a_moment_before_the_calendar_is_no_moment(lead, line):
    Line.objects.update(time_zone="Asia/Seoul")
    shown = lead.get(reverse("rollouts", args=[line.slug]), {"at": "0001-01-01T00:00"})
    assert shown.status_code == 200


@pytest.mark.parametrize("role", [None, Role.INSPECTOR])
def test_the_registry_is_not_there_for_others(client, line, role):
    client.force_login(make_user("oscar", role=role))
    make_model_version("green")
    for address in (reverse("models"), reverse("model", args=["green", 1]), reverse("differences", args=[line.slug])):
        assert client.get(address).status_code == 404


def test_what_served_is_one_query(line, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert registry.served_at(line, later(1)).serving.name == "blue"
