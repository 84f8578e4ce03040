"""What certified bands let through, told of defective parts and of passed parts apart."""

import pytest
from django.urls import reverse
from django.utils import translation

from inspection.models import LevelProposal
from inspection.rules.words import Level, Role
from review import band_boards
from review.rules import losses
from tests.builders import NOON, make_user
from tests.inspection.models import make_bands
from tests.review.scene import make_watched_line

# 4 of 1,000 known defects passed; at the band's end 2 defects among 50,000 passed parts; the next step failed.
CERTIFICATE = {
    "closed_list": {"crack": [299, 0], "scratch": [697, 4]},
    "pass_trace": [
        [0.1, 40_000, 1, 0.01, 3, 0.01],
        [0.2, 50_000, 2, 0.02, 4, 0.02],
        [0.3, 60_000, 900, 0.9, 9, 0.03],
    ],
    "limits": {"delta": 0.05},
}


def test_of_defective_parts_the_known_defects_say_how_many_pass():
    loss = losses.escape_rate(CERTIFICATE)
    assert (loss.lost, loss.seen, loss.about, loss.at_most) == (4, 1000, 4.0, 10)


def test_of_passed_parts_the_end_of_the_band_says_how_many_are_defective():
    loss = losses.escaped_fraction(CERTIFICATE, 0.2)
    assert (loss.lost, loss.seen, loss.about, loss.at_most) == (2, 50_000, 40.0, 126)


def test_none_seen_is_not_none_lost():
    loss = losses.escape_rate(CERTIFICATE | {"closed_list": {"crack": [59, 0]}})
    assert (loss.about, loss.at_most) == (0.0, 50)


@pytest.mark.parametrize("certificate", [{}, CERTIFICATE | {"closed_list": {}, "pass_trace": []}])
def test_a_certificate_that_counted_nothing_says_nothing(certificate):
    assert losses.escape_rate(certificate) is None
    assert losses.escaped_fraction(certificate, 0.2) is None


@pytest.fixture
def line(db):
    line = make_watched_line(level=Level.ASSIST)
    make_bands(line, line.epoch.model_version, t_lo=0.2, certificates=CERTIFICATE)
    return line


def test_the_sentences_tell_both_figures_with_their_counts(line):
    assert [said.replace("\u00a0", " ") for said in band_boards.losses(line.bands)] == [
        "Of 1,000 defective parts about 4 may pass unseen (95 %: up to 10). Counted: 4 of 1,000 known defects.",
        "Of 1,000,000 passed parts about 40 may be defective (95 %: up to 126). Counted: 2 of 50,000 passed parts.",
    ]


def test_in_korean_both_figures_stand_too(line):
    with translation.override("ko"):
        first, second = band_boards.losses(line.bands)
    assert ("1,000개" in first, "10" in first, "1,000,000개" in second, "126" in second) == (True,) * 4


def test_bands_of_a_candidate_keep_the_parts_that_judged_it_sealed(line):
    line.bands.drawn_in = line.epoch
    assert len(band_boards.losses(line.bands)) == 1


def test_the_page_says_what_the_bands_let_through_and_the_proposal_says_it_again(client, line):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    page = reverse("automation", args=[line.slug])
    assert client.get(page).text.count("may pass unseen") == 1
    LevelProposal.objects.create(
        line=line,
        from_level="assist",
        to_level="partial",
        opened_by_system=True,
        opened_at=NOON,
        expires_at=NOON,
    )
    assert client.get(page).text.count("may pass unseen") == 2


def test_bands_that_hold_no_more_are_not_told(client, line):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    make_bands(line, line.epoch.model_version, certificates=CERTIFICATE, calibrator_hash="another")
    assert "may pass unseen" not in client.get(reverse("automation", args=[line.slug])).text
