"""What the station knows about parts, durably: which passed the camera, what the server said, what the line was told.

A *passage* is one run of a part as the station sees it, from the first picture on; the server's run number
is learnt with the first acknowledgement. The line is told about a passage once; everything after that is only kept.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.protocol import Verdict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY,
    serial TEXT NOT NULL,
    run INTEGER,
    opened_at REAL NOT NULL,
    verdict TEXT CHECK (verdict IN ('pass', 'reject', 'hold')),
    reason TEXT,
    drive INTEGER UNIQUE,
    told INTEGER NOT NULL DEFAULT 0,
    CHECK ((verdict IS NULL) = (drive IS NULL)),
    UNIQUE (serial, run)
);
CREATE INDEX IF NOT EXISTS passage_undriven ON passage (id) WHERE verdict IS NULL;
CREATE INDEX IF NOT EXISTS passage_untold ON passage (drive) WHERE verdict IS NOT NULL AND told = 0;
CREATE TABLE IF NOT EXISTS picture (
    source TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    passage INTEGER NOT NULL REFERENCES passage (id),
    view TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS picture_passage ON picture (passage);
CREATE TABLE IF NOT EXISTS numbering (sequence INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS said (
    serial TEXT NOT NULL,
    run INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    PRIMARY KEY (serial, run)
);
CREATE TABLE IF NOT EXISTS alone (key TEXT PRIMARY KEY, claim TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# Rows older than this are of no use to anybody: the server keeps keys for 30 days.
_KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A picture as the ledger knows it. `settled`: the server has answered for good, nothing is left to send.

    `sequence` is the picture's place among all that this station entered; no number is given twice, also after a
    restart and when nothing older is left. None for a picture of a ledger that did not number yet.
    """

    key: str
    passage: int
    settled: bool
    sequence: int | None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A passage of which the line has not been told anything yet."""

    number: int
    opened_at: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A picture that the server may not have, of a passage of which the line knows nothing."""

    key: str
    passage: int
    has_come_before: bool


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What the line is to be told about one run of a part. `number` counts what the line was told."""

    passage: int
    number: int
    serial: str
    run: int | None
    verdict: str
    reason: str


class Ledger:
    """One file, one writer at a time; every call is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = FULL")
        self._rows.executescript(_SCHEMA)

    def see(self, source: str, *, serial: str, view: str | None, now: float) -> Sighting:
        """Enter a picture. The same source is entered once and keeps its key and number, however often it is seen."""
        with self._writing() as rows:
            known = rows.execute(
                "SELECT key, passage, settled, sequence FROM picture LEFT JOIN numbering USING (key) WHERE source = ?",
                (source,),
            ).fetchone()
            if known:
                return Sighting(key=known[0], passage=known[1], settled=bool(known[2]), sequence=known[3])
            passage = self._open_passage(serial, view or "") or self._add_passage(serial, None, now)
            key = str(uuid.uuid4())
            rows.execute(
                "INSERT INTO picture (source, key, passage, view) VALUES (?, ?, ?, ?)",
                (source, key, passage, view or ""),
            )
            number = rows.execute("INSERT INTO numbering (key) VALUES (?)", (key,)).lastrowid
            return Sighting(key=key, passage=passage, settled=False, sequence=number)

    def acknowledge(self, key: str, *, serial: str, run: int, claim: str | None = None) -> bool:
        """Note that the server has the picture, and as which run. On how to count runs the server is right.

        `claim` is what was sent with it. False, and nothing is noted: the station decided meanwhile, and that is
        still to be told.
        """
        with self._writing() as rows:
            if self._claim(key) != claim:
                return False
            row = rows.execute(
                "SELECT p.id, p.run, p.opened_at FROM picture JOIN passage p ON p.id = passage WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return True
            passage, known_run, opened_at = row
            holder = rows.execute("SELECT id FROM passage WHERE serial = ? AND run = ?", (serial, run)).fetchone()
            if holder is None and known_run is None:
                rows.execute("UPDATE passage SET serial = ?, run = ? WHERE id = ?", (serial, run, passage))
            elif holder is None or holder[0] != passage:
                target = holder[0] if holder else self._add_passage(serial, run, opened_at)
                self._move(key, passage, target)
            rows.execute("UPDATE picture SET settled = 1 WHERE key = ?", (key,))
            return True

    def set_aside(self, key: str) -> int | None:
        """Note that a picture will never be sent again; returns the passage it belongs to."""
        with self._writing() as rows:
            rows.execute("UPDATE picture SET settled = 1 WHERE key = ?", (key,))
            row = rows.execute("SELECT passage FROM picture WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

    def hear(self, *verdicts: Verdict, cursor: int | None = None) -> None:
        """Keep what the server said and, with it, how far the station has read. The first word on a run stands."""
        with self._writing() as rows:
            for said in verdicts:
                rows.execute(
                    "INSERT OR IGNORE INTO said (serial, run, verdict, reason, decided_by) VALUES (?, ?, ?, ?, ?)",
                    (said.serial, said.run, said.verdict, said.reason, said.decided_by),
                )
            if cursor is not None:
                self._note("cursor", str(cursor))

    def decide(self, passage: int, *, verdict: str, reason: str) -> bool:
        """Settle what the line is told about a passage. The first caller wins; False means it was settled before."""
        with self._writing():
            return self._settle(passage, verdict, reason)

    def decide_alone(self, waiting: Waiting, *, verdict: str, reason: str, claim: str) -> bool:
        """Settle a passage without the server, and keep what it is to be told. False: it has the picture, or spoke."""
        with self._writing() as rows:
            unsent = rows.execute("SELECT 1 FROM picture WHERE key = ? AND settled = 0", (waiting.key,)).fetchone()
            if unsent is None or not self._settle(waiting.passage, verdict, reason):
                return False
            rows.execute("INSERT INTO alone (key, claim) VALUES (?, ?)", (waiting.key, claim))
            return True

    def claim(self, key: str) -> str | None:
        """What the station decided about a picture alone, as it is told to the server."""
        with self._lock:
            return self._claim(key)

    def waiting(self) -> list[Waiting]:
        """Pictures that the server may not have of passages that the line knows nothing of, oldest first."""
        with self._lock:
            rows = self._rows.execute(
                "SELECT key, p.id, EXISTS (SELECT 1 FROM passage o WHERE o.serial = p.serial AND o.id < p.id)"
                " FROM picture JOIN passage p ON p.id = passage WHERE settled = 0 AND p.verdict IS NULL ORDER BY p.id"
            ).fetchall()
        return [Waiting(key=key, passage=passage, has_come_before=bool(before)) for key, passage, before in rows]

    def undelivered(self) -> int:
        """How many decisions taken alone the server has not been told."""
        with self._lock:
            told = self._rows.execute("SELECT COUNT(*) FROM alone JOIN picture USING (key) WHERE settled = 0")
            return int(told.fetchone()[0])

    def decide_by_what_was_said(self) -> None:
        """Settle every passage of which the server has spoken, in the order in which it spoke."""
        with self._lock:
            spoken = self._rows.execute(
                "SELECT p.id, s.verdict, s.reason FROM passage p JOIN said s ON s.serial = p.serial AND s.run = p.run"
                " WHERE p.verdict IS NULL ORDER BY s.rowid"
            ).fetchall()
            for passage, verdict, reason in spoken:
                self.decide(passage, verdict=verdict, reason=reason)

    def undriven(self) -> list[Passage]:
        """Passages about which the line knows nothing yet, oldest first."""
        with self._lock:
            rows = self._rows.execute("SELECT id, opened_at FROM passage WHERE verdict IS NULL ORDER BY id").fetchall()
        return [Passage(number=number, opened_at=opened_at) for number, opened_at in rows]

    def untold(self) -> list[Drive]:
        """What is settled but not yet told to the line, in order."""
        with self._lock:
            rows = self._rows.execute(
                "SELECT id, drive, serial, run, verdict, reason FROM passage"
                " WHERE verdict IS NOT NULL AND told = 0 ORDER BY drive"
            ).fetchall()
        names = ("passage", "number", "serial", "run", "verdict", "reason")
        return [Drive(**dict(zip(names, row, strict=True))) for row in rows]

    def told(self, drive: Drive) -> None:
        with self._writing() as rows:
            rows.execute("UPDATE passage SET told = 1 WHERE id = ?", (drive.passage,))

    def pictures(self) -> list[tuple[str, str, bool]]:
        """Source, key and whether it is settled, of every picture entered."""
        with self._lock:
            rows = self._rows.execute("SELECT source, key, settled FROM picture").fetchall()
        return [(source, key, bool(settled)) for source, key, settled in rows]

    def said(self, serial: str, run: int) -> tuple[str, str] | None:
        """The server's verdict on a run and its reason, whether or not the line still needed it."""
        with self._lock:
            row = self._rows.execute(
                "SELECT verdict, reason FROM said WHERE serial = ? AND run = ?", (serial, run)
            ).fetchone()
        return (row[0], row[1]) if row else None

    @property
    def cursor(self) -> int:
        return int(self.recall("cursor") or 0)

    def recall(self, name: str) -> str | None:
        with self._lock:
            row = self._rows.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def remember(self, name: str, value: str) -> None:
        with self._writing():
            self._note(name, value)

    def forget_old(self, now: float) -> None:
        """Drop passages that are a month old and closed on every side."""
        with self._writing() as rows:
            old = "SELECT id FROM passage WHERE told = 1 AND opened_at < ?"
            unsettled = "SELECT passage FROM picture WHERE settled = 0"
            rows.execute(f"CREATE TEMP TABLE closed AS {old} AND id NOT IN ({unsettled})", (now - _KEPT_SECONDS,))
            rows.execute(
                "DELETE FROM said WHERE (serial, run) IN (SELECT serial, run FROM passage JOIN closed USING (id))"
            )
            gone = "SELECT key FROM picture WHERE passage IN (SELECT id FROM closed)"
            rows.execute(f"DELETE FROM numbering WHERE key IN ({gone})")
            rows.execute(f"DELETE FROM alone WHERE key IN ({gone})")
            rows.execute("DELETE FROM picture WHERE passage IN (SELECT id FROM closed)")
            rows.execute("DELETE FROM passage WHERE id IN (SELECT id FROM closed)")
            rows.execute("DROP TABLE closed")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield self._rows
                self._rows.execute("COMMIT")
            except BaseException:
                if self._rows.in_transaction:
                    self._rows.execute("ROLLBACK")
                raise

    def _settle(self, passage: int, verdict: str, reason: str) -> bool:
        changed = self._rows.execute(
            "UPDATE passage SET verdict = ?, reason = ?, drive = (SELECT COALESCE(MAX(drive), 0) + 1 FROM passage)"
            " WHERE id = ? AND verdict IS NULL",
            (verdict, reason, passage),
        )
        return changed.rowcount == 1

    def _claim(self, key: str) -> str | None:
        row = self._rows.execute("SELECT claim FROM alone WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _open_passage(self, serial: str, view: str) -> int | None:
        row = self._rows.execute(
            "SELECT id FROM passage WHERE serial = ? AND verdict IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM picture WHERE passage = passage.id AND view = ?) ORDER BY id DESC LIMIT 1",
            (serial, view),
        ).fetchone()
        return row[0] if row else None

    def _add_passage(self, serial: str, run: int | None, opened_at: float) -> int:
        added = self._rows.execute(
            "INSERT INTO passage (serial, run, opened_at) VALUES (?, ?, ?) RETURNING id", (serial, run, opened_at)
        )
        return int(added.fetchone()[0])

    def _move(self, key: str, passage: int, target: int) -> None:
        """Give a picture to another passage. One that is left without pictures, and was never told, never was."""
        self._rows.execute("UPDATE picture SET passage = ? WHERE key = ?", (target, key))
        self._rows.execute(
            "DELETE FROM passage WHERE id = ? AND verdict IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM picture WHERE picture.passage = passage.id)",
            (passage,),
        )

    def _note(self, name: str, value: str) -> None:
        self._rows.execute(
            "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
