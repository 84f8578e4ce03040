"""The demo's past of measures: in the tiers that real traffic fills, and held against a reference of its own."""

from datetime import timedelta

import pytest

from inspection.rules.words import Level
from monitoring import demo_curves, drift, rollups
from monitoring.metric_models import DAY, HOUR, MINUTE, MetricWindow
from monitoring.models import Baseline, DriftMark, DriftWindow
from tests.builders import NOON
from tests.monitoring.test_drift import HEALTHY, lights, show
from tests.monitoring.world import examine
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
HOURS = timedelta(hours=1)


def lived_line(**facts):
    """A demo line with sixteen shifts of fifty images, the last of them an hour ago."""
    line = make_deciding_line(is_demo=True, **facts)
    for shift in range(16):
        at = NOON - HOURS * (1 + 8 * (15 - shift))
        show(line, lights(50, HEALTHY, seed=shift), at=at)
    return line


def windows(line, tier):
    return MetricWindow.objects.filter(line=line, metric="brightness", tier=tier)


def test_a_past_of_measures_stands_where_pages_look_for_it():
    line = lived_line()
    demo_curves.draw(now=NOON)
    seen = rollups.read(line.pk, "brightness", since=NOON - 200 * HOURS, until=NOON, tier=HOUR)
    assert (len(seen), sum(summary.n for _, summary in seen)) == (16, 800)
    assert seen[0][1].quantile(0.5) == pytest.approx(HEALTHY, abs=5)


def test_what_the_relay_has_yet_to_merge_waits_in_minutes_and_comes_into_its_days():
    line = lived_line()
    demo_curves.draw(now=NOON)
    assert (windows(line, MINUTE).count(), windows(line, HOUR).count()) == (1, 15)
    while rollups.roll(now=NOON + 24 * HOURS):
        continue
    assert sum(window.n for window in windows(line, DAY)) == 800


def test_days_that_are_over_are_whole_and_leave_the_relay_nothing_to_merge():
    line = lived_line()
    demo_curves.draw(now=NOON)
    assert sum(window.n for window in windows(line, DAY)) == 800 - sum(
        window.n for window in (*windows(line, HOUR), *windows(line, MINUTE)) if window.began_at.date() == NOON.date()
    )
    assert not windows(line, HOUR).filter(is_rolled=False, began_at__lt=rollups.start(NOON, DAY)).exists()


def test_what_the_relay_reads_by_itself_is_not_counted_twice():
    line = lived_line()
    examine(line, "A-1", at=NOON - HOURS)
    demo_curves.draw(now=NOON)
    assert sum(window.n for window in (*windows(line, HOUR), *windows(line, MINUTE))) == 800


def test_a_line_that_decides_has_windows_of_drift_and_a_reference_that_begins_now():
    line = lived_line()
    demo_curves.draw(now=NOON)
    assert list(DriftWindow.objects.order_by("pk").values_list("images", flat=True)) == [200, 200]
    assert not DriftMark.objects.exists()
    standing = Baseline.objects.get(line=line, replaced_at=None)
    assert (standing.images, standing.taken_at) == (800, NOON)
    assert drift.check(line, now=NOON) == standing


def test_a_line_where_people_decide_has_no_past_of_drift():
    lived_line(level=Level.SHADOW)
    demo_curves.draw(now=NOON)
    assert not Baseline.objects.exists()


def test_a_line_that_is_no_demo_gets_no_past():
    line = make_deciding_line()
    show(line, lights(50, HEALTHY), at=NOON - HOURS)
    demo_curves.draw(now=NOON)
    assert not MetricWindow.objects.exists()
