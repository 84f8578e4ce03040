"""What the line is told: each run of a part once, a fail-safe for every fault, never a pass without a verdict."""

import itertools
import logging
import threading

from edge.ledger import Drive, Ledger
from edge.outputs import Command, ControlOutput, OutputError
from edge.protocol import Verdict, failsafe_verdict
from edge.trouble import Trouble
from edge.watchdog import Watchdog

SILENT = "no verdict within the deadline"


class Line:
    """Joins what the server says with the parts that passed the camera, and drives the control output."""

    def __init__(self, ledger: Ledger, output: ControlOutput, *, deadline: float, logger: logging.Logger) -> None:
        self._ledger, self._output = ledger, output
        self._watchdog = Watchdog(deadline)
        self._unrecorded = itertools.count(-1, -1)
        self.changed = threading.Event()
        self._perhaps_told = {drive.passage for drive in ledger.untold()}
        self._trouble = Trouble("Control output", logger)

    def hear(self, *verdicts: Verdict, cursor: int | None = None) -> None:
        """Keep what the server said and settle by it. On a run that was settled before it is only kept."""
        self._ledger.hear(*verdicts, cursor=cursor)
        self.catch_up()

    def catch_up(self) -> None:
        """Settle everything of which the server has spoken."""
        self._ledger.decide_by_what_was_said()
        self.changed.set()

    def fail_safe(self, passage: int, reason: str) -> None:
        """Give a part the fail-safe verdict, unless it was settled before."""
        verdict = failsafe_verdict(self._ledger.recall("failsafe"))
        self._ledger.decide(passage, verdict=verdict, reason=reason)
        self.changed.set()

    def hold_unrecorded(self, serial: str, reason: str) -> None:
        """Hold a part of which nothing can be written down, because the disk takes nothing any more."""
        number = next(self._unrecorded)
        self._drive(Command(number=number, serial=serial, run=None, verdict="hold", reason=reason))

    def watch(self, *, monotonic: float, wall: float) -> None:
        """Fail safe every part of which nothing was heard for too long."""
        for passage in self._watchdog.overdue(self._ledger.undriven(), monotonic=monotonic, wall=wall):
            self.fail_safe(passage.number, SILENT)

    def tell(self) -> None:
        """Tell the control software what is settled, in order. Only one thread may do so.

        What it does not take stays for the next call: a later part never goes before an earlier one.
        """
        for drive in self._ledger.untold():
            if not self._drive(self._command(drive)):
                self._perhaps_told.add(drive.passage)
                return
            self._ledger.told(drive)
            self._perhaps_told.discard(drive.passage)

    def _command(self, drive: Drive) -> Command:
        return Command(
            number=drive.number,
            serial=drive.serial,
            run=drive.run,
            verdict=drive.verdict,
            reason=drive.reason,
            repeated=drive.passage in self._perhaps_told,
        )

    def _drive(self, command: Command) -> bool:
        try:
            self._output.drive(command)
        except OutputError as fault:
            self._trouble.is_on(str(fault))
            return False
        self._trouble.is_over()
        return True
