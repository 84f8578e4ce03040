"""Station keys: shown once, sealed, two live at most."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from inspection import stations
from inspection.models import StationKey
from inspection.stations import TwoKeysLive
from tests.builders import NOON, make_line, make_station

pytestmark = pytest.mark.django_db


@pytest.fixture
def station():
    return make_station(make_line())


def live(station) -> set[str]:
    return set(StationKey.objects.filter(station=station, revoked_at=None).values_list("key_id", flat=True))


def test_the_secret_is_shown_once_and_kept_nowhere(station):
    issued = stations.issue_key(station, now=NOON)
    row = StationKey.objects.get()
    kept = f"{row.key_id} {row.digest} {bytes(row.sealed)!r}"
    assert issued.secret not in kept
    assert issued.secret not in repr(issued)


def test_a_key_knows_its_secret_and_no_other(station):
    issued = stations.issue_key(station, now=NOON)
    key = stations.live_key(issued.key_id)
    assert stations.is_secret_of(key, issued.secret)
    assert not stations.is_secret_of(key, issued.secret + "x")
    assert not stations.is_secret_of(key, "")


def test_the_sealed_copy_signs_as_the_station_does(station):
    issued = stations.issue_key(station, now=NOON)
    by_the_station = hmac.new(issued.secret.encode(), b"message", hashlib.sha256).hexdigest()
    assert stations.signature(stations.live_key(issued.key_id), b"message") == by_the_station


def test_the_seal_outlives_a_new_secret_key(station, settings):
    issued = stations.issue_key(station, now=NOON)
    signed = stations.signature(stations.live_key(issued.key_id), b"message")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one"
    assert stations.signature(stations.live_key(issued.key_id), b"message") == signed


def test_a_third_live_key_is_refused(station):
    for _ in range(2):
        stations.issue_key(station, now=NOON)
    with pytest.raises(TwoKeysLive, match="st-01"):
        stations.issue_key(station, now=NOON)
    assert len(live(station)) == 2


def test_rotation_keeps_the_newest_key_beside_the_next(station):
    keys = [stations.rotate_key(station, now=NOON + timedelta(days=day)).key_id for day in range(3)]
    assert live(station) == set(keys[1:])


def test_a_withdrawn_key_frees_its_slot(station):
    first, _ = (stations.issue_key(station, now=NOON) for _ in range(2))
    stations.withdraw_key(stations.live_key(first.key_id), now=NOON)
    third = stations.issue_key(station, now=NOON)
    assert third.key_id in live(station)


def test_a_disabled_station_has_no_live_key(station):
    key = stations.issue_key(station, now=NOON)
    stations.disable(station, now=NOON)
    assert live(station) == set()
    assert stations.live_key(key.key_id) is None


@pytest.mark.parametrize("off", ["station", "line"])
def test_a_key_is_live_only_while_station_and_line_are_active(station, off):
    key = stations.issue_key(station, now=NOON)
    row = station if off == "station" else station.line
    type(row).objects.filter(pk=row.pk).update(is_active=False)
    assert stations.live_key(key.key_id) is None


def test_looking_up_a_key_is_one_statement(station, django_assert_num_queries):
    key = stations.issue_key(station, now=NOON)
    with django_assert_num_queries(1):
        assert stations.live_key(key.key_id).station.line.slug == "phone-glass"


def test_the_importer_of_a_line_is_one_station_without_a_key(station):
    importer = stations.importer(station.line, now=NOON)
    assert stations.importer(station.line, now=NOON) == importer
    assert live(importer) == set()
