"""Ways to tell the control software of a line what happens to a part."""

import importlib
from dataclasses import dataclass
from typing import Protocol

NETWORKED = ("mqtt", "modbus")


class OutputError(Exception):
    """The line could not be told; it will be tried again."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What the line is told about one run of a part.

    `number` counts the station's commands; it is below 0 for one that could not be written down. `run` is None when
    the server never said which run it is. `repeated`: it may have been told before, with this same number and
    verdict; a station that was killed in the act cannot know.
    """

    number: int
    serial: str
    run: int | None
    verdict: str
    reason: str
    repeated: bool = False


class ControlOutput(Protocol):
    """The way to the line. Raises OutputError when the line was not told."""

    def drive(self, command: Command) -> None: ...


def connect(kind: str, address: str, *, name: str) -> ControlOutput:
    """Open a networked output. Its protocol library is needed only by those who use it."""
    try:
        adapter = importlib.import_module(f"edge.outputs.{kind}")
    except ModuleNotFoundError as fault:
        raise OutputError(f"The output {kind} needs the Python package {fault.name}: pip install it first.") from fault
    output: ControlOutput = adapter.connect(address, name=name)
    return output
