"""A station whose server is away: it passes what its grant lets it pass, holds the rest, and tells of it afterwards."""

import json

import pytest

from edge.client import Client
from edge.loops import Uploader
from tests.edge.alone_scene import SENT_AT, SHA256, Alone, make_terms, told
from tests.edge.builders import KEY, make_capture
from tests.inspection.items import BRIGHT, MIDDLE


@pytest.fixture
def make_alone(tmp_path):
    made = []

    def make(**terms):
        made.append(Alone(tmp_path, terms=make_terms(**terms)))
        return made[-1]

    yield make
    for alone in made:
        alone.close()


@pytest.fixture
def alone(make_alone):
    """A station that is on its own and has looked at one picture already."""
    alone = make_alone()
    alone.lose_the_server()
    alone.shoot("A-0")
    return alone


def claim_of(alone, key):
    return json.loads(alone.ledger.claim(key))


def test_what_the_bands_pass_is_passed_after_a_first_picture_that_is_only_remembered(alone):
    alone.shoot("A-1")
    assert alone.decide() == [("A-1", "pass")]
    assert alone.output.commands[0].reason == "decided offline, 3 s after the server was last heard"


def test_a_decision_is_kept_with_what_the_server_needs_to_judge_it(alone):
    alone.shoot("A-1")
    alone.decide()
    key = next(entry for entry in alone.kit.spool._pending if alone.ledger.claim(entry))
    claim = claim_of(alone, key)
    assert (claim["grant"], claim["model_sha256"], claim["verdict"]) == (alone.grants.id, SHA256, "pass")
    assert 3 < claim["age_s"] < 4
    assert claim["probability"] < 0.05
    assert alone.ledger.undelivered() == 1


@pytest.mark.parametrize("light", [MIDDLE, BRIGHT, 5])
def test_what_the_bands_do_not_pass_is_left_to_people(alone, light):
    alone.shoot("A-1", light=light)
    assert alone.decide() == []


def test_at_full_the_bands_reject_too(make_alone):
    alone = make_alone(level="full")
    alone.lose_the_server()
    alone.shoot("A-0")
    alone.shoot("A-1", light=BRIGHT)
    assert alone.decide() == [("A-1", "reject")]


def test_a_camera_that_shows_the_same_again_is_held(alone):
    alone.shoot("A-1", seed=1)
    alone.shoot("A-2", seed=1)
    assert alone.decide() == [("A-1", "pass")]


def test_a_part_that_came_before_is_held(alone):
    alone.shoot("A-1")
    alone.decide()
    alone.shoot("A-1", seed=7)
    assert alone.decide() == [("A-1", "pass")]


def test_a_picture_without_pixels_is_held_and_the_next_is_decided(alone):
    alone.intake.take(make_capture(source="A-1", serial="A-1", picture=b"no picture"))
    alone.shoot("A-2")
    assert alone.decide() == [("A-2", "pass")]


def test_when_the_grant_has_run_out_everything_is_held(alone):
    alone.shoot("A-1")
    assert alone.decide() == [("A-1", "pass")]
    alone.clock.now += 60
    alone.shoot("A-2")
    assert alone.decide() == [("A-1", "pass")]


def test_a_server_that_answers_decides_itself_and_so_does_one_that_was_away_for_a_moment(make_alone):
    alone = make_alone()
    for serial in ("A-0", "A-1"):
        alone.shoot(serial)
    assert alone.decide() == []
    alone.lose_the_server()
    alone.find_the_server()
    assert alone.decide() == []


def test_a_station_without_a_grant_holds_everything(alone):
    alone.grants.hear(None, answers="", asked_at=0)
    alone.shoot("A-1")
    assert alone.decide() == []


def test_under_a_grant_that_came_while_the_picture_was_looked_at_nothing_is_decided(alone):
    alone.decide()
    look = alone.judge.look

    def look_while_another_comes(*given):
        found = look(*given)
        alone.grants.hear(told(make_terms(call_threshold=0.4)), answers=SENT_AT, asked_at=alone.clock())
        return found

    alone.judge.look = look_while_another_comes
    alone.shoot("A-1")
    assert alone.decide() == []


def send(alone, server):
    """Let the uploader send one picture."""
    uploader = Uploader(alone.kit, Client(server.url, KEY), arrived=alone.intake.arrived, wait=0.0)
    uploader.step()


def test_the_picture_is_sent_with_what_was_decided_and_counts_as_told(alone, server):
    alone.shoot("A-1")
    alone.decide()
    send(alone, server)
    send(alone, server)
    first, second = server.received
    assert "decided" not in first.fields
    assert json.loads(second.fields["decided"])["verdict"] == "pass"
    assert (len(alone.kit.spool), alone.ledger.undelivered()) == (0, 0)


def test_a_decision_taken_while_the_picture_was_on_its_way_is_told_with_a_repeat(alone, server):
    alone.decide()
    alone.shoot("A-1")
    send(alone, server)
    alone.lose_the_server()
    take = server.take

    def take_and_decide(*sent):
        answer = take(*sent)
        alone.decide()
        return answer

    server.take = take_and_decide
    send(alone, server)
    assert (len(alone.kit.spool), alone.ledger.undelivered()) == (1, 1)
    send(alone, server)
    assert (len(alone.kit.spool), alone.ledger.undelivered()) == (0, 0)
    first, second, third = server.attempts
    assert first != second == third
    assert len(server.received) == 2
