"""On a Korean page no sentence of the product is left in English: walked over all pages, so a new one cannot forget."""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, get_resolver, resolve, reverse

from inspection.rules.words import Call, Label, Role
from tests.builders import make_user
from tests.config.test_line_pages import page_names
from tests.review.scene import later, make_task, make_watched_line, read

pytestmark = pytest.mark.django_db

# Two words of English in a row, the way sentences have them: names, codes and units are single words.
SENTENCE = re.compile(r"\b[A-Za-z]?[a-z]{1,}(?:'[a-z]+)?,? [a-z]{2,}\b")
# What is written by people or programs, not by the product's pages, and stays as it is in every language.
SILENT = {"script", "style", "code", "pre", "kbd", "textarea"}
DATA = {"Phone glass"}
# Made anew at every visit, a file, or the sheet of parts for who builds pages, which only a demo has.
OTHERS = {"components", "account_logout", "choose", "prometheus"}
VISITS_MAX = 3
PAGES_OF = {Role.QA_LEAD: 50, Role.ADMINISTRATOR: 50, Role.INSPECTOR: 8}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Texts(HTMLParser):
    """Collects what a person reads, and what a screen reader says, of a page in the page's own language."""

    def __init__(self):
        super().__init__()
        self.inside, self.found, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in VOID:
            self.inside.append((tag, named.get("lang")))
        if (named.get("href") or "").startswith("/") and tag == "a":
            self.links.append(named["href"])
        if not self._is_silent:
            self.found += [named[name] for name in ("aria-label", "title", "placeholder", "alt") if named.get(name)]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if text.strip() and not self._is_silent:
            self.found.append(" ".join(text.split()))

    @property
    def _is_silent(self):
        return any(tag in SILENT or lang not in (None, "ko") for tag, lang in self.inside)


def read_by_people(html):
    texts = Texts()
    texts.feed(html)
    return texts


def english(texts):
    """Return what of a page is a sentence of English."""
    return {text for text in texts.found if SENTENCE.search(text) and text not in DATA}


def walked(client, line=None):
    """Return what is left in English on every page that this visitor can open, by name.

    The walk begins at every address that needs nothing or a line, and follows the first links to each further page.
    """
    found, seen, waiting = {}, Counter(), [reverse(name) for name in sorted(site_names() - OTHERS)]
    if line is not None:
        waiting += [reverse(name, kwargs={"slug": line.slug}) for name in sorted(page_names())]
    while waiting:
        address = waiting.pop(0)
        name = name_of(address)
        if name is None or name in OTHERS or seen[name] == VISITS_MAX:
            continue
        seen[name] += 1
        answer = client.get(address, headers={"accept-language": "ko"})
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            texts = read_by_people(answer.content.decode())
            found.setdefault(name, set()).update(english(texts))
            waiting += texts.links
    return found


def name_of(address):
    """Return the name of a page of the product, None where the address is none."""
    try:
        found = resolve(urlsplit(address).path)
    except Resolver404:
        return None
    is_page = not found.view_name.startswith(("api-", "admin:")) and "api" not in found.namespaces
    return found.view_name if is_page else None


def site_names():
    """Return the names of all addresses outside the admin and the API that need nothing."""
    patterns, found = list(get_resolver().url_patterns), set()
    while patterns:
        one = patterns.pop()
        if hasattr(one, "url_patterns"):
            patterns += one.url_patterns if one.app_name != "admin" else []
        elif one.name and not one.name.startswith("api-") and not one.pattern.regex.groups:
            found.add(one.name)
    return found


@pytest.fixture
def line(settings, tmp_path):
    settings.DEMO, settings.DATA = True, tmp_path
    line = make_watched_line(is_demo=True)
    ana = make_user("ana")
    for n in range(12):
        label = Label.DEFECT if n % 5 == 0 else Label.PASS
        call = Call.DEFECT if n % 3 == 0 else Call.PASS
        read(make_task(line, f"A-{n}", at=later(10 * n), call=call), ana, label, at=later(10 * n))
    return line


@pytest.mark.parametrize("role", [Role.QA_LEAD, Role.ADMINISTRATOR, Role.INSPECTOR])
def test_no_sentence_is_left_in_english(client, line, role):
    client.force_login(make_user("quinn", role=role, language="ko", is_staff=True))
    found = walked(client, line)
    assert {name: left for name, left in found.items() if left} == {}
    assert len(found) > PAGES_OF[role]


def test_a_visitor_reads_korean_too(client, line):
    assert {name: left for name, left in walked(client).items() if left} == {}


def test_a_sentence_of_english_is_seen():
    html = (
        "<p>그림 <b>Nothing is waiting</b></p><code>curl and more</code><p lang=en>as it is</p><i title='now and then'>"
    )
    assert english(read_by_people(html)) == {"Nothing is waiting", "now and then"}
