"""The station's loops, each as one step that returns how many seconds to pause before the next."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from edge.camera import Camera, UnusablePictureError
from edge.client import Client
from edge.grants import GrantRefused, Grants
from edge.ledger import Ledger
from edge.line import Line
from edge.parts import Capture
from edge.protocol import Accepted, Again, Orders, Refused
from edge.reach import Reach, boot_clock
from edge.schedule import answer_wait, pause_after_poll, pause_before_retry
from edge.spool import DamagedEntryError, Entry, Spool, SpoolFullError
from edge.trouble import Trouble

CAMERA_POLL = 0.1
CAMERA_PAUSE = 1.0
IDLE = 0.5
FOLLOW_WAIT = 20.0
HEARTBEAT = 20.0
FAULT_PAUSE = 1.0


def run(step: Callable[[], float], *, stop: threading.Event, logger: logging.Logger) -> None:
    """Take one step after the other until told to stop. An unforeseen fault is logged and the loop goes on."""
    while not stop.is_set():
        try:
            pause = step()
        except Exception:
            logger.exception("Unable to go on for a moment")
            pause = FAULT_PAUSE
        stop.wait(pause)


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the loops of one station share."""

    spool: Spool
    ledger: Ledger
    line: Line
    logger: logging.Logger
    random: Random
    reach: Reach = field(default_factory=Reach)


class Intake:
    """From the camera into the spool."""

    def __init__(self, kit: Kit) -> None:
        self._spool, self._ledger, self._line, self._logger = kit.spool, kit.ledger, kit.line, kit.logger
        self._room = Trouble("Spool", kit.logger)
        self._camera_trouble = Trouble("Camera", kit.logger)
        self._held: set[str] = set()
        self.arrived = threading.Event()
        self.last_capture_at: str | None = None
        self.dropped = 0

    def step(self, camera: Camera) -> float:
        """Take the next whole picture, if there is one."""
        try:
            capture = camera.next(time.monotonic())
        except UnusablePictureError as fault:
            self._hold_unusable(camera, fault)
            return 0.0
        except OSError as fault:
            self._camera_trouble.is_on(f"{fault}")
            return CAMERA_PAUSE
        self._camera_trouble.is_over()
        if capture is None:
            return CAMERA_POLL
        if not self.take(capture):
            return CAMERA_PAUSE
        camera.release(capture.source)
        return 0.0

    def take(self, capture: Capture) -> bool:
        """Make a picture durable; only then does it exist for the server. False: no room, and its part is held."""
        self.last_capture_at = capture.captured_at
        try:
            seen = self._ledger.see(capture.source, serial=capture.serial, view=capture.view, now=time.time())
        except sqlite3.OperationalError as fault:
            self._hold_unrecorded(capture, f"The station's ledger cannot be written ({fault}); parts are held.")
            return False
        if not seen.settled:
            try:
                self._spool.put(seen.key, replace(capture, sequence=seen.sequence))
            except SpoolFullError as fault:
                self._room.is_on(str(fault))
                self._line.fail_safe(seen.passage, "no room in the spool")
                return False
        self._note_room()
        self.arrived.set()
        return True

    def _note_room(self) -> None:
        if self._spool.nearly_full:
            self._room.is_on(f"{len(self._spool)} pictures wait; the spool is nearly full. Is the server away?")
        else:
            self._room.is_over()

    def _hold_unrecorded(self, capture: Capture, sentence: str) -> None:
        self._room.is_on(sentence)
        if capture.source not in self._held:
            self._held.add(capture.source)
            self._line.hold_unrecorded(capture.serial, "the station's disk takes nothing any more")

    def _hold_unusable(self, camera: Camera, fault: UnusablePictureError) -> None:
        self._logger.error("%s", fault)
        seen = self._ledger.see(fault.source, serial=fault.serial, view=None, now=time.time())
        self._line.fail_safe(seen.passage, "the picture cannot be used")
        self._ledger.set_aside(seen.key)
        camera.set_aside(fault.source)


