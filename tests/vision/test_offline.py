"""What a station may decide alone. One fact at a time is changed on an image that it may pass."""

import hmac
import json
from dataclasses import replace

import numpy as np
import pytest

from vision import offline, routing
from vision.offline import Seen, TermsUnreadable, decide, read_terms, write_terms
from vision.words import Route

FACTS = {
    "level": "partial",
    "call_threshold": 0.5,
    "t_lo": 0.1,
    "t_hi": 0.9,
    "envelope": {"p99_luminance": [100, 240]},
    "reference": None,
    "patch": None,
    "max_megapixels": 25,
    "critical": ["crack"],
    "valid_for": 60,
    "model": {"sha256": "ab" * 32, "card": {}},
}
GOOD = Seen(
    measures={"p99_luminance": 180.0},
    is_blank=False,
    embedding=None,
    probability=0.02,
    defect_class="",
    is_repeat=False,
)
BAD = replace(GOOD, probability=0.98, defect_class="scratch")


def terms(**changes):
    return read_terms(write_terms(FACTS | changes))


def test_an_image_inside_the_bands_is_passed():
    assert decide(terms(), GOOD, age_s=12).route == Route.AUTO_PASS


@pytest.mark.parametrize("level", ["human", "shadow", "assist", "unheard-of"])
def test_below_partial_everything_is_held(level):
    assert decide(terms(level=level), GOOD, age_s=12).route == Route.HUMAN


@pytest.mark.parametrize(("age_s", "route"), [(60, "auto_pass"), (60.01, "human"), (-0.01, "human"), (1e9, "human")])
def test_a_grant_holds_for_its_time_and_no_longer(age_s, route):
    assert decide(terms(), GOOD, age_s=age_s).route == route


@pytest.mark.parametrize(
    "change",
    [
        {"measures": {"p99_luminance": 60.0}},
        {"measures": {}},
        {"is_blank": True},
        {"is_repeat": True},
        {"is_rework": True},
        {"probability": None},
        {"probability": 0.3},
    ],
)
def test_whatever_speaks_against_it_at_the_server_holds_it_at_the_station(change):
    seen = replace(GOOD, **change)
    assert decide(terms(), seen, age_s=12) == routing.decide(offline.facts_under(terms(), seen))
    assert decide(terms(), seen, age_s=12).route == Route.HUMAN


def test_at_partial_a_station_rejects_nothing_and_at_full_it_does():
    assert decide(terms(), BAD, age_s=12).reason == "reject-offline"
    assert decide(terms(level="full"), BAD, age_s=12).route == Route.AUTO_REJECT


def test_a_critical_class_is_left_to_people_at_every_level():
    assert decide(terms(level="full"), replace(BAD, defect_class="crack"), age_s=12).reason == "critical-class"


def test_an_image_far_from_the_certified_ones_is_held():
    known = {"mean": [0.0, 0.0], "spread": [1.0, 1.0], "limit": 2.0}
    near, far = (replace(GOOD, embedding=np.full(2, value, np.float32)) for value in (1.0, 5.0))
    envelope = FACTS["envelope"] | {"embedding_distance": [0, 2.0]}
    standing = terms(reference=known, envelope=envelope)
    assert decide(standing, near, age_s=12).route == Route.AUTO_PASS
    assert decide(standing, far, age_s=12).reason == "outside-envelope"


def test_terms_are_what_was_written_and_their_name_follows_from_them():
    assert terms().id == terms().id != terms(valid_for=61).id
    assert json.loads(terms().text) == FACTS


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", "[" * 100_000, write_terms(FACTS | {"valid_for": "soon"}), '{"level": "partial"}']
)
def test_a_text_that_is_no_grant_is_refused(text):
    with pytest.raises(TermsUnreadable):
        read_terms(text)


def test_a_signature_is_of_these_terms_and_of_this_heartbeat_alone():
    text, sent = write_terms(FACTS), "2026-03-02T12:00:00.000Z"
    signature = hmac.new(b"s", offline.signed_message(text, answers=sent), "sha256").hexdigest()
    assert offline.is_signed(text, answers=sent, secret="s", signature=signature)
    assert not offline.is_signed(text, answers="2026-03-02T12:00:20.000Z", secret="s", signature=signature)
    assert not offline.is_signed(write_terms(FACTS | {"valid_for": 900}), answers=sent, secret="s", signature=signature)
    assert not offline.is_signed(text, answers=sent, secret="other", signature=signature)
