"""Every metric that is measured moves when what it measures moves."""

import os
import shutil
import socket
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection

from inspection import automation
from inspection.models import DefectClass, Hold, OfflineDecision, Outbox, ProcessSeen, Station
from inspection.rules.words import Call, DecidedBy, RiskClass, Stage, Verdict
from monitoring import gathering, rollups
from monitoring.metric_models import MetricWindow
from monitoring.models import Baseline, DriftWindow
from monitoring.rules.metrics import METRICS, PROCESSES
from monitoring.sources import gauges
from review import queues, watches
from review.audit_models import AuditFinding, MissResult, WatchChart
from tests.builders import NOON, make_station, make_user
from tests.monitoring.world import examine, settle, show, window
from tests.review.deciding import make_deciding_line
from tests.review.scene import answer, make_task, predict

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(seconds=30)


@pytest.fixture
def line():
    return make_deciding_line()


# metric -> (what is changed about one image, value it then has, value without)
OF_IMAGES = {
    "p99_luminance": ({"measures": {"p99_luminance": 61.0}}, 61, 200),
    "patch_luminance": ({"measures": {"patch_luminance": 40.0}}, 40, None),
    "exif_missing": ({"item": {"has_exif": False}}, 1, None),
    "brightness": ({"measures": {"brightness": 19.0}}, 19, 130),
    "contrast": ({"measures": {"contrast": 11.0}}, 11, 40),
    "sharpness": ({"measures": {"sharpness": 3.0}}, 3, 90),
    "saturation": ({"measures": {"saturation": 0.6}}, 0.6, 0.2),
    "entropy": ({"measures": {"entropy": 1.5}}, 1.5, 6),
    "image_size": ({"item": {"size_bytes": 77}}, 77, 1000),
    "aspect": ({"item": {"width": 480, "height": 480}}, 1, 640 / 480),
    "arrival_lag": ({"item": {"captured_at": NOON - timedelta(seconds=90)}}, 90, 0),
    "blank": ({"measures": {"blank": True}}, 1, 0),
    "unreadable": ({"measures": {}, "score": None, "failed": (Stage.DECODE,)}, 1, 0),
    "same_image": ({"reason": "camera-stuck"}, 1, 0),
    "outside_envelope": ({"reason": "outside-envelope"}, 1, 0),
    "score": ({"score": 0.9}, 0.9, 0.1),
    "missing_predictions": ({"score": None}, 1, 0),
    "call_rate": ({"call": Call.DEFECT}, 1, 0),
    "uncertain": ({"score": 0.5}, 1, 0),
    "model_errors": ({"failed": (Stage.PREDICT,)}, 1, 0),
    "stage_p95": ({"took_s": 3.0}, 3, 0.5),
    **{f"{stage.value}_ms": ({"ms": 400.0}, 400, 20) for stage in Stage},
}
# metric -> (verdict and its facts, call of the model, value it then has, value of a plain pass by a person)
OF_VERDICTS = {
    "rejected": ((Verdict.REJECT, {}), Call.DEFECT, 1, 0),
    "held": ((Verdict.HOLD, {}), Call.PASS, 1, 0),
    "cannot_judge": ((Verdict.HOLD, {}), Call.PASS, 1, 0),
    "fail_safe": ((Verdict.HOLD, {"by": DecidedBy.FAILSAFE}), Call.PASS, 1, 0),
    "decided_alone": ((Verdict.PASS, {"by": DecidedBy.MODEL}), Call.PASS, 1, 0),
    "missing_views": ((Verdict.HOLD, {"missing_views": ("back",)}), Call.PASS, 1, 0),
    "time_to_verdict": ((Verdict.PASS, {"at": NOON + timedelta(seconds=25)}), Call.PASS, 25, 0),
    "missed": ((Verdict.REJECT, {}), Call.PASS, 1, 0),
    "overkill": ((Verdict.PASS, {}), Call.DEFECT, 1, None),
}


@pytest.mark.parametrize("metric", OF_IMAGES)
def test_a_metric_of_images_moves(line, metric):
    change, changed, plain = OF_IMAGES[metric]
    examine(line, "A-1")
    gathering.follow(now=LATER)
    if plain is not None:
        assert window(line, metric).summary.mean == pytest.approx(plain)
    examine(line, "A-2", at=NOON + timedelta(minutes=5), **_later(change))
    gathering.follow(now=NOON + timedelta(minutes=6))
    assert rollups.newest(line.pk, [metric], now=NOON + timedelta(minutes=6), minutes=3)[metric].mean == pytest.approx(
        changed
    )


