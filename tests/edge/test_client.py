import json
import socket
import stat

import pytest
import requests

from edge.client import Client
from edge.credentials import (
    Key,
    KeyFileError,
    SecretAuth,
    SignatureAuth,
    authentication,
    is_open_to_others,
    read_key,
    signature,
)
from edge.protocol import Accepted, Again, Refused
from tests.edge.builders import KEY, make_capture, write_key
from tests.edge.stub_server import SECRET


@pytest.fixture
def client(server):
    return Client(server.url, KEY)


def post(client, number=1, key="key-1", **changes):
    return client.post(key, make_capture(number, **changes), wait=0.0)


def test_a_posted_picture_is_acknowledged_with_its_run(client):
    assert post(client) == Accepted(serial="A-1", run=1, verdict=None)


def test_the_same_key_again_is_one_part(client, server):
    assert post(client) == post(client)
    assert len(server.received) == 1


def test_the_fields_of_the_contract_are_sent_and_nothing_that_names_the_file(client, server):
    post(client, source="scratch_0001.jpg", view="front", lot="L-8", incumbent_verdict="reject")
    (item,) = server.received
    assert item.fields == {
        "serial": "A-1",
        "captured_at": "2026-03-02T12:00:00.000Z",
        "view": "front",
        "lot": "L-8",
        "incumbent_verdict": "reject",
    }
    assert item.filename == "image"


def test_a_refused_picture_brings_its_problem(client, server):
    server.refusals[make_capture(1).sha256] = {"code": "image-corrupt", "detail": "The JPEG ends early."}
    assert isinstance(post(client), Refused)


def test_a_wrong_key_is_the_stations_trouble_and_not_the_pictures(server):
    assert isinstance(post(Client(server.url, Key(key_id="st-1", secret="wrong"))), Again)
    assert server.received == []


def test_a_server_that_is_away_is_told_in_one_sentence():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        outcome = post(Client(url, KEY))
    assert outcome == Again(reason=f"No answer from {url}/api/v1 (ConnectionError).")


def test_a_redirect_is_not_followed_with_the_key(client, server):
    server.script.append((307, {}, {"Location": f"{server.url}/api/v1/items/?wait=0"}))
    assert isinstance(post(client), Again)
    assert server.received == []


def test_dispositions_come_after_the_cursor(client, server):
    for number in (1, 2):
        post(client, number, f"key-{number}")
        server.dispose(f"A-{number}", "pass")
    page = client.dispositions(after=1, wait=0.0)
    assert [verdict.serial for verdict in page.verdicts] == ["A-2"]
    assert page.next_cursor == 2


def test_a_heartbeat_says_what_the_contract_asks_and_nothing_else(client, server):
    server.level, server.failsafe = "partial", "reject"
    orders = client.heartbeat(spooled=3, last_cursor=812, camera={"last_capture_at": None, "dropped": 0})
    assert (orders.level, orders.failsafe) == ("partial", "reject")
    (pulse,) = server.pulses
    assert set(pulse) == {
        "sent_at",
        "software",
        "spooled",
        "model_sha256",
        "grant",
        "undelivered",
        "last_cursor",
        "camera",
    }


def test_a_signature_opens_the_door_without_showing_the_secret(server):
    client = Client(server.url, KEY)
    client._session.auth = SignatureAuth(KEY)
    assert isinstance(post(client), Accepted)
    assert isinstance(client.heartbeat(spooled=0, last_cursor=0, camera={}).level, str)
    sent = json.dumps([headers for _, _, headers in server.requests])
    assert SECRET not in sent


def test_a_signature_covers_method_path_time_nonce_and_body():
    signed = {"method": "POST", "path": "/api/v1/items/", "timestamp": "1", "nonce": "n", "body": b"x"}
    good = signature(SECRET, **signed)
    changes = [{"method": "PUT"}, {"path": "/"}, {"timestamp": "2"}, {"nonce": "m"}, {"body": b"y"}]
    assert len({good} | {signature(SECRET, **(signed | change)) for change in changes}) == 6


def test_every_try_has_its_own_nonce():
    auth = SignatureAuth(KEY, clock=lambda: 1_772_452_800.0)
    tries = [auth(requests.Request("POST", "http://plant/api/", data=b"x").prepare()).headers for _ in range(2)]
    assert tries[0]["X-Station-Nonce"] != tries[1]["X-Station-Nonce"]
    assert tries[0]["X-Station-Timestamp"] == "1772452800"


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("https://tollgate.plant", SecretAuth),
        ("http://127.0.0.1:8000", SecretAuth),
        ("http://localhost:8000", SecretAuth),
        ("http://[::1]:8000", SecretAuth),
        ("http://tollgate.plant", SignatureAuth),
        ("http://localhost.evil", SignatureAuth),
    ],
)
def test_the_secret_is_shown_only_where_nobody_can_listen(url, way):
    assert isinstance(authentication(url, KEY), way)


@pytest.mark.parametrize("text", ['{"key_id": "st-1", "secret": "s:1", "line": "x"}', "st-1:s:1\n"])
def test_a_key_file_is_json_or_one_line(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    assert read_key(path) == Key(key_id="st-1", secret="s:1")


@pytest.mark.parametrize("text", ["", "{", "st-1", "{}", '{"key_id": 1, "secret": "s"}', ":s", "st-1:"])
def test_a_key_file_without_a_key_says_what_belongs_into_it(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(KeyFileError, match="holds no key: write"):
        read_key(path)


def test_a_key_file_that_is_not_there_is_told_by_name(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_key(tmp_path / "nowhere")


def test_a_secret_is_in_no_text_made_from_a_key():
    assert SECRET not in f"{KEY} {KEY!r}"


def test_a_key_file_others_may_read_is_noticed(tmp_path):
    path = write_key(tmp_path / "key")
    assert not is_open_to_others(path)
    path.chmod(path.stat().st_mode | stat.S_IROTH)
    assert is_open_to_others(path)
