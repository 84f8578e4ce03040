"""Challenge parts: entered by their serial, loud when missed or late, and in no evidence of the line."""

from datetime import timedelta

import pytest

from inspection import epochs, intake
from inspection.models import Disposition, Freeze, Hold, LevelChange, Routing
from inspection.rules.words import Call, Label, Level
from review import audits, bank, challenge_boards, challenges, containment, counts, decisions, evidence
from review.audit_models import AuditLot, MissResult
from review.challenge_models import ChallengeRound, ChallengeShowing
from review.containment_models import Containment
from review.models import CountDelta
from review.rules.challenges import is_missed
from tests.builders import NOON, make_line, make_model_version, make_station
from tests.inspection.making import upload
from tests.review.bank_scene import make_defect
from tests.review.deciding import audit, make_deciding_line, passed
from tests.review.scene import later, make_run, make_watched_line, predict, read, route_to_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def back():
    return make_deciding_line()


def a_challenge(line, quinn, serial="CH-1"):
    known = line.bank.first() or make_defect(line, "D-1")
    return challenges.mark(known, serial=serial, by=quinn, now=NOON)


def comes_by(line, challenge, *, policy="reject", call="defect", at=NOON, drawn=()):
    """Send a challenge part through: its run, with how the model routed it."""
    run = make_run(line, challenge.part.serial, at=at, drawn=drawn, part=challenge.part)
    item = run.items.get()
    Routing.objects.create(
        item=item, route="human", reason="hold", level=line.level, epoch=run.epoch,
        model_version=run.epoch.model_version, bands=line.bands, policy=policy, call=call, routed_at=at,
    )  # fmt: skip
    return run


def every_shift(line, quinn, **changes):
    facts = {"at_shift_start": True, "at_changeover": True, "every_h": None, "parts": 2, **changes}
    return challenges.set_calendar(line, by=quinn, now=facts.pop("now", later(-3600)), **facts)


# What is missed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("views", "level", "missed"),
    [
        ([("pass", "pass")], Level.PARTIAL, True),
        ([("person", "pass")], Level.PARTIAL, False),
        ([("", "pass")], Level.FULL, False),
        ([("", "pass")], Level.SHADOW, True),
        ([("person", "pass")], Level.ASSIST, False),
        ([("", "defect")], Level.SHADOW, False),
        ([("pass", "pass"), ("reject", "defect")], Level.PARTIAL, False),
        ([], Level.PARTIAL, False),
    ],
)
def test_what_the_bands_or_else_the_label_let_pass_on_every_view_is_missed(views, level, missed):
    assert is_missed(views, level=level) is missed


# By the serial --------------------------------------------------------------------------------------------------


def test_the_serial_enters_the_result_once(back, quinn):
    challenge = a_challenge(back, quinn)
    run = comes_by(back, challenge)
    challenges.follow(now=later(1))
    challenges.follow(now=later(2))
    showing = ChallengeShowing.objects.get()
    assert (showing.run, showing.is_missed, showing.shift) == (run, False, "2026-11-23/A")
    assert MissResult.objects.get().is_missed is False


def test_a_missed_one_holds_the_line_and_contains(back, quinn):
    before = passed(back, "A-1", at=later(-60))
    audits.follow(now=later(-120))
    comes_by(back, a_challenge(back, quinn), policy="pass", call="pass")
    challenges.follow(now=later(1))
    assert Hold.objects.in_force().get().kind == Hold.CHALLENGE
    assert Containment.objects.get(line=back).cause == "challenge part missed: B-001 CH-1 #1"
    containment.list_due(now=later(2))
    assert Containment.objects.get(line=back).runs.get().run == before


def test_a_model_that_calls_nothing_is_down_after_eight_of_twelve(back, quinn):
    parts = [a_challenge(back, quinn, f"CH-{n}") for n in range(12)]
    for n, challenge in enumerate(parts):
        comes_by(back, challenge, policy="pass", call="pass", at=later(n * 600))
        challenges.follow(now=later(n * 600 + 1))
        if LevelChange.objects.exists():
            break
    assert n + 1 == 8
    assert LevelChange.objects.get().to_level == Level.ASSIST
    assert {one.shift for one in ChallengeShowing.objects.all()} <= {"2026-11-23/A"}


def test_it_waits_until_every_image_is_routed(back, quinn):
    challenge = a_challenge(back, quinn)
    make_run(back, "CH-1", part=challenge.part)
    challenges.follow(now=later(1))
    assert not ChallengeShowing.objects.exists()


