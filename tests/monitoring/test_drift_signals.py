"""Drift beyond single measures: shifts that differ, scores, whole pictures, old references, and the page of all."""

from datetime import date, timedelta

import numpy as np
import pytest

from inspection import epochs
from inspection.models import Freeze, Hold, Item, LineScope
from inspection.rules.words import Role
from monitoring import drift
from monitoring.models import Baseline, DriftMark, DriftWindow, EmbeddingTest
from monitoring.rules import drift as rules
from review.models import Chart, CountDelta
from tests.builders import NOON, PASSWORD, make_user
from tests.monitoring.test_drift import DARK, HEALTHY, REFERENCE, first_seen, is_held, lights, show
from tests.monitoring.world import examine
from tests.review.deciding import make_deciding_line

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def lead(client):
    client.force_login(make_user("quinn", role=Role.QA_LEAD))
    return client


def over_shifts(line, *, days: int, of_a_day: int, between: float) -> None:
    """Show the line so many days of images, whose light differs from day to day."""
    of_days = np.random.default_rng(11).normal(HEALTHY, between, days)
    for n, mean in enumerate(of_days):
        show(line, lights(of_a_day, mean, seed=100 + n), at=NOON - (days - n) * DAY)


# The reference --------------------------------------------------------------------------------------------------


def test_a_reference_is_made_of_the_last_twenty_shifts_not_of_the_last_images(line, monkeypatch):
    monkeypatch.setattr(rules, "REFERENCE_OF_SHIFT", 20)
    over_shifts(line, days=22, of_a_day=24, between=6.0)
    baseline = drift.check(line, now=NOON)
    assert (baseline.shifts, baseline.images) == (rules.REFERENCE_SHIFTS, 20 * 20)
    assert 0.25 < baseline.metrics["brightness"]["threshold"] != 0.5


def test_what_shifts_do_anyway_holds_no_line_and_what_they_never_do_does(line):
    over_shifts(line, days=20, of_a_day=40, between=6.0)
    drift.check(line, now=NOON)
    assert first_seen(line, lights(320, HEALTHY - 9, seed=3), until=is_held) is None
    assert first_seen(line, lights(160, HEALTHY - 40, seed=4), until=is_held) <= 64


@pytest.mark.parametrize(
    ("pace", "agreed", "due"),
    [
        ("", None, 180),
        ("consumer", None, 90),
        ("b2b", None, 365),
        ("b2b", 30, 30),
        ("b2b", -1, 365),
    ],
)
def test_a_reference_is_good_for_as_long_as_its_line_stays_as_it_is(line, pace, agreed, due):
    LineScope.objects.update_or_create(line=line, defaults={"pace": pace, "updated_at": NOON})
    line.recertify_by = (NOON + agreed * DAY).date() if agreed else None
    line.save(update_fields=["recertify_by"])
    show(line, lights(REFERENCE, HEALTHY))
    assert drift.check(line, now=NOON).certify_again_by == (NOON + due * DAY).date()


def test_a_new_reference_after_a_drift_is_made_of_what_came_since(line, lead):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    first_seen(line, lights(160, DARK, seed=3), until=is_held)
    show(line, lights(400, DARK, seed=5))
    lead.post("/lines/phone-back/drift/reference/", {"reason": "new lamp", "password": PASSWORD})
    assert Baseline.objects.get(replaced_at=None).metrics["brightness"]["mean"] == pytest.approx(DARK, abs=2)


# Scores and whole pictures --------------------------------------------------------------------------------------


def test_scores_that_move_alarm_as_measures_do(line):
    show(line, lights(REFERENCE, HEALTHY), score=0.1)
    drift.check(line, now=NOON)
    show(line, lights(1_000, HEALTHY, seed=3), score=0.3)
    drift.check(line, now=NOON)
    assert Freeze.objects.in_force().get().reason.startswith("Image drift: score ")
    assert not Hold.objects.exists()
    estimates = DriftWindow.objects.order_by("pk").last().estimates
    assert estimates["accuracy"] == pytest.approx(0.7, abs=0.01)


def test_images_without_a_score_say_nothing_about_scores(line):
    show(line, lights(REFERENCE, HEALTHY), score=0.1)
    drift.check(line, now=NOON)
    show(line, lights(2_000, HEALTHY, seed=3))
    drift.check(line, now=NOON)
    assert DriftWindow.objects.count() == 4
    assert not Freeze.objects.exists()


def after_days(line, *, picture: float, days: int) -> list[EmbeddingTest]:
    """Let days pass with pictures that look otherwise; return the tests in order."""
    show(line, lights(REFERENCE, HEALTHY), picture=0.0)
    drift.check(line, now=NOON)
    for day in range(1, days + 1):
        show(line, lights(250, HEALTHY, seed=day), picture=picture)
        drift.check(line, now=NOON + day * DAY)
        drift.check(line, now=NOON + day * DAY)
    return list(EmbeddingTest.objects.order_by("pk"))


def test_pictures_that_look_otherwise_are_noticed_once_a_day_and_alarm_the_second_day(line):
    tests = after_days(line, picture=0.6, days=2)
    assert [test.auc > rules.APART_ALARM for test in tests] == [True, True]
    kinds = DriftMark.objects.filter(metric="embedding").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["notice", "alarm"]
    assert len(tests[-1].alike) == rules.MOST_ALIKE
    assert Freeze.objects.in_force().exists()


def test_pictures_as_ever_are_not_told_apart(line):
    assert max(test.auc for test in after_days(line, picture=0.0, days=1)) < rules.APART_NOTICE
    assert not DriftMark.objects.exists()


# The page -------------------------------------------------------------------------------------------------------


