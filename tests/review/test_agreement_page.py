"""The agreement report: what the page shows and says, its ways to the images, and the same on paper."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import translation
from reportlab.graphics.shapes import Circle

from inspection import epochs
from inspection.models import GoldenReference, Hold, Line
from inspection.rules.words import Call, Label
from review import adjudications, agreement_boards, agreement_papers, changes, paper_charts, reports
from review.charts import Spot, reliability_chart
from review.figures import Bin, Comparison, Point, Rate, rate
from review.models import Adjudication, Count
from tests.builders import NOON, make_model_version
from tests.review.scene import later, make_task, read

pytestmark = pytest.mark.django_db


def compared(table, **fields):
    n = sum(map(sum, table))
    facts = {"kappa": 0.5, "kappa_low": 0.4, "kappa_high": 0.6, "ac1": 0.9, "mcc": 0.5, "positive_agreement": 0.6}
    rates = {"agreement": rate(table[0][0] + table[1][1], n), "escape": rate(table[0][1], n), "overkill": rate(0, n)}
    return Comparison(table=table, unruled=0, **{**rates, **facts, **fields})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([[980, 2], [8, 10]], "Only 12 defects"),
        ([[9800, 20], [80, 100]], "Trust the agreement on defects"),
        ([[800, 20], [80, 100]], "trust it within its interval"),
        ([[0, 0], [0, 0]], ""),
    ],
)
def test_the_measure_to_trust_depends_on_how_many_defects_there_are(table, said):
    assert said in agreement_boards.trust(compared(table))
    assert bool(said) == bool(agreement_boards.trust(compared(table)))


def test_a_reliability_diagram_puts_a_true_probability_on_the_diagonal():
    chart = reliability_chart([Spot(0.5, 0.5, 0.4, 0.6, 50, 100), Spot(1.0, 1.0, 0.9, 1.0, 25, 25)])
    assert (chart.drawn[0].x, chart.drawn[0].y) == (50.0, (chart.top + chart.foot) / 2)
    assert (chart.drawn[1].x, chart.drawn[1].y) == (100.0, chart.top)
    assert chart.drawn[0].radius > chart.drawn[1].radius
    assert reliability_chart([]) is None


@pytest.fixture
def counted(line, ana, quinn):
    """A line with thirty parts on which all agree and one escape that was ruled on."""
    for n in range(30):
        read(make_task(line, f"A-{n}", at=later(10 * n)), ana, at=later(10 * n))
    read(make_task(line, "B-1", call=Call.PASS, at=later(400)), ana, Label.DEFECT, at=later(400))
    case = Adjudication.objects.get(ruled_at=None)
    adjudications.rule(case, by=quinn, label=Label.DEFECT, defect_class="scratch", now=later(900))
    return line


@pytest.fixture
def page(client, counted, quinn):
    client.force_login(quinn)
    return client.get(reverse("agreement", args=[counted.slug])).content.decode()


def test_from_a_cell_to_the_image_it_counts_takes_two_clicks(client, page):
    gallery = re.search(r'href="(/[^"]*data/\?q=model%3Apass\+truth%3Adefect)"', page)[1]
    shown = client.get(gallery).content.decode()
    image = re.search(r'href="(/lines/phone-glass/data/[0-9a-f-]{36}/)', shown)[1]
    assert "B-1" in client.get(image).content.decode()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_rows_of_line_and_shift_lead_to_the_images_they_count(client, counted, page, language):
    report = client.get(reverse("agreement", args=[counted.slug]), headers={"accept-language": language}).content
    slices = report.decode().partition('id="slice-title"')[2]
    for name in ("A", counted.slug):
        row = re.search(rf'<a href="([^"]+)">{name}</a></th><td class="number">30 / 31', slices)
        assert len(serials_of(client, row[1])) == 31
    assert serials_of(client, f"/lines/{counted.slug}/data/?q=shift:B") == set()


def serials_of(client, gallery: str) -> set[str]:
    shown = client.get(html.unescape(gallery)).content.decode()
    return set(re.findall(r'<b class="serial">([AB]-\d+)</b>', shown))


def test_the_page_draws_trend_calibration_and_coverage_each_with_its_table(page):
    assert page.count('role="img"') == 3
    assert page.count('class="twin"') == 3


def test_an_inspector_stands_in_the_table_from_200_parts_on(counted, page, client):
    assert "1 with fewer is not shown" in page
    Count.objects.create(
        line=counted, epoch=counted.epoch, stream="agreement", shift="2026-11-21/day", s=200, pp=200,
        person=Count._meta.get_field("person").related_model.objects.get(username="ana"),
    )  # fmt: skip
    assert "inspector%3Aana" in client.get(reverse("agreement", args=[counted.slug])).content.decode()


def test_the_time_axis_names_what_changed(counted):
    Hold.objects.create(line=counted, kind=Hold.STOP, reason="glare", placed_at=later(60))
    words = [change.word for change in changes.within(counted.epoch, until=later(5000))]
    assert words == [str(counted.epoch.model_version), "STOP"]
    report = reports.agreement(counted, counted.epoch, now=NOON)
    chart = agreement_boards.trend(report.timeline, changes.within(counted.epoch, until=NOON), target=0.95, zone="UTC")
    assert [event.word for event in chart.events] == [str(counted.epoch.model_version)]


@pytest.mark.parametrize(("language", "golden"), [("en", "reference"), ("ko", "기준 이미지")])
def test_of_changes_at_one_moment_the_gravest_is_named_in_every_language(counted, language, golden):
    GoldenReference.objects.create(
        line=counted, product=counted.product, view="front", revision=9, sha256="9" * 64, created_at=later(60)
    )
    Hold.objects.create(line=counted, kind=Hold.STOP, reason="glare", placed_at=later(60))
    with translation.override(language):
        *_, first, last = changes.within(counted.epoch, until=later(5000))
        assert (first.word, last.word) == (golden, translation.gettext("STOP"))


def test_a_window_that_ends_before_it_begins_is_said_and_not_used(client, counted, quinn):
    client.force_login(quinn)
    asked = {"since": "2026-11-22", "until": "2026-11-20"}
    html = client.get(reverse("agreement", args=[counted.slug]), asked).content.decode()
    assert "The window ends before it begins." in html
    assert "n = 31" in html


def test_paper_says_the_same_in_both_languages_under_one_hash(counted):
    report = reports.agreement(counted, counted.epoch, now=NOON)
    printed = {}
    for language in ("en", "ko"):
        with translation.override(language):
            printed[language] = agreement_papers.printed(report, now=NOON)
            assert printed[language] == agreement_papers.printed(report, now=NOON)
    assert printed["en"][:5] == b"%PDF-"
    assert printed["en"] != printed["ko"]
    assert len(agreement_papers.hash_of(report)) == 64


def words_of(drawing):
    return [shape.text for shape in drawing.contents if hasattr(shape, "text")]


def test_the_charts_on_paper_name_target_and_scale_like_those_of_the_page():
    days = [Point(NOON.date(), s, 1, 0.7, 0.99) for s in (9, 19)]
    assert {"95\u00a0%", "target 97\u00a0%", "80", "100"} <= set(words_of(paper_charts.trend(days, target=0.97)))
    bins = [Bin(0.0, 0.1, 0.05, Rate(1, 20, 0.0, 0.2)), Bin(0.9, 1.0, 0.95, Rate(9, 10, 0.6, 1.0))]
    drawing = paper_charts.calibration(bins)
    assert {"as said", "0", "100"} <= set(words_of(drawing))
    low, high = (shape for shape in drawing.contents if isinstance(shape, Circle))
    assert (low.cx < high.cx, low.cy < high.cy) == (True, True)


def test_one_part_more_gives_paper_another_hash(counted, ana):
    before = agreement_papers.hash_of(reports.agreement(counted, counted.epoch, now=NOON))
    read(make_task(counted, "C-1", at=later(950)), ana, at=later(950))
    assert agreement_papers.hash_of(reports.agreement(counted, counted.epoch, now=NOON)) != before


def test_paper_is_for_leads(client, counted, ana, quinn):
    address = reverse("agreement-paper", args=[counted.slug])
    client.force_login(ana)
    assert client.get(address).status_code == 404
    client.force_login(quinn)
    assert client.get(address)["Content-Type"] == "application/pdf"


def answered(client, line, **asked) -> str:
    """Return the card of the verdict for what is asked of a line's report."""
    html_of = client.get(reverse("agreement", args=[line.slug]), asked).text
    return html_of.split('class="card verdict-card"')[1].split("</section>")[0]


