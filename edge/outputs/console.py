"""The control output as text: one line for each part."""

from typing import TextIO

from edge.outputs import Command, OutputError


class ConsoleOutput:
    """Writes `SERIAL TAB RUN TAB VERDICT TAB REASON`; RUN is `-` when unknown, a repeated line ends in `(repeated)`."""

    def __init__(self, stream: TextIO, *, prefix: str = "") -> None:
        self._stream, self._prefix = stream, prefix

    def drive(self, command: Command) -> None:
        run = "-" if command.run is None else str(command.run)
        reason = f"{command.reason} (repeated)" if command.repeated else command.reason
        line = "\t".join(_printable(field) for field in (command.serial, run, command.verdict, reason))
        try:
            self._stream.write(f"{self._prefix}{line}\n")
            self._stream.flush()
        except (OSError, ValueError) as fault:
            raise OutputError(f"The console cannot be written ({type(fault).__name__}).") from fault


def _printable(text: str) -> str:
    """The text on one line: what a terminal would act on is shown as a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
