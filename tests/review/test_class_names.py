"""Leads read what the plant calls a kind of defect, in their language; codes are for files and machines."""

import pytest
from django.urls import reverse

from inspection import waivers
from inspection.rules.words import Level
from review import challenges
from tests.builders import NOON
from tests.review.bank_scene import make_bank, make_defect
from tests.review.scene import make_watched_line

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


def test_challenge_parts_are_listed_with_the_name_of_their_defect(korean, line, quinn):
    defect = make_defect(line)
    challenges.mark(defect, serial="CH-1", by=quinn, now=NOON)
    assert f"<td>{defect} 긁힘</td>" in korean("challenges", line)
