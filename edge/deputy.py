"""Stands in for the server while it is away, as far as the station's grant reaches; all else is held as ever."""

import json
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime

from edge.client import Client
from edge.grants import Grants, Held
from edge.judge import Judge
from edge.ledger import Waiting
from edge.loops import Kit
from edge.parts import rfc3339
from edge.protocol import Again
from edge.schedule import pause_before_retry
from edge.spool import DamagedEntryError
from edge.trouble import Trouble
from vision import offline
from vision.measures import near
from vision.offline import VERDICTS, Seen
from vision.routing import Routed
from vision.words import Route

LOOK = 0.2
IDLE = 1.0
# A server that comes back so soon is not away: its own word is worth the wait.
AWAY_AFTER = 2.0
# As many as the server compares with to find a stuck camera.
REMEMBERED = 5


class Deputy:
    """Decides about pictures that wait for a server that is away. What it is not sure of it leaves alone."""

    def __init__(self, kit: Kit, grants: Grants, judge: Judge, *, away_after: float = AWAY_AFTER) -> None:
        self._kit, self._grants, self._judge, self._away_after = kit, grants, judge, away_after
        self._looked_at: set[str] = set()
        self._prints: deque[int] = deque(maxlen=REMEMBERED)

    def step(self) -> float:
        """Look at the next picture, if the server is away and nobody has looked at it."""
        held = self._grants.held()
        if self._kit.reach.away_for <= self._away_after or held is None:
            self._looked_at.clear()
            self._prints.clear()
            return IDLE
        waiting = next((one for one in self._kit.ledger.waiting() if one.key not in self._looked_at), None)
        if waiting is None:
            return LOOK
        # Noted first: a picture that brings this loop down is held, not looked at for ever.
        self._looked_at.add(waiting.key)
        self._look(waiting, held)
        return 0.0

    def _look(self, waiting: Waiting, held: Held) -> None:
        try:
            entry = self._kit.spool.entry(waiting.key)
        except DamagedEntryError:
            return
        found = self._judge.look(entry.capture.picture, held.terms, held.model) if entry else None
        if found is None:
            return
        seen, print_ = found
        is_first, is_repeat = not self._prints, any(near(print_, other) for other in self._prints)
        self._prints.append(print_)
        seen = replace(seen, is_repeat=is_repeat, is_rework=waiting.has_come_before)
        if not is_first:
            self._decide(waiting, seen, looked_under=held.terms.id)

    def _decide(self, waiting: Waiting, seen: Seen, *, looked_under: str) -> None:
        # Asked anew: looking took its time, and the grant may have run out or been replaced meanwhile.
        held = self._grants.held()
        if held is None or held.terms.id != looked_under:
            return
        routed = offline.decide(held.terms, seen, age_s=held.age_s)
        if routed.route in VERDICTS:
            self._tell(waiting, seen, held, routed)

    def _tell(self, waiting: Waiting, seen: Seen, held: Held, routed: Routed) -> None:
        verdict = VERDICTS[Route(routed.route)].value
        claim = {
            "grant": held.terms.id,
            "model_sha256": held.terms.model_sha256,
            "verdict": verdict,
            "decided_at": rfc3339(datetime.fromtimestamp(time.time(), UTC)),
            "age_s": round(held.age_s, 3),
            "probability": seen.probability,
        }
        reason = f"decided offline, {held.age_s:.0f} s after the server was last heard"
        if self._kit.ledger.decide_alone(waiting, verdict=verdict, reason=reason, claim=json.dumps(claim)):
            self._kit.line.changed.set()


class Fetcher:
    """Brings the model that the grant names, in several goes where the way to the server is bad."""

    def __init__(self, kit: Kit, client: Client, grants: Grants) -> None:
        self._kit, self._client, self._grants = kit, client, grants
        self._trouble, self._tries = Trouble("Model", kit.logger), 0

    def step(self) -> float:
        terms = self._grants.wanted
        if terms is None:
            return IDLE
        fault = self._client.fetch_model(terms.model_sha256, into=self._grants.draft_of(terms))
        if fault is None and not self._grants.install(terms):
            fault = Again(reason="The file that came is not the model that was granted.")
        if fault is not None:
            self._tries += 1
            self._trouble.is_on(fault.reason)
            return pause_before_retry(fault.after, self._tries - 1, self._kit.random)
        self._tries = 0
        self._trouble.is_over()
        return 0.0
