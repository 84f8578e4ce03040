"""How the loop of a line opens and what practice asks: set on the line's page, kept with who and why."""

import json
import re

import pytest
from django.urls import reverse

from inspection.models import SettingChange
from review import practice, queues
from review.rules import priority
from tests.builders import NOON, make_line
from tests.review.practice_scene import answer_all, rule_six
from tests.review.scene import later, make_run, route_to_people

pytestmark = pytest.mark.django_db

AS_IT_IS = {
    "loop_golden": "panel",
    "loop_zoom": "kept",
    "vigilance_min": 20,
    "practice_size": 50,
    "practice_aim": 95,
    "reason": "new camera",
}


def put(client, line, person, **changes):
    client.force_login(person)
    answer = client.post(reverse("loop", args=[line.slug]), AS_IT_IS | changes)
    line.refresh_from_db()
    return answer


def laid_out(client, line, person):
    client.force_login(person)
    page = client.get(reverse("review", args=[line.slug])).content.decode()
    return json.loads(re.search(r'<script id="loop"[^>]*>(.*?)</script>', page).group(1))


def kept():
    return list(SettingChange.objects.order_by("name").values_list("name", "before", "after", "reason"))


def test_the_loop_opens_as_a_lead_has_set_it_and_the_change_is_kept(client, line, quinn, ana):
    assert laid_out(client, line, ana)["opening"] == {"golden": "panel", "zoom": "kept"}

    put(client, line, quinn, loop_golden="blink", loop_zoom="actual", vigilance_min=30)

    told = laid_out(client, line, ana)
    assert (told["opening"], told["vigilance_min"]) == ({"golden": "blink", "zoom": "actual"}, 30)
    assert kept() == [
        ("loop_golden", "panel", "blink", "new camera"),
        ("loop_zoom", "kept", "actual", "new camera"),
        ("vigilance_min", 20, 30, "new camera"),
    ]


def test_a_page_that_is_sent_as_it_was_changes_nothing(client, line, quinn):
    answer = put(client, line, quinn)

    assert answer.status_code == 302
    assert kept() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"loop_golden": "huge"},
        {"loop_zoom": ""},
        {"vigilance_min": 5},
        {"practice_size": 4},
        {"practice_aim": 101},
        {"reason": ""},
    ],
)
def test_what_means_nothing_is_refused_and_nothing_is_kept(client, line, quinn, wrong):
    answer = put(client, line, quinn, **{"loop_zoom": "fit", **wrong})

    assert answer.status_code == 422
    assert kept() == []


def test_inspectors_do_not_set_how_the_loop_opens(client, line, ana):
    assert put(client, line, ana, loop_zoom="fit").status_code == 404
    assert line.loop_zoom == "kept"


@pytest.mark.parametrize(("named", "status"), [("back, front", 302), ("back", 422), ("back, side", 422)])
def test_the_views_of_a_part_come_in_the_order_that_was_named(client, quinn, named, status):
    line = make_line(views=["front", "back"])

    assert put(client, line, quinn, view_order=named).status_code == status
    assert line.ordered_views == (["back", "front"] if status == 302 else ["front", "back"])


def test_the_order_of_the_loop_leaves_the_lines_main_view(client, quinn):
    line = make_line(views=["front", "back"])

    put(client, line, quinn, view_order="back, front")

    assert line.main_view == "front"
    assert kept() == [("view_order", None, "['back', 'front']", "new camera")]


def test_an_order_of_views_that_was_not_touched_is_no_change(client, quinn):
    put(client, make_line(views=["front", "back"]), quinn, view_order="front, back")

    assert kept() == []


def test_a_view_without_a_place_in_the_order_comes_last():
    assert make_line(views=["side", "front", "back"], view_order=["back", "front"]).ordered_views == [
        "back",
        "front",
        "side",
    ]


def test_the_loop_takes_the_views_of_a_part_in_its_order_and_parts_by_their_deadline(ana):
    line = make_line(views=["front", "back"], view_order=["back", "front"])
    runs = [make_run(line, serial, views=("front", "back"), at=later(s)) for serial, s in (("A-1", 0), ("A-2", 5))]
    for run in runs:
        for item in run.items.all():
            route_to_people(item, at=NOON)

    [first] = queues.claim(ana, line, count=1, tab="t", now=NOON)
    queues.release(first, person=ana, token=first.lease_token, now=NOON)
    claimed = queues.claim(ana, line, count=4, tab="t", now=NOON)

    assert first.item.view == "back"
    assert [(task.run.part.serial, task.item.view) for task in claimed] == [
        ("A-1", "back"),
        ("A-1", "front"),
        ("A-2", "back"),
        ("A-2", "front"),
    ]


def test_a_view_never_overtakes_an_earlier_part():
    assert priority.rank(later(0), view=9) < priority.rank(later(1))


def test_a_round_of_practice_is_as_long_as_the_line_says_and_its_aim_is_the_lines(client, line, quinn, ana, andre):
    rule_six(line, andre, quinn)
    put(client, line, quinn, practice_size=7, practice_aim=80)

    started = practice.begin(line, ana, now=NOON)
    answer_all(started, wrong=1)

    assert started.items.count() == 6
    assert practice.score(started).reaches
    client.force_login(ana)
    assert "You reach the aim of 80" in client.get(reverse("practice", args=[line.slug])).content.decode()
    line.practice_aim = 0.9
    line.save()
    started.refresh_from_db()
    assert not practice.score(started).reaches
