"""The control output as MQTT messages.

tollgate/NAME/verdict   one JSON object for each part, QoS 1; the same `number` again is the same command
tollgate/NAME/station   retained: `online`, or `offline` by the station's last will
"""

import json
import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from edge.outputs import Command, OutputError

ACKNOWLEDGED_WITHIN = 2.0
KEEPALIVE = 10
ROOT = "tollgate"


def connect(address: str, *, name: str) -> "MqttOutput":
    """Open `mqtt://USER:PASSWORD@HOST:PORT` or, over TLS, `mqtts://…`; user and password only where needed."""
    parts = urlsplit(address)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise OutputError(f"{_without_password(address)!r} is no MQTT address, use mqtt://HOST:PORT.")
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{ROOT}-{name}", clean_session=True)
    if parts.scheme == "mqtts":
        client.tls_set()
    if parts.username:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
    port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    return MqttOutput(client, parts.hostname, port=port, name=name)


class MqttOutput:
    """One broker. A part counts as told when the broker has acknowledged it."""

    def __init__(self, client: Client, host: str, *, port: int, name: str) -> None:
        self._client, self._place = client, f"{host}:{port}"
        self._topic, self._status = f"{ROOT}/{name}/verdict", f"{ROOT}/{name}/station"
        self._turn = threading.Lock()
        client.will_set(self._status, "offline", qos=1, retain=True)
        client.on_connect = self._say_online
        client.reconnect_delay_set(1, 10)
        client.connect_async(host, port, keepalive=KEEPALIVE)
        client.loop_start()

    def drive(self, command: Command) -> None:
        with self._turn:
            if not self._client.is_connected():
                raise OutputError(f"The broker {self._place} is not there.")
            self._await(self._client.publish(self._topic, json.dumps(message(command)), qos=1))

    def _await(self, sent: MQTTMessageInfo) -> None:
        try:
            sent.wait_for_publish(ACKNOWLEDGED_WITHIN)
        except (RuntimeError, ValueError) as fault:
            raise OutputError(f"The broker {self._place} takes no messages ({fault}).") from fault
        if not sent.is_published():
            raise OutputError(f"The broker {self._place} does not acknowledge.")

    def _say_online(self, client: Client, *_: Any) -> None:
        client.publish(self._status, "online", qos=1, retain=True)


def message(command: Command) -> dict[str, Any]:
    """What is published about one part."""
    return {
        "number": command.number,
        "serial": command.serial,
        "run": command.run,
        "verdict": command.verdict,
        "reason": command.reason,
        "repeated": command.repeated,
    }


def _without_password(address: str) -> str:
    head, at, tail = address.rpartition("@")
    return f"…@{tail}" if at else head + tail
