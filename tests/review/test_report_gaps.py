"""What the agreement report does not leave out in silence: missing hours, and products with an epoch of their own."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from inspection import epochs, sql
from inspection.models import Product
from inspection.rules.words import Label
from review import agreement_boards, agreement_plain, reports
from review.rules import gaps
from tests.builders import NOON
from tests.review.scene import later, make_run, make_task, read

THREE = [{"name": "A", "start": "06:00"}, {"name": "B", "start": "14:00"}, {"name": "C", "start": "22:00"}]
HOUR = 3600


def at(clock: str, day: int = 23) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def taken(*moments: datetime):
    """Hours with one part each."""
    return [(moment, moment) for moment in moments]


@pytest.mark.parametrize(
    ("moments", "worked", "missing"),
    [
        ([], 0, []),
        ([at("08:50"), at("09:10")], 2, []),
        ([at("08:10"), at("10:50")], 2, [1]),
        ([at("03:10"), at("05:02"), at("06:00"), at("09:00")], 4, [1, 2]),
        # Over one change of shifts; a whole shift without a part was not worked.
        ([at("03:10"), at("13:59")], 2, [9]),
        ([at("13:59"), at("22:00")], 2, []),
        ([at("21:59", 20), at("06:00", 23)], 2, []),
    ],
)
def test_hours_without_a_part_are_missing_unless_a_whole_shift_was_not_worked(moments, worked, missing):
    found = gaps.hours(taken(*moments), pattern=THREE, time_zone="UTC")
    assert (found.worked, [gap.hours for gap in found.gaps]) == (worked, missing)
    assert found.expected == worked + sum(missing)


pytestmark = pytest.mark.django_db


def test_hours_with_parts_are_read_in_one_statement_with_their_first_and_last(line, django_assert_num_queries):
    for n, seconds in enumerate((-1, 0, 60, HOUR - 1, HOUR, 5 * HOUR + 120, 9 * HOUR)):
        make_run(line, f"A-{n}", at=later(seconds))
    staged = make_run(line, "G-1", at=later(3 * HOUR)).part
    staged.is_staged = True
    staged.save()
    with django_assert_num_queries(1):
        found = sql.hours_with_parts(line_id=line.pk, since=NOON, until=later(9 * HOUR))
    ends = [(0, HOUR - 1), (HOUR, HOUR), (5 * HOUR + 120, 5 * HOUR + 120)]
    assert found == [(later(first), later(last)) for first, last in ends]


@pytest.fixture
def stopped(line, ana):
    """A line on which no part came for three hours, and none for a minute."""
    line.shift_pattern, line.time_zone = THREE, "UTC"
    line.save()
    for n, seconds in enumerate((0, 60, 3 * HOUR + 1800)):
        read(make_task(line, f"A-{n}", at=later(seconds)), ana, at=later(seconds))
    return line


def make_another(line, sku):
    """Let the line change over to another product."""
    line.product = Product.objects.create(sku=sku, name=sku)
    line.save()
    epochs.enter(line, line.epoch.model_version, cause="changeover", now=later(4 * HOUR))


def report_of(line, **window):
    return reports.agreement(line, line.epoch, now=later(10 * HOUR), **window)


def test_the_report_says_how_many_hours_are_missing_and_when(stopped, client, quinn):
    said = agreement_boards.missing(report_of(stopped))
    since, until = (f"{moment:%m-%d %H:%M}" for moment in (later(60), later(3 * HOUR + 1800)))
    assert said == f"2 of 4 hours are missing: no part came in {since}\u00a0UTC – {until}\u00a0UTC."
    assert agreement_plain.as_plain(report_of(stopped))["hours"]["missing"] == 2
    client.force_login(quinn)
    assert "2 of 4 hours are missing" in client.get(reverse("agreement", args=[stopped.slug])).text


def test_hours_outside_the_window_are_not_missed(stopped):
    assert agreement_boards.missing(report_of(stopped, since=date(2026, 11, 25))) == ""


def test_a_report_that_misses_much_names_its_longest_stretches(stopped, ana):
    for n, hour in enumerate((5, 9, 11, 13)):
        read(make_task(stopped, f"B-{n}", at=later(hour * HOUR)), ana, at=later(hour * HOUR))
    told = agreement_boards.missing(reports.agreement(stopped, stopped.epoch, now=later(20 * HOUR)))
    assert told.count("–") == 3
    assert "And 2 shorter stretches." in told


def test_each_product_of_the_line_has_a_row_from_its_own_epoch_that_leads_to_its_images(stopped, client, ana, quinn):
    first = stopped.epoch
    make_another(stopped, "phone-other")
    read(make_task(stopped, "B-1", at=later(5 * HOUR)), ana, Label.PASS, at=later(5 * HOUR))
    report = report_of(stopped)
    rows = {one.slice.name: (one.slice.agreement.n, one.epoch) for one in report.products}
    assert rows == {first.product.sku: (3, first), "phone-other": (1, stopped.epoch)}
    assert report.model.n == 1
    client.force_login(quinn)
    shown = client.get(reverse("agreement", args=[stopped.slug])).text
    assert f"data/?epoch={first.pk}" in shown.partition(f">{first.product.sku}</a>")[0].rpartition("<a ")[2]


def test_more_products_cost_no_more_statements(stopped, django_assert_max_num_queries, django_assert_num_queries):
    first = stopped.epoch
    make_another(stopped, "other-1")
    with django_assert_max_num_queries(100) as before:
        reports.agreement(stopped, first, now=later(10 * HOUR))
    make_another(stopped, "other-2")
    with django_assert_num_queries(len(before)):
        reports.agreement(stopped, first, now=later(10 * HOUR))
