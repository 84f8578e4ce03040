"""While a reading is blind, nothing that leaves the server holds a trace of what a model said."""

import logging
import re
from uuid import uuid4

import pytest

from inspection import images
from inspection.models import Line, Routing
from inspection.rules.words import AssistStyle, Call, Level
from review import queues
from review.models import Adjudication, ReviewTask
from tests.builders import NOON
from tests.review.asking import CALL
from tests.review.scene import CANARY_CLASS, CANARY_SCORE, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

TRACES = (str(CANARY_SCORE), "73193", CANARY_CLASS, "scratch-net", "probab", "predict", "shadow", 'heatmap_url":"')


# Ids, moments and secrets: what no two answers share.
PASSING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|(?<=expires=)[^;]+"
    r"|[\w-]{32,}|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT"
)


def everything(response, body):
    """Return all that a response carries: headers, cookies and body."""
    return f"{response.headers} {response.cookies} ".encode() + body


class Crawler:
    """A person's client that keeps whatever came back."""

    def __init__(self, client):
        self.client, self.seen, self.answers = client, [], []

    def get(self, address):
        return self._kept(self.client.get(address))

    def post(self, address, body=None):
        return self._kept(self.client.post(address, body or {}, format="json"))

    def _kept(self, response):
        body = b"".join(response.streaming_content) if response.streaming else response.content
        self.seen.append(everything(response, body))
        self.answers.append((response.status_code, body.decode(errors="replace")))
        return response

    def traces(self):
        return [trace for trace in TRACES if any(trace.lower().encode() in one.lower() for one in self.seen)]


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path}},
    }


def walk_as_inspector(crawler, line):
    """Visit every address that an inspector has, in every state of a task."""
    crawler.get("/api/v1/lines/")
    for task in crawler.post(f"/api/v1/lines/{line.slug}/claim/", {"count": 6, "tab": "t"}).json()["tasks"]:
        base = f"/api/v1/tasks/{task['id']}"
        token = {"lease_token": task["lease_token"]}
        crawler.get(f"{base}/image/")
        crawler.get(f"{base}/heatmap/")
        crawler.get(f"/api/v1/lines/{line.slug}/reference/front/")
        crawler.post(f"{base}/heartbeat/", token)
        call = {**CALL, **token, "decision_id": str(uuid4()), "ask_reveal": True}
        crawler.post(f"{base}/decision/", {**call, "label": "defect"})
        crawler.post(f"{base}/decision/", call)
        crawler.post(f"{base}/decision/", call)
        crawler.get(f"{base}/heatmap/")
        crawler.post(f"{base}/decision/", {**call, "decision_id": str(uuid4()), "phase": "final"})
        again = crawler.post(f"/api/v1/decisions/{call['decision_id']}/undo/").json()["task"]
        crawler.post(f"{base}/release/", {"lease_token": again["lease_token"]})
    crawler.get("/api/v1/decisions/?mine=20")
    crawler.get("/api/v1/adjudications/")


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW, Level.FULL])
def test_no_address_of_the_inspector_holds_a_trace(level, ana, client_of, caplog):
    line = make_watched_line(level=level)
    for n, drawn in enumerate(((), ("truth",), ("control",), ("overlap",), ("audit",))):
        task = make_task(line, f"A-{n}", call=Call.DEFECT, drawn=drawn)
        images.put_rendition(task.item.sha256, b"\xff\xd8\xff\xd9")
    crawler = Crawler(client_of(ana))

    with caplog.at_level(logging.DEBUG):
        walk_as_inspector(crawler, line)

    assert len(crawler.seen) > 40
    assert crawler.traces() == []
    assert not any(trace in caplog.text for trace in (str(CANARY_SCORE), CANARY_CLASS))


@pytest.mark.parametrize("style", AssistStyle)
@pytest.mark.parametrize("drawn", ["control", "truth", "audit"])
def test_controls_and_draws_hold_no_trace_at_assist_either(drawn, style, ana, client_of):
    line = make_watched_line("phone-lens", level=Level.ASSIST, assist_style=style.value)
    make_task(line, call=Call.DEFECT, drawn=(drawn,))
    crawler = Crawler(client_of(ana))

    walk_as_inspector(crawler, line)

    assert crawler.traces() == []


