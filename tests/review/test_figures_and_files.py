"""What stands on the screen, held against sums over the file that the page hands out."""

import csv
import hashlib
import io
import re
from collections import Counter

import pytest
from django.urls import reverse

from inspection.rules.words import Call, Label
from review import adjudications
from review.models import Adjudication
from tests.review.scene import later, make_task, read

pytestmark = pytest.mark.django_db

PASS, DEFECT = Label.PASS, Label.DEFECT
# Model's call, reader's call, the ruling (None: the disagreement is still open), how many.
PARTS = [
    (Call.PASS, PASS, None, 30),
    (Call.DEFECT, DEFECT, None, 7),
    (Call.PASS, DEFECT, DEFECT, 3),
    (Call.DEFECT, PASS, PASS, 2),
    (Call.PASS, DEFECT, PASS, 1),
    (Call.DEFECT, PASS, None, 1),
]


@pytest.fixture
def told(line, ana, quinn):
    """A line on which model and people agree, differ and were ruled on in every way."""
    for n, (call, label, ruling) in enumerate(one[:3] for one in PARTS for _ in range(one[3])):
        at = later(10 * n)
        read(make_task(line, f"A-{n}", call=call, at=at), ana, label, at=at)
        if ruling:
            fields = {"defect_class": "scratch"} if ruling == DEFECT else {"reason": "dust"}
            case = Adjudication.objects.get(ruled_at=None)
            adjudications.rule(case, by=quinn, label=ruling, now=later(10 * n + 5), **fields)
    return line


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def rows_of(answer):
    """Return the rows of a file without what it says about itself at the end."""
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    found = csv.DictReader(io.StringIO(text))
    return [row for row in found if not row[found.fieldnames[0]].startswith("# ")]


def cells_of(rows):
    """Count the rows of a file by model and verdict of record: the ruling, before it the reading."""
    return Counter((row["model_call"], row["ruling"] or row["label"]) for row in rows)


def shown(html, words):
    """Return the whole numbers that stand before or after a word of the page, in the order of the page."""
    return [int(number.replace(",", "")) for number in re.findall(words, html)]


def test_the_cells_of_the_agreement_page_are_sums_of_its_file(lead, told):
    html = lead.get(reverse("agreement", args=[told.slug])).content.decode()
    file = re.search(r'href="(/api/v1/[^"]*agreement\.csv[^"]*)"', html)[1]
    rows = rows_of(lead.get(file))

    table = re.search(r'<table class="cells">.*?</table>', html, re.S)[0]
    cells = [int(n.replace(",", "")) for n in re.findall(r"<b>([\d,]+)</b>", table)]
    counted = cells_of(rows)
    order = [("pass", "pass"), ("pass", "defect"), ("defect", "pass"), ("defect", "defect")]
    assert cells == [31, 3, 3, 7]
    assert [counted[cell] for cell in order] == cells
    assert f"n = {len(rows)} parts" in html


@pytest.mark.parametrize(
    "search", ["", "disagree:yes", "model:pass truth:defect", "truth:defect", "inspector:ana", "shift:A"]
)
def test_the_data_page_counts_the_rows_of_its_file(lead, told, search):
    html = lead.get(reverse("data", args=[told.slug]), {"q": search}).content.decode()
    rows = rows_of(lead.get(reverse("data-rows", args=[told.slug]), {"q": search}))
    assert shown(html, r"([\d,]+) images?\.") == [len(rows)]


def test_a_file_of_some_days_and_the_page_of_those_days_leave_out_the_same(lead, told):
    asked = {"since": "2026-11-24", "until": "2026-11-25"}
    html = lead.get(reverse("agreement", args=[told.slug]), asked).content.decode()
    file = reverse("api-agreement-rows", args=[told.slug])
    assert rows_of(lead.get(file, asked)) == []
    assert "No part has a final blind decision" in html


def test_a_file_has_each_part_once_and_in_order_however_short_its_stretches_are(lead, told, monkeypatch):
    address = reverse("data-rows", args=[told.slug])
    whole = rows_of(lead.get(address))
    monkeypatch.setattr("review.history.STRETCH", 4)
    assert rows_of(lead.get(address)) == whole
    assert len({row["serial"] for row in whole}) == len(whole) == 43


def test_a_file_of_the_report_says_what_it_is_and_proves_that_it_is_whole(lead, told):
    address = reverse("api-agreement-rows", args=[told.slug])
    asked = {"since": "2026-11-20", "about": "yes"}
    body = b"".join(lead.get(address, asked).streaming_content)
    lines, _, told_after = body.partition(b'"# ')
    said = dict(csv.reader(io.StringIO('"# ' + told_after.decode())))
    assert (said["# line"], said["# first local day"]) == (told.slug, "2026-11-20")
    assert said["# made at"].endswith("+00:00")
    assert said["# sha256 of all lines above"] == hashlib.sha256(lines).hexdigest()
    assert b"".join(lead.get(address, {"since": "2026-11-20"}).streaming_content) == lines
