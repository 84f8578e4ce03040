"""Facts become windows once, windows become longer ones, and each has its life."""

from datetime import timedelta

import pytest

from inspection.models import Item
from monitoring import gathering, rollups
from monitoring.metric_models import DAY, HOUR, MINUTE, MetricWindow
from monitoring.rules.metrics import METRICS, Fold
from monitoring.sources import answers
from tests.builders import NOON
from tests.monitoring.world import examine, show, window
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(seconds=30)


@pytest.fixture
def line():
    return make_deciding_line()


def test_each_fact_is_counted_once_however_often_one_looks(line):
    examine(line, "A-1")
    for _ in range(3):
        gathering.follow(now=LATER)
    examine(line, "A-2")
    gathering.follow(now=LATER)
    assert window(line, "volume").n == 2


def test_two_relays_that_read_the_same_images_count_them_once(line, monkeypatch):
    examine(line, "A-1")
    read = answers.final

    def while_another_is_quicker(after, *, until):
        monkeypatch.setattr(answers, "final", read)
        gathering.follow(now=LATER)
        return read(after, until=until)

    monkeypatch.setattr(answers, "final", while_another_is_quicker)
    assert gathering.follow(now=LATER) == 0
    assert window(line, "volume").n == 1


def test_a_second_attempt_at_an_image_is_no_second_image(line):
    item = examine(line, "A-1")
    run = item.stage_runs.get(stage="decode")
    run.pk, run.attempt = None, 2
    run.save(force_insert=True)
    gathering.follow(now=LATER)
    assert window(line, "volume").n == 1


def test_what_has_just_happened_waits_for_its_neighbours(line):
    examine(line, "A-1", at=LATER)
    gathering.follow(now=LATER)
    assert not MetricWindow.objects.exists()
    gathering.follow(now=LATER + timedelta(seconds=5))
    assert window(line, "volume").n == 1


def test_minutes_become_hours_and_hours_days(line):
    for minute in range(0, 180, 20):
        show(line, "score", [0.1, 0.2, 0.9], at=NOON + timedelta(minutes=minute))
    rollups.roll(now=NOON + timedelta(days=1))
    hours = MetricWindow.objects.filter(tier=HOUR).order_by("began_at")
    assert [hour.n for hour in hours] == [9, 9, 9]
    assert hours[0].summary.quantile(0.95) == pytest.approx(0.9, rel=0.01)
    assert MetricWindow.objects.get(tier=DAY).n == 27


def test_rolling_twice_changes_nothing_and_a_late_value_is_merged(line):
    show(line, "score", [0.1], at=NOON)
    for _ in range(2):
        rollups.roll(now=NOON + timedelta(hours=1))
    show(line, "score", [0.3], at=NOON)
    rollups.roll(now=NOON + timedelta(hours=1))
    assert MetricWindow.objects.get(tier=HOUR).n == 2


def test_a_series_of_hours_ends_with_the_hour_that_runs(line):
    for hour in range(3):
        show(line, "score", [0.1, 0.3], at=NOON + timedelta(hours=hour))
    rollups.roll(now=NOON + timedelta(hours=2, minutes=1))
    series = rollups.read(line.pk, "score", since=NOON, until=NOON + timedelta(hours=3), tier=HOUR)
    assert [(began - NOON, summary.n) for began, summary in series] == [(timedelta(hours=n), 2) for n in range(3)]


def test_a_long_backlog_is_merged_some_at_a_time_and_nothing_is_dropped_before(line):
    hours = rollups.ROLLED_MAX + 5
    for hour in range(hours):
        show(line, "score", [0.1], at=NOON - timedelta(days=30, hours=hour))
    assert rollups.roll(now=NOON - timedelta(days=29)) >= rollups.ROLLED_MAX
    rollups.prune(now=NOON)
    assert MetricWindow.objects.filter(tier=MINUTE).count() == 5
    rollups.roll(now=NOON)
    assert MetricWindow.objects.filter(tier=HOUR).count() == hours


def test_each_tier_has_its_life(line):
    show(line, "score", [0.1], at=NOON)
    rollups.roll(now=NOON + timedelta(days=1))
    rollups.prune(now=NOON + timedelta(days=3))
    assert set(MetricWindow.objects.values_list("tier", flat=True)) == {HOUR, DAY}
    rollups.prune(now=NOON + timedelta(days=100))
    assert [row.tier for row in MetricWindow.objects.all()] == [DAY]


def test_shares_and_levels_keep_no_sketch(line):
    examine(line, "A-1")
    gathering.follow(now=LATER)
    gathering.read_levels(now=LATER)
    kept = {row.metric for row in MetricWindow.objects.exclude(sketch=None)}
    unseen = {
        "time_to_verdict",
        "patch_luminance",
        "embedding_distance",
        "loop_wait",
        "model_load",
        "web_time",
        "write_wait",
    }
    assert kept == {metric.name for metric in METRICS if metric.fold == Fold.SPREAD} - unseen


def test_a_busy_line_takes_less_than_a_kilobyte_an_image(line):
    for n in range(60):
        examine(line, f"A-{n}", at=NOON + timedelta(seconds=n), score=0.01 + n / 100)
    gathering.follow(now=NOON + timedelta(minutes=2))
    rows = MetricWindow.objects.filter(tier=MINUTE, line=line)
    assert Item.objects.count() == 60
    assert sum(len(row.sketch or b"") + 120 for row in rows) / 60 < 1024
