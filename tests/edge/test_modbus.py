"""The Modbus output against a real Modbus TCP server that plays the controller."""

import asyncio
import threading

import pytest

from edge.outputs import Command, OutputError, connect
from edge.outputs.modbus import DONE, ModbusOutput, registers, wire_number

pytest.importorskip("pymodbus.simulator", reason="pymodbus is not installed")
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WRITE_REGISTERS = 16
BASE = 100


def command(number=1, **changes):
    given = {"number": number, "serial": "A-17", "run": 1, "verdict": "reject", "reason": "scratch"}
    return Command(**(given | changes))


class Controller:
    """Acts on each new number once, and says so in the `done` register."""

    def __init__(self):
        self.acted, self.writes, self.acts, self.refuses = [], 0, True, False
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def start(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    async def _serve(self):
        block = SimData(0, count=200, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=[block], action=self._control)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await self._server.serve_forever(background=True)
        self.port = self._server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        self._stopped = asyncio.Event()
        await self._stopped.wait()
        await self._server.shutdown()

    async def _control(self, function, start, address, count, current, values):
        if function == WRITE_REGISTERS:
            self.writes += 1
            if self.refuses:
                return ExcCodes.DEVICE_BUSY
            done = BASE + DONE - start
            if self.acts and current[done] != values[0]:
                self.acted.append(list(values))
                current[done] = values[0]
        return None

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(timeout=10)


@pytest.fixture
def controller():
    running = Controller().start()
    yield running
    running.stop()


@pytest.fixture
def output(controller):
    return ModbusOutput("127.0.0.1", port=controller.port, base=BASE, answer_within=0.2)


def test_the_controller_reads_number_verdict_run_and_serial(controller, output):
    output.drive(command(7, run=3))
    ((number, verdict, run, *serial),) = controller.acted
    assert (number, verdict, run) == (7, 2, 3)
    assert b"".join(word.to_bytes(2) for word in serial).rstrip(b"\0") == b"A-17"


def test_each_part_is_acted_on_once_though_it_is_told_again(controller, output):
    for number in (1, 2, 2, 3):
        output.drive(command(number))
    assert [values[0] for values in controller.acted] == [1, 2, 3]


def test_a_part_the_controller_has_not_acted_on_counts_as_not_told(controller, output):
    controller.acts = False
    with pytest.raises(OutputError, match="has not acted on A-17 yet"):
        output.drive(command())
    controller.acts = True
    output.drive(command())
    assert len(controller.acted) == 1


def test_a_controller_that_refuses_the_registers_is_told_apart(controller, output):
    controller.refuses = True
    with pytest.raises(OutputError, match="refuses registers from 100 on"):
        output.drive(command())


def test_a_controller_that_is_away_counts_as_not_told_and_is_found_again(controller):
    gone = ModbusOutput("127.0.0.1", port=1, answer_within=0.2)
    with pytest.raises(OutputError, match="does not answer"):
        gone.drive(command())


@pytest.mark.parametrize(("verdict", "code"), [("pass", 1), ("reject", 2), ("hold", 3)])
def test_each_verdict_has_its_code(verdict, code):
    assert registers(command(verdict=verdict))[1] == code


def test_an_unknown_run_is_zero_and_a_long_or_foreign_serial_is_cut_and_marked():
    block = registers(command(run=None, serial="가" + "X" * 60))
    text = b"".join(word.to_bytes(2) for word in block[3:])
    assert (block[2], text) == (0, b"?" + b"X" * 31)


def test_numbers_fit_a_register_and_never_repeat_in_a_row():
    numbers = [wire_number(command(number)) for number in (1, 60_000, 60_001, -1, -5_535, -5_536)]
    assert numbers == [1, 60_000, 1, 60_001, 65_535, 60_001]


def test_an_address_opens_the_output(controller):
    output = connect("modbus", f"modbus://127.0.0.1:{controller.port}/{BASE}", name="st-1")
    output.drive(command())
    assert len(controller.acted) == 1


@pytest.mark.parametrize("address", ["", "127.0.0.1", "tcp://127.0.0.1", "modbus://127.0.0.1/x"])
def test_an_address_that_is_none_says_what_it_should_be(address):
    with pytest.raises(OutputError, match="use modbus://HOST:PORT/BASE"):
        connect("modbus", address, name="st-1")