class Uploader:
    """From the spool to the server, the oldest first, one at a time."""

    def __init__(self, kit: Kit, client: Client, *, arrived: threading.Event, wait: float) -> None:
        self._spool, self._ledger, self._line = kit.spool, kit.ledger, kit.line
        self._logger, self._random, self._trouble = kit.logger, kit.random, Trouble("Server", kit.logger)
        self._client, self._arrived, self._wait = client, arrived, wait
        self._reach, self._tries = kit.reach, 0

    def step(self) -> float:
        self._arrived.clear()
        try:
            entry = self._spool.oldest()
        except DamagedEntryError as damage:
            self._logger.error("%s", damage)
            self._give_up(damage.key, "the picture was damaged on the station's disk")
            return 0.0
        if entry is None:
            self._arrived.wait(IDLE)
            return 0.0
        return self._send(entry)

    def _send(self, entry: Entry) -> float:
        wait = answer_wait(self._wait, others_waiting=len(self._spool) > 1, level=self._ledger.recall("level"))
        claim = self._ledger.claim(entry.key)
        outcome = self._client.post(entry.key, entry.capture, wait=wait, claim=claim)
        self._reach.note(outcome)
        if isinstance(outcome, Again):
            self._tries += 1
            self._trouble.is_on(outcome.reason)
            return pause_before_retry(outcome.after, self._tries - 1, self._random)
        self._tries = 0
        self._trouble.is_over()
        if isinstance(outcome, Refused):
            self._refuse(entry, outcome)
        else:
            self._acknowledge(entry, outcome, claim)
        return 0.0

    def _acknowledge(self, entry: Entry, answer: Accepted, claim: str | None) -> None:
        if not self._ledger.acknowledge(entry.key, serial=answer.serial, run=answer.run, claim=claim):
            # Decided alone while this very answer was on its way: sent again, with the decision.
            return
        self._line.hear(*([answer.verdict] if answer.verdict else []))
        self._spool.remove(entry)

    def _refuse(self, entry: Entry, refusal: Refused) -> None:
        self._give_up(entry.key, f"refused by the server, {refusal.sentence}")
        folder = self._spool.refuse(entry, refusal.problem)
        self._logger.error("The server refused %s: %s. It lies in %s.", entry.capture.serial, refusal.sentence, folder)

    def _give_up(self, key: str, reason: str) -> None:
        passage = self._ledger.set_aside(key)
        if passage is not None:
            self._line.fail_safe(passage, reason)


class Follower:
    """Reads the verdicts that come later, in the server's order."""

    def __init__(self, kit: Kit, client: Client) -> None:
        self._ledger, self._line, self._random = kit.ledger, kit.line, kit.random
        self._client, self._trouble = client, Trouble("Verdicts", kit.logger)
        self._tries = 0

    def step(self) -> float:
        began, cursor = time.monotonic(), self._ledger.cursor
        page = self._client.dispositions(after=cursor, wait=FOLLOW_WAIT)
        if isinstance(page, Again):
            self._tries += 1
            self._trouble.is_on(page.reason)
            return pause_before_retry(page.after, self._tries - 1, self._random)
        self._tries = 0
        self._trouble.is_over()
        if page.next_cursor != cursor or page.verdicts:
            self._line.hear(*page.verdicts, cursor=page.next_cursor)
        return pause_after_poll(time.monotonic() - began, empty=not page.verdicts)


class Heart:
    """Tells the server that the station lives, and keeps what the server tells in return."""

    def __init__(self, kit: Kit, client: Client, intake: Intake, grants: Grants) -> None:
        self._spool, self._ledger, self._random = kit.spool, kit.ledger, kit.random
        self._client, self._intake, self._trouble = client, intake, Trouble("Heartbeat", kit.logger)
        self._grants, self._reach, self._grant_trouble = grants, kit.reach, Trouble("Grant", kit.logger)
        self._tries = 0

    def step(self) -> float:
        asked_at = boot_clock()
        orders = self._client.heartbeat(
            spooled=len(self._spool),
            last_cursor=self._ledger.cursor,
            camera={"last_capture_at": self._intake.last_capture_at, "dropped": self._intake.dropped},
            model_sha256=self._grants.model_sha256,
            grant=self._grants.id,
            undelivered=self._ledger.undelivered(),
        )
        self._reach.note(orders)
        if isinstance(orders, Again):
            self._tries += 1
            self._trouble.is_on(orders.reason)
            return min(HEARTBEAT, pause_before_retry(orders.after, self._tries - 1, self._random))
        self._tries = 0
        self._trouble.is_over()
        for name, value in (("level", orders.level), ("failsafe", orders.failsafe)):
            if value is not None and value != self._ledger.recall(name):
                self._ledger.remember(name, value)
        self._hear_grant(orders, asked_at=asked_at)
        return HEARTBEAT

    def _hear_grant(self, orders: Orders, *, asked_at: float) -> None:
        try:
            self._grants.hear(orders.grant, answers=orders.answers, asked_at=asked_at)
        except GrantRefused as fault:
            self._grant_trouble.is_on(str(fault))
            return
        self._grant_trouble.is_over()
