"""The page of a simulated line: what it tells the station, what it says of a dark image, and to whom it is shown."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils.timezone import now as clock

from edge.conditions import ControlFile
from edge.trouble import Trouble
from inspection import automation
from inspection.models import Hold, Measures
from inspection.rules.words import Call, Label, Level
from review import containment, filling, findings, queues, simulated
from review.rules.containment import Found
from tests.builders import NOON, make_user
from tests.review.deciding import audit, audited, escape, make_deciding_line, passed
from tests.review.past_scene import MEASURES
from tests.review.scene import later, make_run, make_task, read

pytestmark = pytest.mark.django_db
PAGE = "/lines/phone-back/simulated/"


@pytest.fixture(autouse=True)
def demo(settings, tmp_path):
    settings.DEMO, settings.DATA = True, tmp_path


@pytest.fixture
def line():
    return make_deciding_line(is_demo=True)


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def told(line):
    """What the station reads from the file that the page has written."""
    return ControlFile(django_settings.DATA / "optics.json", Trouble("file", None)).of(line.slug)


def last_image(line, p99):
    item = passed(line, "A-902").items.get()
    Measures.objects.create(item=item, **{**MEASURES, "p99_luminance": p99})


def test_the_station_takes_its_next_picture_with_the_light_of_the_slider(lead, line):
    assert lead.post(f"{PAGE}conditions/", {"light": "30", "focus": "100"}).status_code == 302
    assert (told(line).optics.light, told(line).optics.focus, told(line).new_scratch_share) == (0.3, 1.0, 0.0)
    assert 'name="light" type="range" min="0" max="100" step="5" value="30"' in lead.get(PAGE).content.decode()


def test_a_new_kind_of_scratch_brings_the_people_who_read_and_goes_with_them(lead, line):
    lead.post(f"{PAGE}conditions/", {"light": "30"})
    lead.post(f"{PAGE}conditions/", {"new_scratch": "on"})
    assert (told(line).staffed, told(line).new_scratch_share > 0, told(line).optics.light) == (True, True, 0.3)
    other = make_deciding_line("phone-lens", is_demo=True)
    lead.post(f"{PAGE}conditions/", {"new_scratch": "on"})
    assert (told(line).paused, told(other).paused) == (False, True)
    lead.post(f"{PAGE}conditions/", {"new_scratch": "off"})
    assert (told(line).staffed, told(line).new_scratch_share, told(other).paused) == (False, 0.0, False)


def test_a_lamp_ages_before_it_fails_and_a_new_one_shines_at_once(lead, line):
    other = make_deciding_line("phone-lens", is_demo=True)
    pressed = clock()
    assert "Put a new lamp in" in lead.post(f"{PAGE}conditions/", {"lamp_fails": "on"}, follow=True).content.decode()
    light = [told(line).at(pressed + timedelta(seconds=s)).optics.light for s in (-1, 60, 180)]
    assert light == [1.0, 0.95, 0.3]
    assert told(other).paused
    lead.post(f"{PAGE}conditions/", {"lamp_fails": "off"})
    assert (told(line).at(pressed + timedelta(seconds=180)).optics.light, told(other).paused) == (1.0, False)


@pytest.mark.parametrize(
    ("age_s", "head", "said"),
    [
        (60, "The lamp is ageing", "Pictures are taken with 95\u00a0% of the light."),
        (180, "The lamp has failed", "Pictures are taken with 30\u00a0% of the light."),
    ],
)
def test_the_page_tells_how_far_the_story_of_the_lamp_is(lead, line, age_s, head, said):
    assert "data-lamp" not in lead.get(PAGE).content.decode()
    simulated.let_lamp_fail(line, fails=True, now=clock() - timedelta(seconds=age_s))
    html = lead.get(PAGE).content.decode()
    assert "Light, of what the lamp gives" in html
    for page in (html, lead.get(f"{PAGE}now/").content.decode()):
        assert head in page
        assert said in page.replace("&nbsp;", "\u00a0")


def test_the_page_tells_for_a_while_that_a_lamp_is_new(lead, line):
    simulated.let_lamp_fail(line, fails=True, now=clock() - timedelta(minutes=5))
    simulated.let_lamp_fail(line, fails=False, now=clock())
    html = lead.get(PAGE).content.decode()
    assert "A new lamp shines" in html
    assert "The lamp has failed" not in html
    assert told(line).at(clock()).optics.light == 1.0
    simulated.let_lamp_fail(line, fails=False, now=clock() - timedelta(hours=1))
    assert "A new lamp shines" not in lead.get(PAGE).content.decode()


def test_stop_leads_to_two_leads_and_not_to_a_hold_that_one_lifts(lead, line, quinn):
    automation.stop(line, by=quinn, reason="smoke", now=NOON)
    html = lead.get(PAGE).content.decode()
    assert "The way back: two leads" in html
    assert "Look and lift the hold" not in html


def test_a_hold_that_the_lamp_has_placed_is_not_to_be_lifted_first(lead, line):
    began = clock() - timedelta(minutes=1)
    simulated.let_lamp_fail(line, fails=True, now=began)
    automation.place_hold(line, kind=Hold.ALARM, reason="drift", now=clock())
    assert "lift it first" not in lead.get(PAGE).content.decode()
    automation.place_hold(line, kind=Hold.CAMERA, reason="dark", now=began - timedelta(minutes=9))
    assert "lift it first" in lead.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("p99", "said", "is_red"),
    [(61.0, "Too dark: p99 luminance 61, certified 80 to 250.", True), (79.5, "p99 luminance 79.5", False)],
)
def test_one_sentence_says_with_figures_why_an_image_goes_to_people_red_when_it_is_well_outside(
    lead, line, p99, said, is_red
):
    last_image(line, p99)
    html = lead.get(f"{PAGE}now/").content.decode()
    assert said in html
    assert ("data-outside" in html) is is_red


def test_an_image_inside_says_nothing_of_the_kind(lead, line):
    last_image(line, 180.0)
    assert "certified" not in lead.get(f"{PAGE}now/").content.decode()


def test_a_part_that_people_get_says_why(lead, line):
    make_run(line, "A-903")
    queues.admit_overdue(now=later(600))

    html = lead.get(f"{PAGE}now/").content.decode()

    assert "The model gave no answer by its deadline." in html


def test_minutes_saved_count_what_the_model_decided_since_the_line_rose(lead, line, ana):
    passed(line, "A-1")
    passed(line, "A-2")
    audited(line, "A-3", call=Call.PASS)
    html = lead.get(PAGE).content.decode()
    assert "2 parts decided by the model" in html
    assert "waiting for people: 1, the oldest first" in html


def test_minutes_saved_are_told_by_the_pace_of_before_the_line_rose(lead, line, ana, quinn, quill):
    read(make_task(line, "B-1"), ana, shown_at=NOON, decided_at=later(6))
    filling.stand(line, [(Level.PARTIAL, later(60))], leads=(quinn, quill), cause="signed")
    quick = make_task(line, "B-2", at=later(120))
    read(quick, ana, at=later(120), shown_at=later(120), decided_at=later(121))
    for serial in ("A-1", "A-2"):
        passed(line, serial, at=later(200))
    assert "data-minutes>0.2<" in lead.get(PAGE).content.decode()


def test_holds_and_the_parts_of_a_containment_are_shown(lead, line):
    passed(line, "A-77")
    automation.place_hold(line, kind=Hold.CAMERA, reason="3 images in a row. Too dark.", now=NOON)
    containment.fill(containment.open_for(line, cause="an audit found it", now=later(60)), now=later(61))
    assert "The line is on hold: lift it first" in lead.get(PAGE).content.decode()
    html = lead.get(f"{PAGE}now/").content.decode()
    assert "data-held" in html
    assert "Contained: 1 parts passed since the last good audit" in html
    assert "/lines/phone-back/receipts/?serial=A-77" in html


def test_a_hold_speaks_the_readers_language_and_closed_parts_are_listed_no_more(lead, line, quinn):
    for serial in ("A-1", "A-2"):
        passed(line, serial)
    automation.place_hold(line, kind=Hold.CHALLENGE, reason="Challenge part missed: CH-1.", now=NOON)
    opened = containment.open_for(line, cause="doubt", now=later(60))
    containment.fill(opened, now=later(61))
    findings.close_contained(containment.listed(opened, serial="A-1").get(), found=Found.LOST, by=quinn, now=later(70))
    html = lead.get(f"{PAGE}now/", headers={"accept-language": "ko"}).content.decode()
    assert "?serial=A-2" in html
    assert "?serial=A-1" not in html
    assert "Challenge part missed" not in html


def test_what_audits_found_is_counted_also_after_the_fall(lead, line, ana, quinn):
    audit(line, "A-1", ana, Label.PASS)
    for n in range(2, 5):
        escape(line, f"A-{n}", ana, quinn, minute=n)
    html = lead.get(f"{PAGE}now/").content.decode()
    assert "data-fell" in html
    assert "3 of them escapes" in html


def test_a_fall_is_told_with_its_cause(lead, line):
    automation.lower(line, to_level=Level.ASSIST, by=None, reason="escape chart 4.16, limit 3.99", now=NOON)
    assert "escape chart 4.16, limit 3.99" in lead.get(f"{PAGE}now/").content.decode()


@pytest.mark.parametrize("value", ["101", "-1", "dark", ""])
def test_what_no_slider_gives_is_refused(lead, line, value):
    assert lead.post(f"{PAGE}conditions/", {"light": value}).status_code == 404
    assert told(line).optics.light == 1.0


def test_only_demo_lines_of_a_demo_have_the_page(lead, line, settings):
    make_deciding_line("plant-line")
    assert lead.get("/lines/plant-line/simulated/").status_code == 404
    assert "Simulated line" not in lead.get("/lines/plant-line/automation/").content.decode()
    assert "Simulated line" in lead.get("/lines/phone-back/automation/").content.decode()
    settings.DEMO = False
    assert lead.get(PAGE).status_code == 404
    assert lead.post(f"{PAGE}conditions/", {"light": "0"}).status_code == 404


@pytest.mark.parametrize("name", ["ana", "oscar"])
def test_inspectors_and_strangers_find_no_such_page(client, line, ana, name):
    client.force_login(ana if name == "ana" else make_user("oscar", role=None))
    assert client.get(PAGE).status_code == 404
    assert client.post(f"{PAGE}conditions/", {"light": "0"}).status_code == 404