def _later(change: dict) -> dict:
    """A picture taken long before it came is so at any time."""
    facts = dict(change)
    if "item" in facts and "captured_at" in facts["item"]:
        at = NOON + timedelta(minutes=5)
        facts["item"] = {"captured_at": at - timedelta(seconds=90), "received_at": at}
    return facts


@pytest.mark.parametrize("metric", OF_VERDICTS)
def test_a_metric_of_verdicts_moves(line, metric):
    (verdict, facts), call, changed, plain = OF_VERDICTS[metric]
    settle(examine(line, "A-1"), Verdict.PASS, sequence=1)
    gathering.follow(now=LATER)
    if plain is not None:
        assert window(line, metric).summary.mean == plain
    MetricWindow.objects.all().delete()
    settle(examine(line, "A-2", call=call), verdict, sequence=2, **facts)
    gathering.follow(now=LATER)
    assert window(line, metric).summary.mean == changed


def test_the_mix_of_called_classes_is_counted_by_risk(line):
    for n, (code, risk) in enumerate((("crack", RiskClass.CRITICAL), ("stain", RiskClass.COSMETIC))):
        DefectClass.objects.update_or_create(
            line=line, code=code, defaults={"name": code, "name_ko": code, "risk_class": risk.value, "key": 8 + n}
        )
    for n, code in enumerate(("crack", "crack", "crack", "stain")):
        item = examine(line, f"A-{n}", score=None)
        predict(item, Call.DEFECT, score=0.9, defect_class=code)
    gathering.follow(now=LATER)
    shares = {risk.value: window(line, f"calls_{risk.value}").summary.mean for risk in RiskClass}
    assert shares == {"critical": 0.75, "major": 0.0, "cosmetic": 0.25}


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [([4, 5, 6], 0), ([4, 5, 8, 9], 1), ([4, 6, 5], 1), ([9_000, 1, 2], 0), ([4, None, 5], 0), ([4, "5", 6], 1)],
)
def test_a_gap_in_a_station_s_numbers_is_seen_once(line, numbers, gaps):
    station = make_station(line)
    for n, number in enumerate(numbers):
        meta = {} if number is None else {"sequence": number}
        examine(line, f"A-{n}", item={"station": station, "meta": meta})
        gathering.follow(now=LATER)
    assert window(line, "sequence_gap").total == gaps


@pytest.mark.parametrize(("luminance", "share"), [(61.0, 1), (200.0, 0)])
def test_on_a_line_that_is_held_an_image_outside_what_is_certified_still_counts_as_outside(line, luminance, share):
    examine(line, "A-1", reason="hold", measures={"p99_luminance": luminance}, bands=line.bands)
    gathering.follow(now=LATER)
    assert window(line, "outside_envelope").summary.mean == share


def test_on_a_line_that_is_held_a_stuck_camera_is_still_seen_as_stuck(line):
    station = make_station(line)
    for n in range(4):
        fingerprint = f"{0xABCD << 16 * min(n, 2):016x}"
        examine(line, f"A-{n}", at=NOON + timedelta(seconds=n), reason="hold", measures={"fingerprint": fingerprint},
                item={"station": station})  # fmt: skip
    gathering.follow(now=LATER)
    assert window(line, "same_image").total == 1


def test_blank_images_are_alike_and_say_nothing_about_a_stuck_camera(line):
    examine(line, "A-1", reason="camera-stuck", measures={"blank": True})
    gathering.follow(now=LATER)
    assert not MetricWindow.objects.filter(metric="same_image").exists()
    assert window(line, "blank").total == 1


def test_duplicates_volume_and_doubt_are_counted(line):
    first = examine(line, "A-1")
    examine(line, "A-2", item={"duplicate_of": first})
    gathering.follow(now=LATER)
    assert window(line, "volume").total == 2
    assert window(line, "duplicate").summary.mean == 0.5
    assert window(line, "uncertainty").summary.mean == pytest.approx(0.1)


def test_rework_is_seen(line):
    item = examine(line, "A-1")
    type(item.run).objects.filter(pk=item.run_id).update(n=2)
    settle(item, Verdict.PASS, sequence=1)
    gathering.follow(now=LATER)
    assert window(line, "rework").summary.mean == 1