def test_human_and_shadow_answer_alike(ana, client_of):
    said = []
    for level in (Level.HUMAN, Level.SHADOW):
        line = make_watched_line(f"line-{len(said)}", level=Level.SHADOW)
        Line.objects.filter(pk=line.pk).update(level=level.value)
        make_task(line, call=Call.DEFECT)
        crawler = Crawler(client_of(ana))
        walk_as_inspector(crawler, line)
        Line.objects.update(is_active=False)
        named = re.compile(f"{line.slug}|{line.name}")
        said.append([(status, PASSING.sub("*", named.sub("*", body))) for status, body in crawler.answers])
    assert said[0] == said[1]
    assert len(said[0]) > 10


def test_the_crawl_finds_what_is_shown_where_it_may_be(ana, client_of):
    line = make_watched_line("phone-lens", level=Level.ASSIST)
    make_task(line, call=Call.DEFECT)
    crawler = Crawler(client_of(ana))

    walk_as_inspector(crawler, line)

    assert CANARY_CLASS in crawler.traces()


def test_drawn_tasks_read_like_any_other(ana, client_of):
    line = make_watched_line(level=Level.ASSIST)
    for n, drawn in enumerate(((), ("truth",), ("control",), ("audit",), ("overlap",))):
        make_task(line, f"A-{n}", call=Call.DEFECT, drawn=drawn)

    tasks = client_of(ana).post(f"/api/v1/lines/{line.slug}/claim/", {"count": 6}, format="json").json()["tasks"]

    assert len(tasks) == 5
    assert len({(frozenset(task), frozenset(task["item"]), task["level_phase"]) for task in tasks}) == 1


def test_a_second_reader_gets_no_trace_of_the_first(line, ana, andre, client_of):
    read(make_task(line, drawn=("overlap",)), ana, comment="oily smear")
    crawler = Crawler(client_of(andre))

    walk_as_inspector(crawler, line)

    assert not any(b"oily" in one or b'"ana"' in one for one in crawler.seen)
    assert ReviewTask.objects.get(purpose="overlap").decisions.exists()


@pytest.mark.parametrize("level", [Level.HUMAN, Level.SHADOW])
def test_an_adjudicator_sees_neither_model_nor_cause_nor_names_before_the_ruling(level, ana, quinn, client_of):
    line = make_watched_line(level=level)
    for n, drawn in enumerate(((), ("truth",))):
        read(make_task(line, f"A-{n}", call=Call.DEFECT, drawn=drawn), ana, comment="clean" if n else "")
    crawler = Crawler(client_of(quinn))

    cases = crawler.get("/api/v1/adjudications/").json()["results"]
    for case in cases:
        crawler.get(f"/api/v1/adjudications/{case['id']}/")
        crawler.get(case["item"]["image_url"])

    assert len(cases) == 2
    assert crawler.traces() == []
    words = (b"ana", b"truth_draw", b"truth", b"cause", b"clean")
    assert not any(word in one for word in words for one in crawler.seen)
    assert {case.cause for case in Adjudication.objects.all()} == {"model"}


def test_the_answers_do_not_tell_a_silent_model_from_none(ana, client_of):
    shapes = set()
    for slug, call in (("line-a", Call.DEFECT), ("line-b", None)):
        line = make_watched_line(slug)
        task = make_task(line, call=call)
        client = client_of(ana)
        [told] = client.post(f"/api/v1/lines/{slug}/claim/", {}, format="json").json()["tasks"]
        body = {**CALL, "decision_id": str(uuid4()), "lease_token": told["lease_token"]}
        answer = client.post(f"/api/v1/tasks/{task.pk}/decision/", body, format="json").json()
        shapes.add((frozenset(told), frozenset(answer), answer["reveal"]))

    assert len(shapes) == 1
    assert Routing.objects.count() == 2
    assert queues.sweep_expired(now=NOON) == 0
