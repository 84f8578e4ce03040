"""The demo's list of first things to try: by role, ticked off, put away for good, and nowhere but in a demo."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from inspection import automation, epochs
from inspection.models import Line, Rollout
from inspection.rules.words import Call, Level, Role
from review import decisions, filling, held_rulings
from review.models import Adjudication
from tests.builders import NOON, PASSWORD, make_model_version, make_user
from tests.inspection.test_ladder import GOOD
from tests.review.deciding import make_deciding_line
from tests.review.past_scene import load_truth_draw
from tests.review.rollout_scene import make_served_line
from tests.review.scene import make_task, make_watched_line
from tests.review.test_doors import claim, decide

pytestmark = pytest.mark.django_db
TITLE = "The first ten minutes of this demo"


@pytest.fixture(autouse=True)
def demo(settings, tmp_path):
    settings.DEMO, settings.DATA = True, tmp_path
    make_watched_line("phone-glass", is_demo=True)
    make_deciding_line("phone-back", is_demo=True)


def home(client, person):
    client.force_login(person)
    return client.get("/").content.decode()


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.INSPECTOR, "Judge ten phones", "Lights off"),
        (Role.QA_LEAD, "Lights off", "Judge ten phones"),
        (Role.ADMINISTRATOR, "STOP: hold it", "Rule on a part"),
    ],
)
def test_each_role_is_shown_what_it_may_do(client, role, shown, hidden):
    html = home(client, make_user("aria", role=role))
    assert shown in html
    assert hidden not in html


def test_a_line_that_this_demo_does_not_have_is_not_pointed_to(client, quinn):
    assert "phone-lens" not in home(client, quinn)


def test_what_was_done_is_ticked_off(client, quinn):
    assert home(client, quinn).count("#ring-tick") == 0
    automation.stop(Line.objects.get(slug="phone-back"), by=quinn, reason="smoke", now=now())
    assert home(client, quinn).count("#ring-tick") == 1


def test_what_the_demo_invents_of_its_peoples_past_ticks_nothing_off(client, quinn):
    lens, before = make_served_line("phone-lens", is_demo=True), now() - timedelta(hours=1)
    quill = make_user("quill", role=Role.QA_LEAD)
    filling.stand(lens, [(Level.ASSIST, before)], leads=(quinn, quill), cause="the evidence allows it")
    automation.stop(Line.objects.get(slug="phone-back"), by=quinn, reason="smoke", now=before)
    assert not ticked(client, quinn)


def test_who_knows_the_way_sees_it_no_more(client, ana):
    assert TITLE in home(client, ana)
    assert client.post("/first-minutes/", follow=True).status_code == 200
    assert TITLE not in client.get("/").content.decode()


def test_a_plant_has_no_such_list(client, ana, settings):
    settings.DEMO = False
    assert TITLE not in home(client, ana)


# The whole list, by the doors that its steps lead to ------------------------------------------------------------


def ticked(client, person) -> list[str]:
    """Return the steps that the person's list shows as done."""
    html = home(client, person)
    rows = html[html.index(TITLE) :].partition("</ol>")[0].split("<li")[1:]
    return [row for row in rows if "#ring-tick" in row]


def post(client, name, *args, **fields):
    """Send a form of a page and follow where it leads."""
    return client.post(reverse(name, args=args), fields, follow=True)


def test_what_the_lamp_and_the_scratch_were_told_is_ticked_for_who_told_it_and_stays(client, quinn):
    turns = [("light", "100", "60"), ("new_scratch", "off", "on"), ("lamp_fails", "off", "on")]
    client.force_login(quinn)
    for n, (name, usual, tried) in enumerate(turns):
        post(client, "simulated-conditions", "phone-back", **{name: usual})
        assert len(ticked(client, quinn)) == n
        post(client, "simulated-conditions", "phone-back", **{name: tried})
        assert len(ticked(client, quinn)) == n + 1
        post(client, "simulated-conditions", "phone-back", **{name: usual})
    assert len(ticked(client, quinn)) == 3
    assert not ticked(client, make_user("quill", role=Role.QA_LEAD))


