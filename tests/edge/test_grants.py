"""What a station may decide alone: heard, checked, kept over a restart, and gone as soon as the server says so."""

import json

import pytest

from edge.client import Client
from edge.deputy import Fetcher
from edge.grants import GrantRefused, Grants
from tests.edge.alone_scene import GRAPH, SENT_AT, SHA256, Alone, Clock, fetch, make_terms, told
from tests.edge.builders import KEY


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def grants(tmp_path, clock):
    return Grants(tmp_path / "alone", KEY, clock=clock)


def again(grants_folder, clock, **changes):
    """Return what a new process finds."""
    return Grants(grants_folder, changes.pop("key", KEY), clock=clock, **changes)


def test_a_signed_grant_is_held_once_its_model_is_there_and_ages_from_when_it_was_asked_for(grants, clock):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=clock() - 2)
    assert grants.held() is None
    assert fetch(grants)
    clock.now += 10
    assert (grants.held().age_s, grants.held().terms.level) == (12, "partial")
    assert (grants.model_sha256, grants.wanted) == (SHA256, None)


@pytest.mark.parametrize(
    ("grant", "answers"),
    [
        (told(make_terms(), secret="another-secret"), SENT_AT),
        (told(make_terms()), "2026-03-02T12:00:20.000Z"),
        (told("{}"), SENT_AT),
    ],
)
def test_what_is_not_signed_for_this_heartbeat_or_no_grant_ends_the_one_that_stood(grants, grant, answers):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=0)
    fetch(grants)
    with pytest.raises(GrantRefused):
        grants.hear(grant, answers=answers, asked_at=0)
    assert (grants.held(), grants.id) == (None, None)


def test_a_server_that_grants_nothing_any_more_ends_it_also_for_the_next_process(grants, clock, tmp_path):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=0)
    fetch(grants)
    grants.hear(None, answers=SENT_AT, asked_at=0)
    assert grants.held() is None
    assert again(tmp_path / "alone", clock).held() is None


def test_a_new_process_goes_on_under_the_same_grant_and_its_age_does_not_begin_anew(grants, clock, tmp_path):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=clock())
    fetch(grants)
    clock.now += 50
    assert again(tmp_path / "alone", clock).held().age_s == 50


def test_after_the_machine_started_anew_nobody_can_say_how_old_a_grant_is(grants, clock, tmp_path):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=clock())
    fetch(grants)
    found = again(tmp_path / "alone", clock, boot="another boot")
    assert (found.held(), found.model_sha256) == (None, SHA256)


@pytest.mark.parametrize("field", ["text", "answers", "signature", "heard_at", "boot", "seal"])
def test_a_kept_grant_that_was_changed_is_none(grants, clock, tmp_path, field):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=clock())
    fetch(grants)
    file = tmp_path / "alone" / "grant.json"
    kept = json.loads(file.read_text())
    changed = {"text": make_terms(valid_for=9e9), "heard_at": clock() + 1e6}.get(field, "changed")
    file.write_text(json.dumps(kept | {field: changed}))
    assert again(tmp_path / "alone", clock).held() is None


def test_another_file_than_the_granted_model_is_thrown_away(grants):
    grants.hear(told(make_terms()), answers=SENT_AT, asked_at=0)
    assert not fetch(grants, b"another graph")
    assert (grants.held(), grants.model_sha256) == (None, None)
    assert fetch(grants)


def test_a_model_is_fetched_from_where_an_earlier_try_ended(server, tmp_path):
    alone = Alone(tmp_path)
    alone.grants.hear(told(make_terms(model={"sha256": SHA256[::-1], "card": {}})), answers=SENT_AT, asked_at=0)
    terms = alone.grants.wanted
    server.model = GRAPH
    alone.grants.draft_of(terms).write_bytes(GRAPH[:100])
    assert Client(server.url, KEY).fetch_model(terms.model_sha256, into=alone.grants.draft_of(terms)) is None
    assert alone.grants.draft_of(terms).read_bytes() == GRAPH
    # It is not the file that these terms name: tried again later, and nothing is decided meanwhile.
    assert Fetcher(alone.kit, Client(server.url, KEY), alone.grants).step() > 0
    assert alone.grants.held() is None
    alone.close()
