"""What the station may decide while the server is away: heard with a heartbeat, checked, and kept over a restart.

    SPOOL/alone/grant.json       the terms, the server's signature, and when they were heard
    SPOOL/alone/SHA256/          the model they name, with the card that they hold

Both are written under another name and renamed. A file that was changed is no grant, and its model is not loaded.
"""

import hashlib
import hmac
import json
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.credentials import Key
from edge.protocol import Told
from edge.reach import Clock, boot_clock
from edge.spool import sync_folder, write_durably
from vision.offline import Terms, TermsUnreadable, is_signed, read_terms

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
GRAPH, CARD = "model.onnx", "card.json"


class GrantRefused(ValueError):
    """What was told as a grant is none of this server's for this heartbeat: nothing is decided by it."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The grant that stands, its model's folder, and how many seconds ago the server last confirmed it."""

    terms: Terms
    model: Path
    age_s: float


@dataclass(frozen=True, kw_only=True)
class _Record:
    text: str
    answers: str
    signature: str
    boot: str
    heard_at: float

    def seal(self, secret: str) -> str:
        facts = json.dumps(asdict(self), sort_keys=True)
        return hmac.new(secret.encode(), f"kept grant\n{facts}".encode(), hashlib.sha256).hexdigest()


class Grants:
    """The one grant of a station. Safe to use from several threads."""

    def __init__(self, folder: Path, key: Key, *, clock: Clock = boot_clock, boot: str | None = None) -> None:
        self._folder, self._key, self._clock = folder, key, clock
        self._boot = _BOOT_ID.read_text().strip() if boot is None else boot
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._record = self._kept()
        self._terms = read_terms(self._record.text) if self._record else None

    def hear(self, told: Told | None, *, answers: str, asked_at: float) -> None:
        """Take what a heartbeat was answered: the grant that stands from now on, or that none does.

        Its age counts from `asked_at`, when the heartbeat was sent. Raises GrantRefused; then none stands.
        """
        with self._lock:
            if told is None:
                self._drop()
                return
            signature = told.signatures.get(self._key.key_id, "")
            if not is_signed(told.text, answers=answers, secret=self._key.secret, signature=signature):
                self._drop()
                raise GrantRefused("The grant is not signed for this station and this heartbeat; parts are held.")
            self._keep(told.text, answers=answers, signature=signature, asked_at=asked_at)

    def held(self) -> Held | None:
        """Return the grant that stands, where its model is there too; whether it is young enough its terms say."""
        with self._lock:
            if self._record is None or self._terms is None or self._record.boot != self._boot:
                return None
            model = self._folder / self._terms.model_sha256
            if not model.is_dir():
                return None
            return Held(terms=self._terms, model=model, age_s=self._clock() - self._record.heard_at)

    @property
    def id(self) -> str | None:
        """The name of the grant that stands."""
        with self._lock:
            return self._terms.id if self._terms else None

    @property
    def model_sha256(self) -> str | None:
        """The model that lies here, whole."""
        return next((path.name for path in sorted(self._folder.iterdir()) if _is_model(path)), None)

    @property
    def wanted(self) -> Terms | None:
        """The terms whose model is still to be fetched."""
        with self._lock:
            terms = self._terms
        return None if terms is None or (self._folder / terms.model_sha256).is_dir() else terms

    def draft_of(self, terms: Terms) -> Path:
        """Return where the model's file is put together, over several goes if need be."""
        return self._folder / f"{terms.model_sha256}.part"

    def install(self, terms: Terms) -> bool:
        """Put the fetched file into its place where it is the one that was granted, and drop other models."""
        draft = self.draft_of(terms)
        if hashlib.sha256(draft.read_bytes()).hexdigest() != terms.model_sha256:
            draft.unlink()
            return False
        arriving = self._folder / f"{terms.model_sha256}.new"
        shutil.rmtree(arriving, ignore_errors=True)
        arriving.mkdir()
        write_durably(arriving / CARD, json.dumps(dict(terms.card)).encode())
        draft.rename(arriving / GRAPH)
        sync_folder(arriving)
        for path in self._folder.iterdir():
            if _is_model(path):
                shutil.rmtree(path)
        arriving.rename(self._folder / terms.model_sha256)
        sync_folder(self._folder)
        return True

    def _keep(self, text: str, *, answers: str, signature: str, asked_at: float) -> None:
        try:
            terms = read_terms(text)
        except TermsUnreadable as fault:
            self._drop()
            raise GrantRefused(f"{fault} Is the station's software older than the server?") from fault
        self._record = _Record(text=text, answers=answers, signature=signature, boot=self._boot, heard_at=asked_at)
        self._terms = terms
        draft = self._folder / "grant.json.new"
        kept = {**asdict(self._record), "seal": self._record.seal(self._key.secret)}
        write_durably(draft, json.dumps(kept).encode())
        draft.rename(self._folder / "grant.json")
        sync_folder(self._folder)

    def _drop(self) -> None:
        self._record, self._terms = None, None
        (self._folder / "grant.json").unlink(missing_ok=True)

    def _kept(self) -> _Record | None:
        """Return what an earlier process kept, None where it is not whole and unchanged."""
        try:
            fields = json.loads((self._folder / "grant.json").read_bytes())
            seal = fields.pop("seal")
            record = _Record(**fields)
            is_whole = hmac.compare_digest(seal.encode(), record.seal(self._key.secret).encode())
            read_terms(record.text)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        signed = {"answers": record.answers, "secret": self._key.secret, "signature": record.signature}
        return record if is_whole and is_signed(record.text, **signed) else None


def _is_model(path: Path) -> bool:
    return path.is_dir() and len(path.name) == 64
