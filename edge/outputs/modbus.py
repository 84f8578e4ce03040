"""The control output as holding registers of a controller, over Modbus TCP.

The station writes one block; the controller answers by copying the number it has acted on:

    BASE + 0      number   1-65535, another with each part; the same again when a part is told again
    BASE + 1      verdict  1 pass, 2 reject, 3 hold
    BASE + 2      run      0 when unknown
    BASE + 3…18   serial   two ASCII characters a register, the high byte first, filled up with zeros
    BASE + 19     done     written by the controller: the last number it has acted on

A part counts as told only when `done` shows its number, so that no part overwrites the one before.
"""

import threading
import time
from urllib.parse import urlsplit

from pymodbus import ModbusException
from pymodbus.client import ModbusTcpClient

from edge.outputs import Command, OutputError

CODES = {"pass": 1, "reject": 2, "hold": 3}
SERIAL_REGISTERS = 16
DONE = 3 + SERIAL_REGISTERS
ANSWER_WITHIN = 2.0
_LOOK = 0.02
# Commands that could not be written down count in a range of their own: a
# recorded one after them must not look like a repeat.
_RECORDED = 60_000
_UNRECORDED = 5_535


def connect(address: str, *, name: str) -> "ModbusOutput":
    """Open `modbus://HOST:PORT/BASE`; the port is 502 and the base 0 unless told."""
    parts = urlsplit(address)
    base = parts.path.strip("/") or "0"
    if parts.scheme != "modbus" or not parts.hostname or not base.isdigit():
        raise OutputError(f"{address!r} is no Modbus address, use modbus://HOST:PORT/BASE.")
    return ModbusOutput(parts.hostname, port=parts.port or 502, base=int(base))


class ModbusOutput:
    """One controller."""

    def __init__(self, host: str, *, port: int, base: int = 0, answer_within: float = ANSWER_WITHIN) -> None:
        self._client = ModbusTcpClient(host, port=port, timeout=1, retries=1)
        self._base, self._answer_within = base, answer_within
        self._place = f"{host}:{port}"
        self._turn = threading.Lock()

    def drive(self, command: Command) -> None:
        with self._turn:
            try:
                self._write(command)
            except (ModbusException, OSError) as fault:
                self._client.close()
                raise OutputError(f"The controller {self._place} does not answer ({type(fault).__name__}).") from fault

    def _write(self, command: Command) -> None:
        if not self._client.connected:
            self._client.connect()
        answer = self._client.write_registers(self._base, registers(command))
        if answer.isError():
            raise OutputError(f"The controller {self._place} refuses registers from {self._base} on.")
        end = time.monotonic() + self._answer_within
        while self._done() != wire_number(command):
            if time.monotonic() > end:
                raise OutputError(f"The controller {self._place} has not acted on {command.serial} yet.")
            time.sleep(_LOOK)

    def _done(self) -> int | None:
        answer = self._client.read_holding_registers(self._base + DONE, count=1)
        return None if answer.isError() else answer.registers[0]


def wire_number(command: Command) -> int:
    """The command's number as one register holds it: 1-65535, never the same for two parts in a row."""
    if command.number > 0:
        return (command.number - 1) % _RECORDED + 1
    return _RECORDED + (-command.number - 1) % _UNRECORDED + 1


def registers(command: Command) -> list[int]:
    """The block for one command. What does not fit of the serial is cut; what is not ASCII shows as `?`."""
    text = command.serial.encode("ascii", "replace")[: 2 * SERIAL_REGISTERS].ljust(2 * SERIAL_REGISTERS, b"\0")
    serial = [int.from_bytes(text[place : place + 2]) for place in range(0, len(text), 2)]
    return [wire_number(command), CODES[command.verdict], min(command.run or 0, 0xFFFF), *serial]
