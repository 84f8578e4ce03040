"""No page loads more script and style than is promised."""

import pytest
from django.urls import reverse

from inspection.rules.words import Role
from tests.builders import make_user
from tests.review.rollout_scene import make_served_line
from tools import ui_pages, ui_weights

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client):
    """The pages of a line, and those of no line, that a lead can open."""
    line = make_served_line()
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    named = [name for name, visit in ui_pages.PAGES.items() if visit.person != ui_pages.ADMIN and not visit.on]
    of_lines = ui_pages.of_lines()
    paths = [reverse(name, kwargs={"slug": line.slug} if name in of_lines else {}) for name in named]
    answers = {path: client.get(path) for path in paths if "logout" not in path}
    return {path: answer.content.decode() for path, answer in answers.items() if answer.status_code == 200}


def test_every_page_keeps_to_its_weight(pages):
    weights = {path: ui_weights.weight_kb(html) for path, html in pages.items()}
    assert len(weights) > 40
    over = {path: kb for path, kb in weights.items() if kb > ui_weights.LIMIT_KB}
    assert (over, [path for path, kb in weights.items() if kb < 10]) == ({}, [])


def test_what_a_script_imports_and_a_hash_in_its_name_count():
    alone = ui_weights.weight_kb('<script src="/static/js/review/keymap.js"></script>')
    whole = ui_weights.weight_kb('<script type="module" src="/static/js/review/main.0123456789ab.js"></script>')
    assert 0 < 5 * alone < whole
    assert ui_weights.weight_kb('<link rel="icon" href="/static/favicon.svg">') == 0


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(FileNotFoundError):
        ui_weights.weight_kb('<link rel="stylesheet" href="/static/css/gone.css">')