def test_what_was_changed_meanwhile_is_marked_on_every_chart_where_it_came(line, lead):
    show(line, lights(REFERENCE, HEALTHY), score=0.1)
    drift.check(line, now=NOON)
    for n in range(2):
        show(line, lights(500, HEALTHY, seed=3 + n), score=0.1)
        drift.check(line, now=NOON + (1 + n) * HOUR)
    line.optics = {"lamp": "another"}
    line.save()
    epochs.enter(line, line.epoch.model_version, cause="another lamp", now=NOON + 150 * MINUTE)
    drift.check(line, now=NOON + 3 * HOUR)
    show(line, lights(500, HEALTHY, seed=8), score=0.1)
    drift.check(line, now=NOON + 4 * HOUR)
    page = lead.get("/lines/phone-back/drift/")
    brightness = next(chart for chart in page.context["charts"] if chart.name == "brightness")
    marks = [(tick.at, tick.word) for tick in brightness.changes]
    assert len(brightness.dots) == 3
    assert marks == [(62.5, "configuration: product, classes or optics"), (75.0, "reference of the images taken")]
    assert all(word in page.content.decode() for _, word in marks)


def test_each_point_of_the_page_opens_its_images_beside_those_of_the_reference(line, lead):
    show(line, lights(REFERENCE, HEALTHY), score=0.1, picture=0.0)
    drift.check(line, now=NOON)
    show(line, lights(500, DARK, seed=3), score=0.1, picture=2.0)
    drift.check(line, now=NOON + DAY)
    html = lead.get("/lines/phone-back/drift/").content.decode()
    window, test, mark = DriftWindow.objects.get(), EmbeddingTest.objects.get(), DriftMark.objects.first()
    for address in (f"windows/{window.pk}/?metric=brightness", f"embeddings/{test.pk}/", f"marks/{mark.pk}/"):
        assert f"/lines/phone-back/drift/{address}" in html
        pictures = lead.get(f"/lines/phone-back/drift/{address}")
        assert len(pictures.context["before"]) == rules.SHOWN_OF_REFERENCE
        assert len(pictures.context["after"]) >= rules.MOST_ALIKE
    assert "Estimate if nothing but the mix changed" in html
    assert "Certify again by" in html


def test_the_farthest_pictures_of_a_window_come_first(line, lead):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    show(line, [*lights(250, HEALTHY, seed=3), 20.0, *lights(249, HEALTHY, seed=4)])
    drift.check(line, now=NOON)
    page = lead.get(f"/lines/phone-back/drift/windows/{DriftWindow.objects.get().pk}/?metric=brightness")
    first = page.context["after"][0]
    assert (first.item.measures.brightness, first.value) == (20.0, "20")


def test_the_last_window_shows_what_lay_farthest_in_what_moved_most(line, lead):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    show(line, [*lights(250, HEALTHY, seed=3), *lights(249, HEALTHY - 6, seed=4), 20.0])
    drift.check(line, now=NOON)
    for address in ("", f"windows/{DriftWindow.objects.get().pk}/"):
        page = lead.get(f"/lines/phone-back/drift/{address}")
        assert page.context["after"][0].item.measures.brightness == 20.0
        assert "the farthest first" in page.content.decode()


def test_pictures_of_a_notice_since_the_last_window_say_that_the_newest_come_first(line, lead):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    first_seen(line, lights(160, DARK, seed=3), until=is_held)
    html = lead.get("/lines/phone-back/drift/").content.decode()
    assert html.index("After: when it was noticed") < html.index("the newest first")


def test_what_people_say_against_the_model_is_drawn_part_by_part(line, lead):
    for n, failures in enumerate((0, 1, 1)):
        run = examine(line, f"A-{n}").run
        CountDelta.objects.create(
            line=line, epoch=line.epoch, run=run, stream="agreement", cause=f"decision:{n}", shift="2026-11-23/A",
            s=1 - failures, f=failures, created_at=NOON,
        )  # fmt: skip
    page = lead.get("/lines/phone-back/drift/")
    dots = page.context["disagreement"].dots
    assert [dot.y for dot in dots] == sorted((dot.y for dot in dots), reverse=True)
    assert [dot.address.split("/")[4] for dot in dots] == [
        str(pk) for pk in Item.objects.order_by("pk").values_list("pk", flat=True)
    ]
    assert dots[0].y > dots[2].y
    # Only a disagreement is a dot; every part opens from the table.
    assert [dot.is_drawn for dot in dots] == [False, True, True]
    html = page.content.decode()
    assert all(html.count(dot.address) == (2 if dot.is_drawn else 1) for dot in dots)


def test_the_disagreement_chart_stands_where_it_is_drawn(line, lead):
    Chart.objects.update_or_create(
        epoch=line.epoch, name=Chart.DISAGREEMENT, defaults={"w": -0.1, "n": 1, "updated_at": NOON}
    )
    assert "The disagreement chart stands at 0.0 after" in lead.get("/lines/phone-back/drift/").content.decode()


def test_a_reference_past_its_day_says_so(line, lead):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    Baseline.objects.update(certify_again_by=date(2020, 1, 1))
    assert "to be certified again since 2020-01-01" in lead.get("/lines/phone-back/drift/").content.decode()


def test_pictures_of_another_line_are_not_found(line, client):
    show(line, lights(REFERENCE, HEALTHY))
    drift.check(line, now=NOON)
    show(line, lights(500, DARK, seed=3))
    drift.check(line, now=NOON)
    client.force_login(make_user("oscar", role=None))
    assert client.get(f"/lines/phone-back/drift/windows/{DriftWindow.objects.get().pk}/").status_code == 404
    assert Item.objects.count() == REFERENCE + 500
