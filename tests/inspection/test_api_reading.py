"""What a station reads: its parts, its verdicts in order, its orders by heartbeat."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import now as clock

from inspection import dispositions, epochs
from inspection.models import Bands, Deployment, Hold, Line, Lot, Station
from inspection.rules.words import DecidedBy, Level, Verdict
from tests.builders import NOON, make_line, make_model_version
from tests.inspection.making import make_device, make_item
from tests.inspection.pictures import file_of, jpeg

pytestmark = pytest.mark.django_db
VERDICTS = "/api/v1/dispositions/"
HEARTBEAT = "/api/v1/stations/me/heartbeat/"


def passed(device, serial: str, *, second: int = 0, verdict: Verdict = Verdict.PASS):
    picture = file_of(jpeg(shade=sum(map(ord, serial)) % 200))
    item = make_item(device.station, serial=serial, idempotency_key=f"{serial}-{second}", file=picture)
    return dispositions.settle_view(
        item,
        verdict=verdict,
        decided_by=DecidedBy.MODEL,
        level=Level.PARTIAL,
        reason="inside-bands",
        at=NOON + timedelta(seconds=second),
    )


# Parts --------------------------------------------------------------------------------------------------------------


def test_a_part_is_shown_with_its_runs_and_views():
    device = make_device(make_line(views=["front", "back"]))
    item = make_item(device.station, lot="L-8")
    part = device.get("/api/v1/parts/A-17/").json()
    assert part == {
        "line": "phone-glass",
        "serial": "A-17",
        "lot": "L-8",
        "lot_on_hold": False,
        "ever_rejected_or_held": False,
        "runs": [
            {
                "run": 1,
                "opened_at": "2026-11-23T12:00:00Z",
                "state": "open",
                "views": [{"view": "front", "item": str(item.pk), "state": "received", "verdict": None}],
                "missing_views": ["back"],
                "disposition": None,
            }
        ],
    }


@pytest.mark.parametrize(
    ("lot_release", "released", "on_hold"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_lot_that_waits_for_its_release_is_told(lot_release, released, on_hold):
    device = make_device(make_line(lot_release=lot_release))
    make_item(device.station, lot="L-8")
    if released:
        Lot.objects.update(released_at=NOON)
    assert device.get("/api/v1/parts/A-17/").json()["lot_on_hold"] == on_hold


def test_rework_is_shown_as_the_next_run(device):
    passed(device, "A-17", verdict=Verdict.REJECT)
    make_item(device.station, idempotency_key="again")
    part = device.get("/api/v1/parts/A-17/").json()
    assert part["ever_rejected_or_held"]
    assert [(run["run"], run["state"]) for run in part["runs"]] == [(1, "final"), (2, "open")]
    assert part["runs"][0]["disposition"]["verdict"] == part["runs"][0]["views"][0]["verdict"] == "reject"


def test_the_same_serial_on_another_line_is_another_part(device):
    other = make_device(make_line("phone-back"))
    make_item(other.station)
    assert device.get("/api/v1/parts/A-17/").status_code == 404
    assert device.get("/api/v1/parts/A-17/?line=phone-back").status_code == 404


def test_a_part_costs_the_same_however_often_it_was_reworked(device, django_assert_num_queries):
    for n in range(5):
        passed(device, "A-17", second=n)
    with django_assert_num_queries(4):
        assert len(device.get("/api/v1/parts/A-17/").json()["runs"]) == 5


# The cursor ---------------------------------------------------------------------------------------------------------


def test_verdicts_come_in_the_lines_order_from_a_cursor(device):
    for second, serial in enumerate("ABC"):
        passed(device, serial, second=second)
    dispositions.sequence_due(now=NOON)
    first = device.get(f"{VERDICTS}?limit=2").json()
    assert ([row["serial"] for row in first["results"]], first["next"]) == (["A", "B"], 2)
    rest = device.get(f"{VERDICTS}?after={first['next']}").json()
    assert ([row["serial"] for row in rest["results"]], rest["next"]) == (["C"], 3)
    assert device.get(f"{VERDICTS}?after=3").json() == {"results": [], "next": 3}


def test_a_verdict_without_its_place_is_not_in_the_list_yet(device):
    passed(device, "A")
    assert device.get(VERDICTS).json() == {"results": [], "next": 0}


def test_a_station_reads_the_verdicts_of_its_own_parts():
    line = make_line()
    one, other = make_device(line), make_device(line, "st-02")
    passed(one, "A")
    passed(other, "B", second=1)
    dispositions.sequence_due(now=NOON)
    assert [row["serial"] for row in one.get(VERDICTS).json()["results"]] == ["A"]
    assert [(row["serial"], row["cursor"]) for row in other.get(VERDICTS).json()["results"]] == [("B", 2)]


def test_a_page_of_verdicts_is_two_statements(device, django_assert_num_queries):
    for serial in "ABCD":
        passed(device, serial)
    dispositions.sequence_due(now=NOON)
    with django_assert_num_queries(2):
        assert len(device.get(VERDICTS).json()["results"]) == 4


def test_an_item_is_two_statements(device, django_assert_num_queries):
    passed(device, "A")
    address = device.get("/api/v1/parts/A/").json()["runs"][0]["views"][0]["item"]
    with django_assert_num_queries(2):
        assert device.get(f"/api/v1/items/{address}/").json()["state"] == "final"


# The heartbeat ------------------------------------------------------------------------------------------------------


def pulse(**said) -> dict:
    return {"sent_at": clock().isoformat().replace("+00:00", "Z")} | said


def beat(device, **said) -> dict:
    response = device.client.post(HEARTBEAT, pulse(**said), "application/json", headers=device.credentials)
    assert response.status_code == 200, response.content
    return response.json()


def automated(line: Line) -> Bands:
    version = make_model_version()
    epochs.enter(line, version, cause="test", now=NOON)
    bands = Bands.objects.create(
        line=line, epoch=line.epoch, model_version=version, calibrator_hash=epochs.calibrator_hash(version),
        t_lo=0.1, t_hi=0.9, certificates={}, envelope={"brightness": [90, 140]}, created_at=NOON,
    )  # fmt: skip
    Deployment.objects.create(line=line, serving=version)
    Line.objects.filter(pk=line.pk).update(level="partial", bands=bands)
    return bands


def test_a_heartbeat_is_kept_and_answered_with_the_stations_orders(device):
    camera = {"last_capture_at": "2026-11-23T12:00:00Z", "dropped": 2}
    answer = beat(device, software="edge 1", spooled=3, last_cursor=7, model_sha256=None, camera=camera)
    station = Station.objects.get()
    assert (station.software, station.spooled, station.last_cursor, station.camera["dropped"]) == ("edge 1", 3, 7, 2)
    assert (answer["line"], answer["level"], answer["model"]) == ("phone-glass", "human", None)
    assert answer["policy"].keys() == {"id", "bands", "envelope", "call_threshold", "failsafe", "valid_for"}
    assert (answer["policy"]["failsafe"], answer["policy"]["valid_for"]) == ("hold", 60)
    assert abs(datetime.fromisoformat(answer["server_time"]) - clock()) < timedelta(minutes=1)


@pytest.mark.parametrize("minutes", [-90, 0, 90])
def test_t29_the_stations_clock_is_measured_and_orders_nothing(device, minutes):
    answer = beat(device, sent_at=(clock() + timedelta(minutes=minutes)).isoformat())
    assert answer["skew_s"] == pytest.approx(-60 * minutes, abs=30)
    assert Station.objects.get().clock_skew_s == answer["skew_s"]


def test_a_station_on_a_deciding_line_hears_of_model_and_bands(device):
    automated(device.station.line)
    answer = beat(device)
    assert answer["model"]["name"] == "scratch-net"
    assert answer["policy"]["bands"] == {"t_lo": 0.1, "t_hi": 0.9}
    assert answer["policy"]["envelope"] == {"brightness": [90, 140]}


@pytest.mark.parametrize("level", ["human", "shadow", "assist"])
def test_below_partial_a_station_hears_of_no_model_and_no_band(device, level):
    automated(device.station.line)
    Line.objects.update(level=level)
    answer = beat(device)
    assert (answer["model"], answer["policy"]["bands"], answer["policy"]["envelope"]) == (None, None, None)


def test_a_line_on_hold_lets_no_station_decide(device):
    automated(device.station.line)
    Hold.objects.create(line=device.station.line, kind="stop", reason="drill", placed_at=NOON)
    assert beat(device)["policy"]["bands"] is None


def test_the_policys_id_changes_with_what_it_allows(device):
    before = beat(device)["policy"]["id"]
    assert beat(device)["policy"]["id"] == before
    automated(device.station.line)
    assert beat(device)["policy"]["id"] != before
