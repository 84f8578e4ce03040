"""Leads read what the plant calls a kind of defect, in their language; codes are for files and machines."""

import pytest
from django.urls import reverse

from inspection import waivers
from inspection.rules.words import Level
from review import audits, challenges, containment, findings
from review.models import Adjudication
from review.rules.containment import Found
from review.rules.findings import How
from tests.builders import NOON, PASSWORD
from tests.review.bank_scene import make_bank, make_defect
from tests.review.deciding import escape, make_deciding_line, passed
from tests.review.scene import later, make_watched_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def korean(client, quinn):
    client.force_login(quinn)

    def shown(page: str, line) -> str:
        return client.get(reverse(page, args=[line.slug]), headers={"accept-language": "ko"}).content.decode()

    return shown


def test_the_bank_calls_kinds_by_their_names_in_head_list_and_shortfall(korean, line):
    make_bank(line, 1)
    shown = korean("bank", line).partition('id="add-title"')[0]
    assert "· 긁힘 1" in shown
    assert "<td>긁힘<" in shown
    assert "균열 2" in shown
    assert "crack" not in shown


def test_gate_rows_and_waivers_call_kinds_by_their_names(korean, quinn):
    line = make_watched_line(level=Level.ASSIST)
    waivers.ask(line, subject="scratch", until=NOON.replace(year=2099).date(), reason="none seen", by=quinn, now=NOON)
    shown = korean("automation", line)
    assert "입증: 균열" in shown
    assert "<b>긁힘</b>" in shown
    assert '<option value="crack">균열</option>' in shown
    assert "입증: crack" not in shown


def test_what_was_found_later_goes_by_its_name(korean, line, ana, quinn):
    run = passed(make_deciding_line("phone-frame"), "F-1")
    findings.record(run, how=How.TEARDOWN, found=Found.BAD, defect_class="crack", by=quinn, now=NOON)
    shown = korean("findings", run.line)
    assert "· 균열</td>" in shown
    assert "· crack" not in shown


def test_a_shut_gate_names_the_kinds_that_it_waits_for(client, quinn):
    line = make_watched_line(level=Level.ASSIST)
    client.force_login(quinn)
    given = {"to_level": "partial", "reason": "ready", "password": PASSWORD}
    address = reverse("ladder-deed", args=[line.slug, "propose"])
    said = client.post(address, given, headers={"accept-language": "ko"}, follow=True).content.decode()
    refusal = said.partition("관문이 닫혀")[2].partition("</")[0]
    assert "균열" in refusal
    assert "crack" not in refusal


def test_a_ruling_and_what_the_models_said_go_by_the_names_of_kinds(client, ana, quinn):
    line = make_deciding_line("phone-frame")
    run = escape(line, "R-1", ana, quinn, defect_class="crack")
    client.force_login(quinn)
    case = Adjudication.objects.get(run=run)
    address = reverse("adjudication", args=[line.slug, case.pk])
    shown = client.get(address, headers={"accept-language": "ko"}).content.decode()
    assert "불량 · 균열" in shown
    assert "crack" not in shown.partition("<main")[2]


def test_why_a_line_fell_is_told_with_the_name_of_the_kind(korean, ana, quinn):
    line = make_deciding_line()
    audits.follow(now=NOON)
    escape(line, "E-1", ana, quinn, minute=10, defect_class="crack")
    containment.list_due(now=later(900))
    assert "균열." in korean("containment", line)
    assert "균열" in korean("automation", line).partition("<ol")[2]


def test_challenge_parts_are_listed_with_the_name_of_their_defect(korean, line, quinn):
    defect = make_defect(line)
    challenges.mark(defect, serial="CH-1", by=quinn, now=NOON)
    assert f"<td>{defect} 긁힘</td>" in korean("challenges", line)
