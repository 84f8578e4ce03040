"""Ways to tell the control software of a line what happens to a part."""

from dataclasses import dataclass
from typing import Protocol


class OutputError(Exception):
    """The line could not be told; it will be tried again."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What the line is told about one run of a part.

    `run` is None when the server never said which run it is. `repeated`: it may have been told before, with
    this same verdict; a station that was killed in the act cannot know.
    """

    serial: str
    run: int | None
    verdict: str
    reason: str
    repeated: bool = False


class ControlOutput(Protocol):
    """The way to the line. Raises OutputError when the line was not told."""

    def drive(self, command: Command) -> None: ...
