"""Drift of a line's images: noticed within 100, alarmed within 1,500, acted on, and answered by a new reference."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.utils.translation import override

from config import rounds
from inspection import automation, intake
from inspection.models import Freeze, Hold, Item, LevelChange, Line, Measures, Part, Prediction, Product, Run
from inspection.rules.words import Level, Role
from monitoring import baselines, drift
from monitoring.models import Baseline, DriftMark, DriftWindow
from review.reason_words import reason_word
from tests.builders import NOON, PASSWORD, make_user
from tests.review.deciding import make_deciding_line
from vision.embedding import LENGTH, packed

pytestmark = pytest.mark.django_db
HEALTHY, DARK = 130.0, 78.0
REFERENCE = 400


@pytest.fixture
def line():
    return make_deciding_line()


@pytest.fixture
def quinn():
    return make_user("quinn", role=Role.QA_LEAD)


def lights(count: int, mean: float, *, sd: float = 8.0, seed: int = 1) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean, sd, count))


def show(
    line: Line,
    brightness: Iterable[float],
    *,
    at: datetime = NOON,
    score: float | None = None,
    picture: float | None = None,
) -> None:
    """Let a line take in one image for each brightness, with everything else as it always is.

    `score` is what the model says on the average, `picture` how the whole picture looks; without them nobody asked.
    """
    salt = line.salts.latest("created_at")
    known = Part.objects.count()
    parts = [Part(line=line, serial=f"D-{known + n}") for n, _ in enumerate(brightness)]
    runs = []
    for part in parts:
        run = intake.new_run(line, n=1, salt=salt, now=at)
        run.part, run.is_open, run.is_settled = part, False, True
        runs.append(run)
    items = [
        Item(run=run, line=line, view="front", captured_at=at, received_at=at, sha256="0" * 64, size_bytes=1000,
             width=640, height=480, content_type="image/jpeg")
        for run in runs
    ]  # fmt: skip
    noise = np.random.default_rng(7)
    measures = [
        Measures(item=item, brightness=light, p99_luminance=200 + noise.normal(0, 3), contrast=40 + noise.normal(0, 2),
                 sharpness=90 + noise.normal(0, 5), saturation=0.2 + noise.normal(0, 0.01), entropy=6.0,
                 width=640, height=480, size_bytes=1000, blank=False, fingerprint="0" * 16,
                 embedding=None if picture is None else packed(noise.normal(picture, 1, LENGTH)))
        for item, light in zip(items, brightness, strict=True)
    ]  # fmt: skip
    predictions = [] if score is None else [
        Prediction(item=item, model_version=line.epoch.model_version, role="serving", decoder_id="d",
                   preprocessing_id="p", raw_score=p, probability=p, call="pass", uncertainty=0.1, ms=1, created_at=at)
        for item, p in zip(items, np.clip(noise.normal(score, 0.02, len(items)), 0, 1), strict=True)
    ]  # fmt: skip
    for model, rows in ((Part, parts), (Run, runs), (Item, items), (Measures, measures), (Prediction, predictions)):
        model.objects.bulk_create(rows)


def frozen(line: Line, *, sd: float = 8.0) -> Baseline:
    """Return the line's reference over healthy images."""
    show(line, lights(REFERENCE, HEALTHY, sd=sd))
    return drift.check(line, now=NOON)


def first_seen(line: Line, brightness: list[float], *, until, step: int = 16) -> int | None:
    """Show images a few at a time; return after how many `until` holds, None where it never does."""
    for shown in range(0, len(brightness), step):
        show(line, brightness[shown : shown + step])
        drift.check(Line.objects.select_related("epoch").get(pk=line.pk), now=NOON + timedelta(seconds=shown))
        if until():
            return shown + step
    return None


def is_held() -> bool:
    return Hold.objects.in_force().filter(kind=Hold.ALARM).exists()


# Reference ------------------------------------------------------------------------------------------------------


def test_a_reference_is_taken_when_the_line_decides_by_itself(line):
    baseline = frozen(line)
    assert (baseline.images, baseline.shifts) == (REFERENCE, 1)
    assert baselines.references(baseline)["brightness"].mean == pytest.approx(HEALTHY, abs=1.5)


def test_a_measure_that_never_varies_is_not_watched(line):
    assert "entropy" not in frozen(line).metrics


def test_the_images_of_another_product_are_no_reference(line):
    show(line, lights(REFERENCE, HEALTHY))
    line.product = Product.objects.create(sku="B13", name="Phone B13")
    line.save(update_fields=["product"])
    assert drift.check(line, now=NOON) is None


def test_too_few_images_make_no_reference(line):
    show(line, lights(199, HEALTHY))
    assert drift.check(line, now=NOON) is None


def test_where_people_decide_nothing_is_watched(line, quinn):
    automation.lower(line, to_level=Level.ASSIST, by=quinn, reason="doubt", now=NOON)
    show(line, lights(REFERENCE, HEALTHY))
    drift.check_all(now=NOON)
    assert not Baseline.objects.exists()


def test_a_round_of_the_relay_looks_at_the_images(line):
    show(line, lights(REFERENCE, HEALTHY))
    rounds.turn(holder="relay-1", now=NOON + timedelta(days=40))
    assert Baseline.objects.get().images == REFERENCE