def test_the_door_takes_a_marked_part_in_each_time_and_asks_the_model_anew(back, quinn, settings, tmp_path):
    storage = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    challenge, station = a_challenge(back, quinn), make_station(back)
    for n in (1, 2):
        sent = upload(serial="CH-1", idempotency_key=f"k-{n}")
        run = intake.accept(station, upload=sent, now=later(n)).run
        assert (run.part, run.n) == (challenge.part, n)


@pytest.mark.parametrize("serial", ["A-1", "CH-1"])
def test_a_serial_with_a_past_is_refused(back, quinn, serial):
    make_run(back, "A-1")
    a_challenge(back, quinn)
    with pytest.raises(challenges.SerialInUse):
        a_challenge(back, quinn, serial)


def test_only_what_is_confirmed_challenges_and_retiring_is_once(back, quinn):
    challenge = a_challenge(back, quinn)
    with pytest.raises(challenges.NotKnown):
        challenges.mark(make_defect(back, "D-9", confirmed=False), serial="CH-9", by=quinn, now=NOON)
    challenges.retire(challenge, by=quinn, now=NOON)
    with pytest.raises(challenges.AlreadyRetired):
        challenges.retire(challenge, by=quinn, now=NOON)
    assert challenge_boards.parts(back) == []


# In no evidence -------------------------------------------------------------------------------------------------


def test_it_feeds_no_stream_no_audit_and_no_silence(back, ana, quinn):
    challenge = a_challenge(back, quinn)
    run = make_run(back, "CH-1", drawn=("truth", "audit"), part=challenge.part)
    item = run.items.get()
    predict(item, Call.PASS)
    read(route_to_people(item), ana, Label.PASS)
    decisions.finalise_due(now=later(60))
    assert Disposition.objects.get(run=run).verdict == "pass"
    assert not CountDelta.objects.exists()
    assert counts.recompute(back.epoch).places == {}
    assert audits.calls_after(audits.watches.current(back, now=NOON), 0) in ([], [(1, None)])
    assert bank.seal(back).holds(sha256="", names=["CH-1"])


def test_a_natural_part_beside_it_is_counted(back, ana):
    audit(back, "A-1", ana, Label.PASS)
    assert CountDelta.objects.exists()


# The calendar ---------------------------------------------------------------------------------------------------


def test_each_shift_opens_a_round_that_its_parts_close(back, quinn):
    every_shift(back, quinn)
    parts = [a_challenge(back, quinn, f"CH-{n}") for n in range(2)]
    challenges.follow(now=NOON)
    challenges.follow(now=later(1))
    [due] = challenge_boards.due(back, now=later(2))
    assert (due.round.occasion, due.came, due.round.wanted, due.is_overdue) == ("shift", 0, 2, False)
    for challenge in parts:
        comes_by(back, challenge, at=later(3))
    challenges.follow(now=later(4))
    assert challenge_boards.due(back, now=later(5)) == []
    assert ChallengeRound.objects.get().done_at == later(4)


def test_a_late_round_freezes_promotions_until_one_is_done(back, quinn):
    every_shift(back, quinn, parts=1)
    challenges.follow(now=NOON)
    challenges.follow(now=NOON + timedelta(minutes=29))
    assert not Freeze.objects.exists()
    challenges.follow(now=NOON + timedelta(minutes=30))
    assert Freeze.objects.in_force().get().cause == "challenge-overdue"
    assert challenge_boards.due(back, now=NOON + timedelta(minutes=31))[0].is_overdue
    comes_by(back, a_challenge(back, quinn), at=NOON + timedelta(minutes=40))
    challenges.follow(now=NOON + timedelta(minutes=41))
    assert not Freeze.objects.in_force().exists()


def test_changeovers_and_hours_open_rounds_of_their_own(back, quinn):
    every_shift(back, quinn, at_shift_start=False, every_h=2)
    challenges.follow(now=NOON)
    challenges.follow(now=NOON + timedelta(hours=1, minutes=59))
    other = make_line("phone-side").product
    back.product = type(other).objects.create(sku="B7", name="Phone B7")
    back.save(update_fields=["product"])
    challenges.follow(now=NOON + timedelta(hours=1, minutes=59, seconds=30))
    challenges.follow(now=NOON + timedelta(hours=4))
    assert [one.occasion for one in ChallengeRound.objects.order_by("pk")] == ["interval", "changeover", "interval"]


def test_a_new_shift_lets_the_last_ones_round_lapse(back, quinn):
    every_shift(back, quinn)
    challenges.follow(now=NOON)
    challenges.follow(now=NOON + timedelta(hours=3))
    assert [one.lapsed_at is None for one in ChallengeRound.objects.order_by("pk")] == [False, True]