def try_always_pass():
    """Have the model that always says pass on trial on the glass, with evidence of its own."""
    glass = Line.objects.get(slug="phone-glass")
    own, always = glass.present_epoch.model_version, make_model_version("always-pass")
    epochs.enter(glass, always, cause="a trial", now=NOON)
    load_truth_draw(glass, [(0.01, 0)] * 20)
    epochs.enter(glass, own, cause="the trial is over", now=NOON + timedelta(days=60))
    return always


def ask_for_promotion(client):
    post(client, "candidate-ask", "phone-glass", try_always_pass().pk)


def test_the_honest_no_is_ticked_for_who_asked(client, quinn):
    client.force_login(quinn)
    ask_for_promotion(client)
    assert "The honest no" in " ".join(ticked(client, quinn))
    assert not ticked(client, make_user("ada", role=Role.ADMINISTRATOR))


def test_a_plant_keeps_no_list_of_who_asked(client, quinn, settings):
    settings.DEMO = False
    client.force_login(quinn)
    ask_for_promotion(client)
    quinn.refresh_from_db()
    assert not quinn.preferences


def test_the_honest_no_leads_to_the_models_that_may_ask(client, quinn):
    href = re.search(r'href="([^"]+)">The honest no', home(client, quinn))[1]
    address, _, part = href.partition("#")
    try_always_pass()
    assert f'id="{part}"' in client.get(address).content.decode()


def test_an_inspector_ticks_off_ten_calls_and_one_taken_back(client, client_of, ana):
    line = Line.objects.get(slug="phone-glass")
    for n in range(11):
        make_task(line, f"A-{n}", at=now())
    calls, own = client_of(ana), []
    for _ in range(11):
        [task] = claim(calls, line).json()["tasks"]
        own.append(decide(calls, task).json()["decision_id"])
        assert len(ticked(client, ana)) == (len(own) >= 10)
    assert calls.post(f"/api/v1/decisions/{own[-1]}/undo/").status_code == 200
    assert len(ticked(client, ana)) == 2


def test_a_lead_ticks_off_a_ruling_a_signature_a_stop_and_a_rollback(client, client_of, ana, quinn, monkeypatch):
    glass, back = Line.objects.get(slug="phone-glass"), Line.objects.get(slug="phone-back")
    lens = make_served_line("phone-lens", is_demo=True)
    make_task(glass, "A-1", call=Call.DEFECT, at=now())
    [task] = claim(client_of(ana), glass).json()["tasks"]
    decide(client_of(ana), task)
    decisions.finalise_due(now=now() + timedelta(seconds=glass.undo_s))
    client.force_login(quinn)
    post(client, "adjudication", glass.slug, Adjudication.objects.get().pk, ruling="pass")
    assert len(ticked(client, quinn)) == 1
    held_rulings.give_due(now=now() + timedelta(seconds=glass.undo_s))
    assert len(ticked(client, quinn)) == 1

    monkeypatch.setattr("review.evidence.Asked.gather", lambda *_, **__: replace(GOOD, health=(200, 0, 10.0, 2000.0)))
    post(client, "ladder-deed", lens.slug, "propose", to_level="assist", reason="steady", password=PASSWORD)
    assert len(ticked(client, quinn)) == 2
    quill = make_user("quill", role=Role.QA_LEAD)
    assert not ticked(client, quill)
    post(client, "ladder-deed", lens.slug, "approve", proposal=lens.proposals.get().pk, password=PASSWORD)
    lens.refresh_from_db()
    assert lens.level == "assist"
    assert len(ticked(client, quill)) == 1

    client.force_login(quinn)
    post(client, "ladder-deed", back.slug, "stop", reason="smoke")
    assert len(ticked(client, quinn)) == 3

    wish = {"version": make_model_version("green").pk, "strategy": "canary", "share": "10", "password": PASSWORD}
    post(client, "rollout-deed", lens.slug, "start", **wish)
    post(client, "rollout-deed", lens.slug, "roll-back", reason="scratches")
    assert Rollout.objects.get().outcome == "rolled_back"
    assert len(ticked(client, quinn)) == 4