def test_what_audits_and_challenges_find_is_counted(line):
    watch = watches.current(line, now=NOON)
    run = examine(line, "A-1").run
    AuditFinding.objects.create(line=line, watch=watch, run=run, kind="auto_pass", is_bad=True, found_at=NOON)
    MissResult.objects.create(line=line, watch=watch, source="bank-1", is_missed=True, shown_at=NOON)
    gathering.follow(now=LATER)
    assert window(line, "escaped_fraction").summary.mean == 1
    assert window(line, "challenge_misses").summary.mean == 1


def test_what_a_slower_transaction_finds_is_counted_with_the_next_look(line):
    watch = watches.current(line, now=NOON)
    facts = {"line": line, "watch": watch, "kind": "auto_pass", "found_at": LATER}
    slow, quick = (examine(line, serial).run for serial in ("A-1", "A-2"))
    AuditFinding.objects.create(pk=1002, run=quick, is_bad=True, **facts)
    MissResult.objects.create(pk=1002, line=line, watch=watch, source="quick", is_missed=True, shown_at=LATER)
    gathering.follow(now=LATER + timedelta(seconds=1))
    AuditFinding.objects.create(pk=1001, run=slow, is_bad=False, **facts)
    MissResult.objects.create(pk=1001, line=line, watch=watch, source="slow", is_missed=False, shown_at=LATER)
    gathering.follow(now=LATER + timedelta(seconds=10))
    assert window(line, "escaped_fraction").summary.mean == 0.5
    assert window(line, "challenge_misses").summary.mean == 0.5


# Levels ---------------------------------------------------------------------------------------------------------


def level(metric: str, line=None, *, now=LATER):
    seen = gauges.of_line(line, now=now) if line else gauges.of_installation(now=now)
    return next((one.value for one in seen if one.metric == metric), None)


def test_the_queue_is_read(line):
    item = examine(line, "A-1")
    assert level("queue_waiting", line) == 0
    queues.admit(item.routing, now=NOON)
    assert (level("queue_waiting", line), level("queue_age", line)) == (1, 30)


def test_a_call_that_should_be_final_is_read(line):
    answer(make_task(line, "A-1"), make_user("ana"))
    assert level("final_lag", line, now=NOON + timedelta(seconds=9)) == 0
    assert level("final_lag", line, now=NOON + timedelta(seconds=50)) == 40


def test_stations_and_cameras_are_read(line):
    make_station(line, last_seen_at=NOON)
    assert level("station_silence", line) == 30
    assert level("camera_age", line) is None
    camera = {"last_capture_at": (NOON - timedelta(seconds=60)).isoformat(), "dropped": 4}
    Station.objects.update(clock_skew_s=-75.0, spooled=9, camera=camera)
    read = {name: level(name, line) for name in ("clock_skew", "spooled", "camera_dropped", "camera_age")}
    assert read == {"clock_skew": 75, "spooled": 9, "camera_dropped": 4, "camera_age": 90}


def test_a_refused_decision_of_a_station_is_read_for_an_hour(line):
    station = make_station(line, last_seen_at=NOON)
    assert level("claims_refused", line) == 0
    said = {
        "claim": {},
        "verdict": "pass",
        "age_s": 1.0,
        "decided_at": NOON,
        "received_at": NOON,
        "reconciled_at": NOON,
    }
    OfflineDecision.objects.create(
        item=examine(line, "A-1"), line=line, station=station, standing="refused", reason="grant-lapsed", **said
    )
    assert level("claims_refused", line) == 1
    OfflineDecision.objects.update(reconciled_at=NOON - timedelta(hours=2))
    assert level("claims_refused", line) == 0


def test_a_line_that_has_not_run_for_long_is_not_silent_but_idle(line):
    assert level("image_age", line) is None
    examine(line, "A-1")
    assert level("image_age", line) == 30
    assert level("image_age", line, now=NOON + timedelta(days=1)) is None


def test_holds_and_charts_are_read(line):
    watch = watches.current(line, now=NOON)
    assert level("on_hold", line) == 0
    automation.place_hold(line, kind=Hold.ALARM, reason="dark", now=NOON)
    WatchChart.objects.filter(watch=watch).delete()
    for name in (WatchChart.SILENCE, WatchChart.ESCAPE):
        WatchChart.objects.create(watch=watch, name=name, p0=0.01, p1=0.02, warn=2, act=4, w=3, opened_at=NOON)
    assert (level("on_hold", line), level("silence", line), level("escape_chart", line)) == (1, 0.75, 0.75)


