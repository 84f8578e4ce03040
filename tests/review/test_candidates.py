"""A model that always says pass asks for promotion: agreeing on nearly every part opens no gate."""

from datetime import timedelta

import pytest

from inspection import epochs
from inspection.models import GateEvaluation, LevelProposal
from inspection.rules.words import Level
from review import candidates
from tests.builders import NOON, make_model_version, make_user
from tests.review.past_scene import load_truth_draw
from tests.review.scene import make_watched_line

pytestmark = pytest.mark.django_db
PARTS, DEFECTS = 200, 4


@pytest.fixture
def line():
    """A line on which `always-pass` was on trial before its own model came back."""
    line = make_watched_line()
    own = line.present_epoch.model_version
    epochs.enter(line, make_model_version("always-pass"), cause="a trial", now=NOON)
    load_truth_draw(line, [(0.01, int(n < DEFECTS)) for n in range(PARTS)])
    epochs.enter(line, own, cause="the trial is over", now=NOON + timedelta(days=60))
    return line


@pytest.fixture
def tried(line):
    [one] = candidates.of(line)
    return one


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def test_the_other_model_is_listed_with_how_often_it_agreed(tried):
    assert (tried.version.name, tried.parts, tried.share) == ("always-pass", PARTS, (PARTS - DEFECTS) / PARTS)


def test_the_line_s_own_gate_judges_it_on_its_own_evidence(line, tried):
    reading = candidates.read(line, tried.version, now=NOON)
    assert reading.gate.to_level == Level.ASSIST
    assert reading.evidence.streams["detection"] == (0, DEFECTS)
    assert not reading.judgement.is_open
    assert line.present_epoch.model_version != tried.version


def test_a_visitor_asks_and_reads_in_one_sentence_why_it_stays_shut(lead, line, tried):
    page = lead.get(f"/lines/{line.slug}/automation/").content.decode()
    address = f"/lines/{line.slug}/candidates/{tried.version.pk}/"
    assert f'action="{address}ask/"' in page
    html = lead.post(f"{address}ask/", follow=True).content.decode()
    assert f"0 of {DEFECTS} defects found. The gate stays shut." in html
    assert "whoever always says pass agrees as often" in html
    kept = GateEvaluation.objects.get()
    assert (kept.epoch.model_version, kept.status == "open") == (tried.version, False)
    assert not LevelProposal.objects.exists()


def test_a_model_without_evidence_here_has_no_page_and_no_inspector_sees_one(lead, client, line, tried):
    stranger = make_model_version("elsewhere")
    assert lead.get(f"/lines/{line.slug}/candidates/{stranger.pk}/").status_code == 404
    assert lead.post(f"/lines/{line.slug}/candidates/{stranger.pk}/ask/").status_code == 404
    client.force_login(make_user("aria"))
    assert client.get(f"/lines/{line.slug}/candidates/{tried.version.pk}/").status_code == 404
