"""Savings: readings spared less what people read all the same, risks in ppm, money at the scope's costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from inspection.models import Disposition, Line, LineScope
from inspection.rules.shifts import began
from inspection.rules.words import DecidedBy, Label, Level
from review import forecasts, queues, savings
from review.charts import column_chart
from review.models import BandsChange, Certification, Count
from tests.builders import NOON
from tests.review.deciding import audit, make_deciding_line, passed
from tests.review.scene import make_watched_line, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    """A line that passed eight parts by itself today."""
    line = make_deciding_line()
    for n in range(8):
        passed(line, f"P-{n}")
    return line


def test_a_part_that_an_audit_gave_to_people_was_not_saved(line, ana):
    before = savings.read(line, savings.TODAY, now=NOON + timedelta(hours=1)).work
    audit(line, "A-1", ana, Label.PASS)
    after = savings.read(line, savings.TODAY, now=NOON + timedelta(hours=1)).work
    assert (before.automatic, before.saved) == (after.automatic, after.saved) == (8, 8)


def test_a_part_that_is_read_again_is_subtracted(line, ana):
    item = passed(line, "R-1").items.get()
    read(queues.ask_again(item, now=NOON), ana)
    work = savings.read(line, savings.TODAY, now=NOON + timedelta(hours=1)).work
    assert (work.automatic, work.again, work.saved) == (9, 1, 8)


def test_yesterdays_parts_count_in_two_weeks_and_not_today(line):
    passed(line, "Y-1", at=NOON - timedelta(days=1))
    at = NOON + timedelta(hours=1)
    assert savings.read(line, savings.TODAY, now=at).automatic.n == 8
    assert savings.read(line, savings.TWO_WEEKS, now=at).automatic.n == 9


def test_the_share_beside_the_promise_leaves_out_parts_of_a_lower_level(client, line, quinn):
    for n in range(3):
        below = passed(line, f"L-{n}")
        Disposition.objects.filter(run=below).update(decided_by=DecidedBy.HUMAN.value, level=Level.ASSIST.value)

    found = savings.read(line, savings.TODAY, now=NOON + timedelta(hours=1))

    assert (found.parts, found.automatic.k, found.automatic.n, found.earlier) == (11, 8, 8, 3)
    client.force_login(quinn)
    told = client.get(reverse("savings", args=[line.slug]), {"over": "fortnight"}).content.decode()
    assert "3 parts came on a lower level" in told


def test_days_without_parts_stay_gaps(line):
    days = savings.read(line, savings.TODAY, now=NOON).days
    assert len(days) == savings.DAYS
    assert (days[-1].automatic.k, days[0].automatic.share) == (8, None)
    chart = column_chart([("a", None), ("b", 0.5)], promise=0.6)
    assert len(chart.columns) == 1
    assert chart.promise_y < chart.columns[0].y
    assert column_chart([("a", None)], promise=None) is None


def drawn(line, stream, s, f):
    Count.objects.create(
        line=line, epoch=line.epoch, stream=stream, shift="2026-11-22/day", bands=line.bands, s=s, f=f
    )  # fmt: skip


def test_money_is_counted_only_where_every_cost_is_known(line):
    drawn(line, "policy_detection", 99, 1)
    drawn(line, "policy_specificity", 890, 10)
    at = NOON + timedelta(hours=1)
    line.cost_reading, line.cost_escape, line.cost_overkill = Decimal(1), Decimal(100), None
    assert savings.read(line, savings.TODAY, now=at).money is None
    line.cost_overkill = Decimal(2)
    found = savings.read(line, savings.TODAY, now=at)
    assert (found.escapes.k, found.escapes.n, found.overkill.k) == (1, 1000, 10)
    assert float(found.money.saved) == 8.0
    assert float(found.money.escapes) == pytest.approx(100 * 8 * 0.001)
    assert found.money.low < found.money.net < found.money.high


def test_the_page_and_its_file_say_the_same(client, line, quinn):
    client.force_login(quinn)
    html = client.get(reverse("savings", args=[line.slug]), {"over": "fortnight"}).content.decode()
    assert 'href="?over=fortnight" aria-current="true"' in html
    lines = b"".join(client.get(reverse("savings-rows", args=[line.slug])).streaming_content).decode().splitlines()
    assert len(lines) == 1 + savings.DAYS


def certify(line, shares):
    """Give the bands in force a certificate under which these shares pass, fail and stay with people."""
    return Certification.objects.create(
        line=line, epoch=line.epoch, model_version=line.epoch.model_version, n=1, reason="certified", inputs={},
        inputs_hash="0" * 64, outcome={"shares": shares}, code_version="test", bands=line.bands, made_at=NOON,
    )  # fmt: skip


def test_parts_stay_with_people_for_reasons_that_add_up_with_what_the_model_decides():
    line = Line(truth_share=0.2, audit_share=0.1, control_share=0.05)
    kept = forecasts.stays(line, {"pass": 0.9, "reject": 0.038, "person": 0.062})
    assert list(kept) == ["middle", "truth", "audit", "control"]
    assert kept["middle"] == pytest.approx(0.062)
    assert kept["truth"] == pytest.approx(0.938 * 0.2)
    assert kept["audit"] == pytest.approx(0.938 * 0.8 * 0.1)
    assert 1 - sum(kept.values()) == pytest.approx(0.938 * 0.8 * 0.9 * 0.95)


@pytest.mark.parametrize(("language", "word"), [("en", "middle band"), ("ko", "중간 구간")])
def test_the_middle_band_is_what_the_certificate_leaves_to_people_however_much_is_drawn(
    client, line, quinn, language, word
):
    Line.objects.filter(pk=line.pk).update(truth_share=0.2, audit_share=0.1, control_share=0.05)
    certify(line, {"pass": 0.938, "reject": 0.0, "person": 0.062})
    client.force_login(quinn)
    html = client.get(reverse("savings", args=[line.slug]), headers={"accept-language": language}).content.decode()
    assert f"<dt>{word}</dt><dd>6.2" in html


def sign(line, by, **facts):
    return BandsChange.objects.create(
        line=line, bands=line.bands, level="assist", put_by=by, put_at=NOON - timedelta(days=9), **facts
    )  # fmt: skip


def savings_of(client, line, language="en"):
    return client.get(reverse("savings", args=[line.slug]), headers={"accept-language": language}).content.decode()


def test_the_promise_is_the_signed_one_however_much_is_drawn_today(client, line, quinn, quill):
    shares = {"pass": 0.9, "reject": 0.0, "person": 0.1}
    certify(line, shares)
    Line.objects.filter(pk=line.pk).update(truth_share=0, audit_share=0.02, control_share=0)
    promised = forecasts.forecast(Line.objects.get(pk=line.pk), shares, now=NOON)
    sign(line, quill, forecast=promised.as_plain())
    Line.objects.filter(pk=line.pk).update(audit_share=0.5)

    client.force_login(quinn)
    assert "Promised for a usual shift on" in savings_of(client, line)
    assert savings.read(Line.objects.get(pk=line.pk), savings.TODAY, now=NOON).promised == pytest.approx(0.882)


@pytest.mark.parametrize(("language", "said"), [("en", "not recorded at that time"), ("ko", "당시에는 기록되지")])
def test_a_signature_of_before_says_that_its_promise_was_not_recorded(client, line, quinn, quill, language, said):
    certify(line, {"pass": 0.9, "reject": 0.0, "person": 0.1})
    sign(line, quill)
    client.force_login(quinn)
    assert said in savings_of(client, line, language)


def test_with_bands_and_no_part_decided_savings_have_begun(client, line, quinn):
    certify(line, {"pass": 0.9, "reject": 0.0, "person": 0.1})
    Disposition.objects.update(decided_by="person")
    client.force_login(quinn)
    html = savings_of(client, line)
    assert "The model decided nothing alone in this stretch" in html
    assert "savings begin at partial" not in html


def test_a_line_that_decides_nothing_says_when_savings_begin(client, quinn):
    line = make_watched_line("phone-frame")
    client.force_login(quinn)
    assert "savings begin at partial" in client.get(reverse("savings", args=[line.slug])).content.decode()


def test_savings_are_for_leads(client, line, ana):
    client.force_login(ana)
    assert client.get(reverse("savings", args=[line.slug])).status_code == 404


def test_the_page_costs_a_stated_number_of_statements(client, line, quinn, django_assert_max_num_queries):
    client.force_login(quinn)
    with django_assert_max_num_queries(40):
        client.get(reverse("savings", args=[line.slug]))


def test_a_shift_began_when_its_pattern_says():
    pattern = [{"name": "A", "start": "06:00"}, {"name": "B", "start": "18:00"}]
    assert began(pattern, "UTC", datetime(2026, 11, 22, 3, tzinfo=UTC)) == datetime(2026, 11, 21, 18, tzinfo=UTC)


def test_a_usual_year_is_the_planned_volume_at_the_certified_share(line):
    LineScope.objects.create(line=line, parts_per_day=12_000, updated_at=NOON)
    Line.objects.filter(pk=line.pk).update(cost_reading=Decimal("0.06"))
    certify(line, {"pass": 0.9, "reject": 0.04, "person": 0.06})
    line = Line.objects.get(pk=line.pk)
    found = savings.read(line, savings.TODAY, now=NOON + timedelta(hours=1))
    year, share = found.year, found.next_shift.automatic_share
    assert (year.parts, year.spared) == (3_000_000, round(3_000_000 * share))
    assert (year.hours, year.worth) == (round(year.spared * found.reading_s / 3600), round(year.spared * 0.06))


def test_without_a_planned_volume_no_year_is_told(line):
    certify(line, {"pass": 0.9, "reject": 0.04, "person": 0.06})
    assert savings.read(Line.objects.get(pk=line.pk), savings.TODAY, now=NOON).year is None