def on_paper(line, monkeypatch, **asked) -> list[str]:
    """Return the sentences and notes of the same report on paper."""
    said: list[str] = []
    for kind in ("sentence", "note"):
        monkeypatch.setattr(f"review.agreement_papers.Sheet.{kind}", lambda _sheet, text: said.append(text))
    agreement_papers.printed(reports.agreement(line, now=NOON, **asked), now=NOON)
    return said


@pytest.mark.parametrize("level", ["shadow", "full"])
def test_a_past_epoch_is_called_past_at_every_level_and_has_no_barrier(client, counted, quinn, monkeypatch, level):
    past = counted.epoch
    epochs.enter(counted, make_model_version("next"), cause="another model", now=later(1000))
    Line.objects.filter(pk=counted.pk).update(level=level)
    line = Line.objects.get(pk=counted.pk)
    client.force_login(quinn)
    card = answered(client, line, epoch=past.pk)
    assert ("A past epoch." in card, 'class="barrier' in card) == (True, False)
    assert on_paper(line, monkeypatch, epoch=past)[0] == "A past epoch."


def test_at_the_highest_level_no_barrier_stands_in_the_way(client, counted, quinn, monkeypatch):
    client.force_login(quinn)
    assert 'class="barrier' in answered(client, counted)
    Line.objects.filter(pk=counted.pk).update(level="full")
    line = Line.objects.get(pk=counted.pk)
    card = answered(client, line)
    assert ("This line has reached the highest level." in card, 'class="barrier' in card) == (True, False)
    assert on_paper(line, monkeypatch, epoch=line.epoch)[0] == "This line has reached the highest level."


def test_an_answer_beside_figures_of_chosen_days_says_that_it_counts_the_whole_epoch(
    client, counted, quinn, monkeypatch
):
    said, day = "The answer counts all of this epoch, the figures below the chosen days alone.", NOON.date()
    client.force_login(quinn)
    assert said not in answered(client, counted)
    assert said in answered(client, counted, since=day.isoformat())
    assert said in on_paper(counted, monkeypatch, epoch=counted.epoch, since=day)