def test_a_shift_with_fewer_than_six_is_starved(back, quinn):
    every_shift(back, quinn, now=later(-7200))
    audits.follow(now=NOON)
    audits.follow(now=NOON + timedelta(hours=3))
    audits.follow(now=NOON + timedelta(hours=11))
    assert [lot.is_starved for lot in AuditLot.objects.order_by("pk")] == [False, True]


def test_without_a_calendar_or_a_model_nothing_is_due(back, quinn):
    challenges.follow(now=NOON)
    every_shift(make_line("phone-side"), quinn)
    challenges.follow(now=NOON)
    assert not ChallengeRound.objects.exists()


# The page -------------------------------------------------------------------------------------------------------


def test_leads_mark_parts_set_the_calendar_and_read_the_week(client, back, quinn, ana):
    known = make_defect(back, "D-1")
    page = f"/lines/{back.slug}/challenges/"
    client.force_login(ana)
    assert client.get(page).status_code == 404
    client.force_login(quinn)
    assert "nobody is asked" in client.get(page).content.decode()
    given = {"at_shift_start": "on", "every_h": "", "parts": "12"}
    assert client.post(f"{page}calendar/", given).status_code == 302
    assert client.post(f"{page}calendar/", {"parts": "0"}).status_code == 422
    assert client.post(f"{page}mark/", {"defect": known.pk, "serial": "CH-1"}).status_code == 302
    assert client.post(f"{page}mark/", {"defect": known.pk, "serial": "CH-1"}).status_code == 422
    comes_by(back, back.challenge_parts.get())
    challenges.follow(now=later(1))
    said = client.get(page).content.decode()
    assert "CH-1" in said
    assert "start of shift" in said
    assert challenge_boards.week(back, now=later(2)).rows[0][1][-1].state == "met"
    assert client.post(f"{page}{back.challenge_parts.get().pk}/retire/").status_code == 302
    assert "None yet" in client.get(page).content.decode()


def test_the_api_does_what_the_page_does(back, quinn, ana, client_of):
    known = make_defect(back, "D-1")
    address, client = f"/api/v1/lines/{back.slug}/challenges/", client_of(quinn)
    assert client_of(ana).get(address).status_code == 404
    said = client.post(address, {"defect": known.number, "serial": "CH-1"}, format="json")
    assert said.status_code == 201
    assert said.json()["parts"][0]["serial"] == "CH-1"
    assert client.post(address, {"defect": known.number, "serial": "CH-1"}, format="json").status_code == 409
    calendar = {"at_shift_start": True, "at_changeover": False, "every_h": None, "parts": 12}
    assert client.post(f"{address}calendar/", calendar, format="json").json()["calendar"]["parts"] == 12
    part = said.json()["parts"][0]["id"]
    assert client.post(f"{address}{part}/retire/").json()["parts"] == []
    assert make_watched_line("phone-side").challenge_parts.count() == 0


# What the gates ask ---------------------------------------------------------------------------------------------


def a_shift(line, known, day, *, shown, missed=0):
    """Let known defects come by in the shift of a day, so many of them missed."""
    at = NOON + timedelta(days=day)
    for n in range(shown):
        passed = {"policy": "pass", "call": "pass"} if n < missed else {}
        challenges.note(comes_by(line, known, at=at + timedelta(minutes=n), **passed), now=at)


def asked(line, to_level=Level.FULL):
    """Return what a gate makes of the challenge parts: (calendar met, shifts counted, shifts needed)."""
    judgement = evidence.read(line, to_level, now=NOON).judgement
    found = {condition.name: condition for condition in judgement.conditions}
    return found["calendar"].passed, found["clean_shifts"].counted, found["clean_shifts"].needed


def test_a_gate_counts_the_last_shifts_without_a_miss_and_asks_for_a_calendar(back, quinn):
    known = a_challenge(back, quinn)
    assert asked(back) == (False, 0, 10)
    every_shift(back, quinn)
    a_shift(back, known, 0, shown=6, missed=1)
    assert asked(back) == (True, 0, 10)
    a_shift(back, known, 1, shown=6)
    a_shift(back, known, 2, shown=6)
    assert asked(back) == (True, 2, 10)


def test_a_shift_with_too_few_challenge_parts_tells_only_of_its_misses(back, quinn):
    known = a_challenge(back, quinn)
    a_shift(back, known, 0, shown=6)
    a_shift(back, known, 1, shown=5)
    assert asked(back) == (False, 1, 10)
    a_shift(back, known, 2, shown=1, missed=1)
    assert asked(back) == (False, 0, 10)


def test_challenge_parts_shown_to_another_epoch_prove_nothing_of_this_one(back, quinn):
    a_shift(back, a_challenge(back, quinn), 0, shown=6)
    epochs.enter(back, make_model_version(version=2), cause="a new version", now=later(9))
    assert asked(back) == (False, 0, 10)
