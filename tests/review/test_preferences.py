"""What a person chooses for the loop: letters without conflict, single keys off, glove size."""

import json
import re

import pytest
from django.urls import reverse

from review.rules import keys
from review.texts import key_list

PRODUCT = keys.of({})


def test_who_chose_nothing_has_the_products_map():
    assert PRODUCT.letters == keys.PRODUCT
    assert (PRODUCT.off, PRODUCT.glove) == (False, False)


@pytest.mark.parametrize(
    "kept",
    [{"pass": "J"}, {"pass": "1"}, {"pass": "["}, {"darker": "]"}, {"dance": "X"}, {"pass": None}, "FJD", ["pass"]],
    ids=str,
)
def test_a_map_that_is_not_whole_counts_as_none(kept):
    assert keys.of({"keys": kept}).letters == keys.PRODUCT


def test_two_actions_may_change_places():
    chosen = keys.of({"keys": {"pass": "J", "defect": "F"}})
    assert (chosen.letters["pass"], chosen.letters["defect"]) == ("J", "F")
    assert keys.changed(chosen.letters) == {"pass": "J", "defect": "F"}


def test_a_letter_chosen_before_the_product_wanted_it_stays_with_the_person():
    chosen = keys.of({"keys": {"golden": "L", "pass": "K"}})
    assert (chosen.letters["golden"], chosen.letters["pass"], chosen.letters["limits"]) == ("L", "K", "")
    assert keys.of({"keys": {"golden": "L", "limits": "G"}}).letters["limits"] == "G"


def test_several_keys_may_be_off_at_once():
    chosen = keys.of({"keys": {"heat": "", "golden": ""}})
    assert (chosen.cap("H"), chosen.cap("G"), chosen.cap("F"), chosen.cap("[")) == ("", "", "F", "[")


def test_the_list_of_keys_shows_what_was_chosen():
    caps = [caps for caps, _ in key_list(keys.of({"keys": {"pass": "K", "invert": ""}}), reveals=False)]
    assert ["K"] in caps
    assert ["F"] not in caps
    assert ["I"] not in caps


def test_what_has_a_sign_may_have_a_letter_or_nothing_instead():
    chosen = keys.of({"keys": {"darker": "N", "brighter": ""}})
    caps = [caps for caps, _ in key_list(chosen, reveals=False)]
    assert (chosen.cap("["), chosen.cap("]"), chosen.cap("{")) == ("N", "", "{")
    assert ["N"] in caps


# On the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mine(client, ana):
    client.force_login(ana)
    return client


def chosen(**changes):
    return {**keys.PRODUCT, **changes}


@pytest.mark.django_db
def test_what_is_kept_reaches_the_loop(mine, ana, line):
    mine.post(reverse("preferences"), chosen(**{"pass": "K", "glove": "on"}))
    html = mine.get(reverse("review", args=[line.slug])).content.decode()
    loop = json.loads(re.search(r'id="loop" type="application/json">(.*?)</script>', html, re.S)[1])
    assert (loop["keys"]["pass"], loop["keys"]["defect"], loop["keys_off"]) == ("K", "J", False)
    assert "data-glove" in html


@pytest.mark.django_db
def test_the_same_letter_twice_is_refused_and_said_at_its_field(mine, ana):
    answer = mine.post(reverse("preferences"), chosen(**{"pass": "J"}))
    assert answer.status_code == 422
    assert "J is wanted twice: pass, defect." in answer.content.decode()
    ana.refresh_from_db()
    assert "keys" not in ana.preferences


@pytest.mark.django_db
def test_the_choice_of_keys_leaves_the_theme_alone(mine, ana):
    ana.preferences = {"theme": "light"}
    ana.save()
    mine.post(reverse("preferences"), chosen(off="on"))
    ana.refresh_from_db()
    assert (ana.preferences["theme"], ana.preferences["keys_off"], ana.preferences["keys"]) == ("light", True, {})
