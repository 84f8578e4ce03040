"""The visible parts: numbers in words, shapes with their names, nothing without its count."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from config.templatetags import ui
from inspection.rules.words import Label, Level

NBSP = "\u00a0"


def rendered(source: str, **context) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("share", "words"), [(0.968, f"96.8{NBSP}%"), (2 / 41, f"4.9{NBSP}%"), (1.0, f"100.0{NBSP}%"), (None, "–")]
)
def test_percent(share, words):
    assert ui.percent(share) == words


@pytest.mark.parametrize(("weight", "words"), [(1.94, "1.9 : 1"), (20.0, "20.0 : 1"), (250.0, ">100 : 1"), (None, "–")])
def test_ratio(weight, words):
    assert ui.ratio(weight) == words.replace(" : ", f"{NBSP}:{NBSP}")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (48, "48 s"), (130, "2 m 10 s"), (120, "2 m"), (11100, "3 h 5 m"), (273600, "3 d 4 h"), (None, "–")],
)
def test_age(seconds, words):
    assert ui.age(seconds).replace(NBSP, " ") == words


def test_age_in_korean_joins_number_and_unit():
    with translation.override("ko"):
        assert ui.age(130).replace(NBSP, " ") == "2분 10초"


def test_a_moment_is_told_in_the_lines_own_time_with_the_zone():
    noon = datetime(2026, 11, 22, 22, 48, tzinfo=UTC)
    assert ui.when(noon, "Asia/Seoul") == f"11-23 07:48{NBSP}KST"


def test_kappa_has_no_leading_zero():
    assert [ui.kappa(0.84), ui.kappa(-0.1), ui.kappa(1.0), ui.kappa(None)] == [".84", "-.10", "1.00", "–"]


def test_a_hash_is_grouped_by_four():
    assert ui.by_fours("9f3a41c7aa") == f"9f3a{NBSP}41c7"


@pytest.mark.parametrize("level", list(Level))
def test_level_bars_fill_up_to_the_level_and_carry_its_name(level):
    html = rendered("{% level level %}", level=level)
    assert html.count('fill="currentColor"') == level.rung + 1
    assert level.value in html


@pytest.mark.parametrize(
    ("label", "shape"), [(Label.PASS, "#ring"), (Label.DEFECT, "#diamond"), (Label.CANNOT_JUDGE, "#question")]
)
def test_a_call_is_shape_and_word(label, shape):
    html = rendered("{% call label 'scratch' %}", label=label)
    assert shape in html
    assert "scratch" in html


def test_a_rate_stands_with_its_count_and_interval():
    html = rendered('{% stat "Escapes" 2 41 of="defects" low=0.006 high=0.165 axis=0.2 %}')
    assert f"4.9{NBSP}%" in html
    assert "2 of 41 defects" in html
    assert f"0.6 – 16.5{NBSP}%" in html


def test_below_thirty_there_is_no_rate():
    html = rendered('{% stat "Escapes" 1 29 of="defects" low=0.0 high=0.3 %}')
    assert "too few" in html
    assert f"3.4{NBSP}%" not in html
    assert 'class="value"' not in html


@pytest.mark.parametrize(
    ("weight", "width", "kind"), [(1.0, "0.0", "short"), (1.9, "21.4", "short"), (20.0, "100.0", "met")]
)
def test_the_evidence_bar_is_logarithmic_and_full_when_met(weight, width, kind):
    html = rendered("{% evidence_bar weight 20 %}", weight=weight)
    assert f'class="{kind}" width="{width}%"' in html


def test_an_evidence_row_ends_in_how_many_more():
    rows = [
        {"check": "Agreement", "counted": "391 of 404", "weight": 1.9, "needed": 100.0, "state": "short", "still": 113},
        {"check": "Detection", "counted": "39 of 41", "weight": 121.7, "needed": 100.0, "state": "met", "still": 0},
    ]
    html = rendered("{% evidence rows %}", rows=rows)
    assert "Evidence, needs 100 : 1" in html
    assert 'class="short" width="13.9%"' in html
    assert "113 more" in html
    assert "met" in html
    assert html.index("Agreement") < html.index("Detection")


def test_words_in_the_parts_are_escaped():
    html = rendered("{% chip word %}{% signature word 'open' word %}", word="<b>x</b>")
    assert "<b>x</b>" not in html


class Naming(forms.Form):
    name = forms.CharField(label="Name", error_messages={"required": "Say the name."}, help_text="as on the badge")


def test_a_field_ties_its_error_and_hint_to_the_input():
    html = rendered("{% error_summary form %}{% field form.name %}", form=Naming({}))
    assert 'aria-describedby="id_name-error id_name-hint"' in html
    assert 'aria-invalid="true"' in html
    assert '<a href="#id_name">Say the name.</a>' in html


def test_a_form_without_fault_has_no_summary():
    assert "error-summary" not in rendered("{% error_summary form %}", form=Naming())


def test_since_counts_from_now():
    assert ui.since(datetime.now(UTC) - timedelta(seconds=61)).startswith("1")