# Notice ---------------------------------------------------------------------------------------------------------


def test_images_as_ever_raise_nothing(line):
    frozen(line)
    assert first_seen(line, lights(1_600, HEALTHY, seed=2), until=is_held, step=160) is None
    assert not DriftMark.objects.exists()


@pytest.mark.parametrize(
    ("sd", "what"), [(8.0, "a line whose light varies little"), (55.0, "pictures that differ by 42 % among themselves")]
)
def test_a_dark_line_is_noticed_and_held_within_100_images(line, sd, what):
    frozen(line, sd=sd)
    dark = [0.6 * light for light in lights(200, HEALTHY, sd=sd, seed=3)]
    assert first_seen(line, dark, until=is_held) <= 100, what
    mark = DriftMark.objects.get()
    assert (mark.kind, mark.metric) == ("notice", "brightness")
    assert mark.sds < -drift.rules.NOTICE_SD
    assert Hold.objects.get().reason.startswith("Image drift: brightness moved by -")


def test_a_notice_leads_from_the_cockpit_to_its_pictures_before_any_window_has_closed(line, lead):
    frozen(line)
    shown = first_seen(line, lights(160, DARK, seed=3), until=is_held)
    address = f"/lines/phone-back/drift/marks/{DriftMark.objects.get().pk}/"
    cockpit = lead.get("/lines/phone-back/monitor/").content.decode()
    assert address in cockpit
    assert f"{shown} of 500 images so far" in cockpit
    page = lead.get("/lines/phone-back/drift/")
    assert "After: when it was noticed" in page.content.decode()
    assert page.context["after"]
    assert "the newest first" in lead.get(address).content.decode()


def test_the_reason_of_a_notice_is_told_in_korean(line):
    frozen(line)
    first_seen(line, lights(160, DARK, seed=3), until=is_held)
    with override("ko"):
        assert reason_word(Hold.objects.get().reason).startswith("이미지 드리프트: 밝기 ")


def test_a_hold_that_is_lifted_over_a_line_still_dark_comes_back(line, quinn):
    frozen(line)
    first_seen(line, lights(160, DARK, seed=3), until=is_held)
    automation.lift_hold(Hold.objects.get(), by=quinn, now=NOON)
    assert first_seen(line, lights(160, DARK, seed=4), until=is_held) <= 100


# Alarm and fall -------------------------------------------------------------------------------------------------


def test_a_drift_alarms_within_1500_images_and_falls_when_it_goes_on(line):
    frozen(line)
    Line.objects.update(audit_share=0.05)
    dark = lights(2_000, DARK, seed=3)

    alarmed = first_seen(line, dark[:1_500], until=lambda: Freeze.objects.in_force().exists(), step=250)
    assert alarmed <= 1_500
    assert Freeze.objects.get().cause == "drift"
    assert Line.objects.get(pk=line.pk).audit_share == 0.20
    assert not LevelChange.objects.exists()

    first_seen(line, dark[alarmed:], until=lambda: LevelChange.objects.exists(), step=250)
    assert Line.objects.get(pk=line.pk).level == "assist"
    assert LevelChange.objects.get().cause == "image drift over 4 windows: brightness"
    assert [window.over for window in DriftWindow.objects.order_by("pk")] == [["brightness"]] * 4


def test_one_dark_window_alone_is_no_alarm(line):
    frozen(line)
    show(line, lights(500, DARK, seed=3))
    drift.check(line, now=NOON)
    show(line, lights(1_000, HEALTHY, seed=4))
    drift.check(line, now=NOON)
    assert DriftWindow.objects.count() == 3
    assert not Freeze.objects.exists()


# Answer ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(client, quinn):
    client.force_login(quinn)
    return client


def test_a_lead_signs_a_new_reference_and_promotions_go_on(lead, line):
    old = frozen(line)
    first_seen(line, lights(1_500, DARK, seed=3), until=lambda: Freeze.objects.in_force().exists(), step=250)
    show(line, lights(10_000 // 4, DARK, seed=5))
    lead.post("/lines/phone-back/drift/reference/", {"reason": "new lamp", "password": PASSWORD})
    assert not Freeze.objects.in_force().exists()
    fresh = Baseline.objects.get(replaced_at=None)
    assert fresh.reason == "new lamp"
    assert fresh.metrics["brightness"]["mean"] < old.metrics["brightness"]["mean"]


def test_a_new_reference_wants_the_password(lead, line):
    old = frozen(line)
    lead.post("/lines/phone-back/drift/reference/", {"reason": "new lamp", "password": "wrong"})
    assert Baseline.objects.get(replaced_at=None) == old


def test_the_page_and_the_api_show_reference_windows_and_marks(lead, line):
    frozen(line)
    show(line, lights(500, DARK, seed=3))
    drift.check(line, now=NOON)
    html = lead.get("/lines/phone-back/drift/").content.decode()
    said = lead.get("/api/v1/lines/phone-back/drift/").json()
    assert "brightness" in html
    assert said["reference"]["images"] == REFERENCE
    assert said["windows"][0]["over"] == ["brightness"]
    assert said["marks"][0]["kind"] == "notice"


def test_an_inspector_sees_no_drift_page(client, line):
    client.force_login(make_user("ana"))
    assert client.get("/lines/phone-back/drift/").status_code == 404
