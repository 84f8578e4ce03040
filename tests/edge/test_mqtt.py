"""The MQTT output against a real broker."""

import json
import shutil
import socket
import subprocess
import threading

import pytest

from edge.outputs import Command, OutputError, connect

mqtt = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")

needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="no MQTT broker here: mosquitto is not installed")


def command(number=1, **changes):
    given = {"number": number, "serial": "A-17", "run": 1, "verdict": "reject", "reason": "긁힘"}
    return Command(**(given | changes))


class Broker:
    """A mosquitto of the test's own."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._file = folder / "broker.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.process = None

    @property
    def address(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)], stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def broker(tmp_path):
    running = Broker(tmp_path)
    running.start()
    yield running
    running.stop()


class Listener:
    """The control software: hears everything below `tollgate/`."""

    def __init__(self, port):
        self.heard, self._changed = [], threading.Condition()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe("tollgate/#", qos=1)
        self.client.on_message = self._hear
        self.listening = threading.Event()
        self.client.on_subscribe = lambda *_: self.listening.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    def _hear(self, client, userdata, message):
        with self._changed:
            self.heard.append((message.topic, message.payload.decode()))
            self._changed.notify_all()

    def wait_for(self, fact):
        with self._changed:
            assert self._changed.wait_for(lambda: fact(self.heard), timeout=20), self.heard


@pytest.fixture
def listener(broker):
    listening = Listener(broker.port)
    yield listening
    listening.client.loop_stop()


def drive(output, given, eventually):
    def told():
        try:
            output.drive(given)
        except OutputError:
            return False
        return True

    eventually(told)


@needs_broker
def test_each_part_is_one_acknowledged_message(broker, listener, eventually):
    assert listener.listening.wait(20)
    output = connect("mqtt", broker.address, name="st-1")
    for number in (1, 2):
        drive(output, command(number), eventually)
    listener.wait_for(lambda heard: len([topic for topic, _ in heard if topic == "tollgate/st-1/verdict"]) == 2)
    first = next(json.loads(payload) for topic, payload in listener.heard if topic == "tollgate/st-1/verdict")
    assert first == {
        "number": 1,
        "serial": "A-17",
        "run": 1,
        "verdict": "reject",
        "reason": "긁힘",
        "repeated": False,
    }


@needs_broker
def test_the_station_is_announced_and_its_last_will_says_when_it_is_gone(broker, listener):
    output = connect("mqtt", broker.address, name="st-1")
    listener.wait_for(lambda heard: ("tollgate/st-1/station", "online") in heard)
    # A cable that is cut, not a farewell: only then the broker speaks the last will.
    output._client.socket().shutdown(socket.SHUT_RDWR)
    listener.wait_for(lambda heard: ("tollgate/st-1/station", "offline") in heard)


@needs_broker
def test_a_broker_that_goes_away_counts_as_not_told_until_it_is_back(broker, eventually):
    output = connect("mqtt", broker.address, name="st-1")
    drive(output, command(1), eventually)
    broker.stop()
    with pytest.raises(OutputError):
        output.drive(command(2))
    broker.start()
    drive(output, command(2), eventually)


def test_no_broker_at_all_counts_as_not_told():
    output = connect("mqtt", "mqtt://127.0.0.1:1", name="st-1")
    with pytest.raises(OutputError, match=r"The broker 127\.0\.0\.1:1 is not there\."):
        output.drive(command())


@pytest.mark.parametrize("address", ["", "127.0.0.1", "http://ana:secret@127.0.0.1"])
def test_an_address_that_is_none_says_what_it_should_be_and_no_password(address):
    with pytest.raises(OutputError, match="use mqtt://HOST:PORT") as fault:
        connect("mqtt", address, name="st-1")
    assert "secret" not in str(fault.value)
