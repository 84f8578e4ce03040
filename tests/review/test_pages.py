"""Doors of review's pages: who comes in, what they cost, what they do not say."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.timezone import now

from inspection.models import Hold
from inspection.rules.words import Call, Label, Level, Phase
from review import decisions, reason_words
from review.adjudications import Shown
from review.forms import RulingForm
from review.models import ReviewTask
from tests.builders import NOON, make_line
from tests.review import scene
from tests.review.scene import CANARY_CLASS, CANARY_SCORE

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2] / "static"


def shown(label, kind=""):
    return Shown(label, kind, [], "")


@pytest.fixture
def as_(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


def test_a_page_asks_who_comes(client, line):
    for path in ("/", f"/lines/{line.slug}/review/", f"/lines/{line.slug}/adjudications/"):
        assert client.get(path)["Location"].startswith("/accounts/login/?next=")


def test_the_list_of_lines_names_all_that_it_loads_so_that_nothing_waits_for_another_file(as_, ana):
    html = as_(ana).get("/", headers={"Accept-Language": "en"}).content.decode()
    scripts = re.findall(r'<script type="module" src="/static/([^"]+)"', html)
    loads = {part for script in scripts for part in re.findall(r'from "\./([^"]+)"', (ROOT / script).read_text())}
    assert loads
    assert {part for part in loads if f'<link rel="modulepreload" href="/static/js/{part}">' not in html} == set()
    # The one Korean word of an English page has a font file of its own.
    assert '<link rel="preload" href="/static/fonts/noto-sans-kr-name-400.woff2"' in html


def test_a_line_that_is_not_mine_does_not_exist(as_, oscar, line):
    assert as_(oscar).get(f"/lines/{line.slug}/review/").status_code == 404
    assert as_(oscar).get(f"/lines/{line.slug}/adjudications/").status_code == 404


def test_a_lead_without_the_inspectors_role_reads_no_images(as_, quinn, line):
    response = as_(quinn).get(f"/lines/{line.slug}/review/")
    assert response.status_code == 403
    assert "Only inspectors of this line" in response.content.decode()


def test_an_inspector_gives_no_rulings(as_, ana, line):
    assert as_(ana).get(f"/lines/{line.slug}/adjudications/").status_code == 403


@pytest.mark.parametrize("name", ["csrftoken", "__Host-csrf"])
def test_the_loops_page_brings_the_token_its_scripts_need_and_names_its_cookie(as_, ana, line, settings, name):
    settings.CSRF_COOKIE_NAME = name
    response = as_(ana).get(f"/lines/{line.slug}/review/")
    assert name in response.cookies
    assert response.context["loop"]["csrf_cookie"] == name


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW])
def test_the_loops_page_says_nothing_of_level_or_model(as_, ana, line, level):
    line.level = level.value
    line.save(update_fields=["level"])
    scene.make_task(line, call=Call.DEFECT)
    html = as_(ana).get(f"/lines/{line.slug}/review/").content.decode()
    assert not [word for word in (str(CANARY_SCORE), CANARY_CLASS, "shadow", "scratch-net") if word in html]


def test_human_and_shadow_get_the_very_same_page(as_, ana, line):
    pages = []
    for level in (Level.HUMAN, Level.SHADOW):
        line.level = level.value
        line.save(update_fields=["level"])
        page = as_(ana).get(f"/lines/{line.slug}/review/").content.decode()
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page))
    assert pages[0] == pages[1]


def test_the_queue_costs_the_same_for_one_line_and_for_four(as_, ana, django_assert_num_queries):
    for n in range(4):
        scene.make_task(make_line(f"line-{n}"), serial=f"A-{n}", call=None)
    client = as_(ana)
    client.get("/")
    with django_assert_num_queries(7):
        assert client.get("/").status_code == 200


def test_the_day_counts_parts_once_and_none_whose_call_was_taken_back(as_, ana, line):
    moment = now()
    assisted = scene.make_task(scene.make_watched_line("phone-lens", level=Level.ASSIST), call=Call.DEFECT, at=moment)
    for phase in (Phase.INITIAL, Phase.FINAL):
        scene.answer(assisted, ana, phase=phase, at=moment)
    slip = scene.answer(scene.make_task(line, at=moment), ana, at=moment)
    assert as_(ana).get("/").context["today"]["count"] == 2
    decisions.undo(slip.decision.pk, person=ana, now=moment)
    assert as_(ana).get("/").context["today"]["count"] == 1


def test_the_rows_alone_are_a_fragment(as_, ana, line):
    scene.make_task(line)
    html = as_(ana).get("/?part=rows").content.decode()
    assert html.lstrip().startswith("<tr")
    assert 'data-row="phone-glass"' in html


def test_all_leased_by_others_is_not_called_empty(as_, ana, andre, line):
    task = scene.make_task(line)
    scene.lease(task, andre)
    assert "All 1 open by others; you are next" in as_(ana).get("/?part=rows").content.decode()


@pytest.mark.parametrize(
    ("given", "label", "kind"),
    [
        ({"ruling": "first"}, Label.PASS, ""),
        ({"ruling": "second"}, Label.DEFECT, "scratch"),
        ({"ruling": "other", "other": "crack", "reason": "edge"}, Label.DEFECT, "crack"),
        ({"ruling": "other", "other": "pass", "reason": "dust"}, Label.PASS, ""),
        ({"ruling": "unsure", "reason": "glare"}, Label.CANNOT_JUDGE, ""),
    ],
)
def test_a_ruling_between_two_calls(line, given, label, kind):
    calls = [shown(Label.PASS), shown(Label.DEFECT, "scratch")]
    form = RulingForm(given, line=line, calls=calls)
    assert form.is_valid(), form.errors
    assert (form.verdict()["label"], form.verdict()["defect_class"]) == (label, kind)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "ruling"),
        ({"ruling": "scratch"}, "ruling"),
        ({"ruling": "other", "reason": "x"}, "other"),
        ({"ruling": "other", "other": "crack"}, "reason"),
        ({"ruling": "unsure", "reason": "  "}, "reason"),
    ],
)
def test_a_ruling_that_is_not_whole_says_where(line, given, field):
    calls = [shown(Label.PASS), shown(Label.DEFECT, "scratch")]
    assert field in RulingForm(given, line=line, calls=calls).errors


def test_alone_with_an_image_a_lead_says_what_it_is(line):
    form = RulingForm({"ruling": "crack"}, line=line, calls=[])
    assert form.is_valid()
    assert form.verdict() == {"label": Label.DEFECT, "defect_class": "crack", "reason": ""}


@pytest.mark.parametrize(("every_s", "said"), [(70, "Next usually within 2 min"), (1200, "Nothing waiting<")])
def test_an_empty_queue_says_when_the_next_image_usually_comes(as_, ana, line, every_s, said):
    for n in range(6):
        scene.make_task(line, f"A-{n}", call=None, at=now() - timedelta(seconds=every_s * n))
    ReviewTask.objects.update(queue_rank=None, closed_at=now())
    assert said in as_(ana).get("/?part=rows").content.decode()


def test_only_lines_that_one_inspects_are_watched_for_images(as_, ana, quinn, line):
    scene.make_task(line, call=None)
    assert 'data-waiting="1"' in as_(ana).get("/?part=rows").content.decode()
    assert "data-waiting" not in as_(quinn).get("/?part=rows").content.decode()
    assert "Notify me" not in as_(quinn).get("/").content.decode()


def test_the_choice_of_lines_says_since_when_one_is_on_hold(as_, ana, line):
    Hold.objects.create(line=line, kind=Hold.STOP, reason="glare", placed_at=datetime(2026, 11, 22, 1, 31, tzinfo=UTC))
    line.time_zone = "Asia/Seoul"
    line.save(update_fields=["time_zone"])
    assert "on hold since 10:31" in as_(ana).get("/?part=rows").content.decode()


@pytest.mark.parametrize("page", ["agreement", "adjudications"])
def test_a_stopped_line_says_so_where_stop_was(as_, quinn, line, page):
    before = as_(quinn).get(f"/lines/{line.slug}/{page}/").content.decode()
    Hold.objects.create(line=line, kind=Hold.STOP, reason="glare", placed_at=NOON, placed_by=quinn)
    after = as_(quinn).get(f"/lines/{line.slug}/{page}/").content.decode()
    assert ("data-hold=" in before, "data-hold=" in after) == (True, False)
    assert "Everything goes to people." in after


@pytest.mark.parametrize(("level", "listed"), [(Level.HUMAN, False), (Level.SHADOW, False), (Level.ASSIST, True)])
def test_the_key_map_lists_what_asks_the_model_only_where_it_answers(as_, ana, line, level, listed):
    line.level = level.value
    line.save(update_fields=["level"])
    html = as_(ana).get(f"/lines/{line.slug}/review/").content.decode()
    assert ("of this image after its call" in html) is listed


def test_the_offered_reasons_and_directions_speak_the_readers_language(as_, quinn, andre, line):
    line.time_zone = "Asia/Seoul"
    line.save(update_fields=["time_zone"])
    quinn.language = "ko"
    quinn.save()
    client = as_(quinn)
    said = client.post(f"/lines/{line.slug}/automation/stop/", {"reason": "Quality doubt"}, follow=True)
    html = said.content.decode()
    assert Hold.objects.get().reason == "Quality doubt"
    assert "품질 의심" in html
    # The form sends the word that is kept; what is read is the reader's.
    assert "Quality doubt" not in html.replace('value="Quality doubt"', "")
    assert "UTC" not in html


def test_who_signed_is_said_in_the_readers_language():
    with translation.override("ko"):
        assert reason_words.reason_word("signed by quinn and quill") == "quinn, quill 서명"
        assert reason_words.reason_word("a fork lift stands here") == "a fork lift stands here"


def test_the_pages_of_a_line_count_what_waits_for_a_ruling(as_, quinn, ana, andre, line):
    task = scene.make_task(line, drawn=("overlap",))
    html = as_(quinn).get(f"/lines/{line.slug}/agreement/").content.decode()
    assert "badge" not in html
    scene.read(task, ana, Label.CANNOT_JUDGE)
    html = as_(quinn).get(f"/lines/{line.slug}/agreement/").content.decode()
    assert 'class="end badge">1<' in html