def test_drift_is_read_as_how_far_two_of_three_windows_lie_in_thresholds(line):
    watch = watches.current(line, now=NOON)
    item = examine(line, "A-1")
    assert level("drift", line) is None
    baseline = Baseline.objects.create(
        line=line, watch=watch, images=400, shifts=1, reason="rose", taken_at=NOON, ends_with=item.pk, cursor=item.pk,
        window_after=item.pk, window_began_at=NOON, metrics={"brightness": {"threshold": 0.5}},
    )  # fmt: skip
    seen = []
    for far in (1.5, 0.1, 1.0):
        DriftWindow.objects.create(
            baseline=baseline,
            images=500,
            distances={"brightness": far, "score": far},
            over=[],
            began_at=NOON,
            closed_at=NOON,
        )
        seen.append(level("drift", line))
    assert seen == [0, 0.2, 2]
    assert level("score_shift", line) is None
    Baseline.objects.update(metrics={"score": {"threshold": 0.5}})
    assert level("score_shift", line) == 2
    assert level("certify_days", line) is None
    Baseline.objects.update(certify_again_by=(NOON + timedelta(days=9)).date())
    assert level("certify_days", line) == 9


def test_waiting_work_is_read():
    assert (level("outbox_waiting"), level("outbox_age")) == (0, 0)
    Outbox.objects.create(topic="item.received", key="x", available_at=NOON)
    assert (level("outbox_waiting"), level("outbox_age")) == (1, 30)


def test_a_notice_of_before_is_no_late_verdict():
    Outbox.objects.create(topic="proposal.opened", key="x", available_at=NOON - timedelta(days=13))
    assert (level("outbox_waiting"), level("outbox_age")) == (0, 0)


def test_the_disk_and_its_days_are_read(settings, tmp_path, monkeypatch):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "config.storage.DurableFileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=40, total=100))
    assert (level("storage_free"), level("storage_days")) == (0.4, None)
    show(None, "storage_free", [0.9], at=NOON - timedelta(hours=2))
    rollups.roll(now=NOON)
    assert level("storage_days", now=NOON) is None
    show(None, "storage_free", [0.5], at=NOON - timedelta(days=1, hours=1))
    rollups.roll(now=NOON)
    assert level("storage_free", now=NOON) == 0.4
    assert level("storage_days", now=NOON) == pytest.approx(4.0)


def test_database_broker_and_load_are_read(monkeypatch, settings, tmp_path):
    settings.REDIS_URL = "memory://"
    assert level("broker_down") == 0
    settings.REDIS_URL = f"redis+socket://{tmp_path}/nobody.sock"
    assert level("broker_down") == 1
    slow = []

    def wait(execute, *arguments):
        slow.append(sum(range(300_000)))
        return execute(*arguments)

    quick = level("database_ms")
    with connection.execute_wrapper(wait):
        assert level("database_ms") > quick > 0
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0, 0, 0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert level("load") == 2


def test_processes_are_read():
    assert level("worker_silence") is None
    for name in ("worker", "relay"):
        ProcessSeen.objects.create(name=name, holder=f"{socket.gethostname()}:{os.getpid()}", seen_at=NOON)
    assert level("worker_silence") == 30
    before = level("worker_memory")
    assert level("relay_memory") == pytest.approx(before, abs=20)
    ballast = bytearray(60 * 2**20)
    assert level("worker_memory") > before + 40
    del ballast
    ProcessSeen.objects.update(holder="elsewhere:1")
    assert level("worker_memory") is None


TESTED_BY_NAME = {
    "duplicate", "volume", "uncertainty", "rework", "escaped_fraction", "challenge_misses", "queue_waiting",
    "queue_age", "calls_critical", "calls_major", "calls_cosmetic", "sequence_gap", "certify_days", "station_silence",
    "final_lag", "review_days",
    "clock_skew", "claims_refused", "spooled", "camera_dropped", "camera_age", "image_age", "on_hold",
    "silence", "escape_chart", "drift", "score_shift", "outbox_waiting", "outbox_age", "storage_free", "storage_days",
    "database_ms", "broker_down", "load", "worker_silence", "models_loaded", "model_load", "embedding_distance",
    "gold_misses", "overturns", "people_agreement", "web_requests", "web_errors", "web_time", "write_wait",
    "loop_wait", "loop_late",
} | {f"{name}_{what}" for name in PROCESSES for what in ("memory", "processor")}  # fmt: skip


def test_every_metric_has_a_test_that_moves_it():
    assert {metric.name for metric in METRICS} == OF_IMAGES.keys() | OF_VERDICTS.keys() | TESTED_BY_NAME
