"""A grant with its model, and a station's parts taken step by step, for the tests of a station on its own."""

import hashlib
from dataclasses import dataclass, field
from random import Random

from edge import loops
from edge.deputy import Deputy
from edge.grants import Grants
from edge.judge import Judge
from edge.ledger import Ledger
from edge.line import Line
from edge.protocol import Told
from edge.reach import Reach
from edge.spool import Spool
from tests.edge.builders import KEY, LOGGER, LineOfTests, make_capture
from tests.edge.stub_server import KEY_ID, signed
from tests.inspection.items import DARK, picture
from tests.vision.light_meter import light_meter
from vision.offline import write_terms
from vision.pixels import DECODER_ID

GRAPH = light_meter()
SHA256 = hashlib.sha256(GRAPH).hexdigest()
SENT_AT = "2026-03-02T12:00:00.000Z"


def make_terms(**changes) -> str:
    """Return terms under which dark pictures are passed, with what the test changes."""
    card = {
        "architecture": "small-cnn",
        "preprocessing": "squash-192/1",
        "decoder": DECODER_ID,
        "classes": ["scratch"],
        "calibrator": {"a": -1.0, "b": 0.0},
        "files": {"model.onnx": {"sha256": SHA256}},
    }
    facts = {
        "level": "partial",
        "call_threshold": 0.5,
        "t_lo": 0.05,
        "t_hi": 0.95,
        "envelope": {"p99_luminance": [80, 250]},
        "reference": None,
        "patch": None,
        "max_megapixels": 25,
        "critical": ["crack"],
        "valid_for": 60,
        "model": {"sha256": SHA256, "card": card},
    }
    return write_terms(facts | changes)


def told(text: str, *, answers: str = SENT_AT, secret: str = KEY.secret) -> Told:
    return Told(text=text, signatures={KEY_ID: signed(text, answers=answers, secret=secret)})


@dataclass
class Clock:
    """A clock that the test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Alone:
    """A station that holds a grant, and whose server has been away for a while."""

    folder: object
    terms: str = field(default_factory=make_terms)

    def __post_init__(self):
        self.clock, self.output = Clock(), LineOfTests()
        spool = Spool(self.folder / "spool")
        self.ledger = Ledger(self.folder / "spool" / "ledger.sqlite3")
        self.line = Line(self.ledger, self.output, deadline=1000.0, logger=LOGGER)
        self.kit = loops.Kit(
            spool=spool,
            ledger=self.ledger,
            line=self.line,
            logger=LOGGER,
            random=Random(1),
            reach=Reach(self.clock),
        )
        self.grants = Grants(self.folder / "alone", KEY, clock=self.clock)
        self.judge = Judge(self.folder / "looked-at")
        self.deputy = Deputy(self.kit, self.grants, self.judge)
        self.grants.hear(told(self.terms), answers=SENT_AT, asked_at=self.clock())
        fetch(self.grants)
        self.intake = loops.Intake(self.kit)

    def lose_the_server(self):
        self.kit.reach.note(loops.Again(reason="No answer."))
        self.clock.now += 3.0

    def find_the_server(self):
        self.kit.reach.note(None)

    def shoot(self, serial: str, *, light: float = DARK, seed: int | None = None) -> None:
        """Let a part pass the camera; each shows another scene unless the test says which."""
        content = picture(light, seed=sum(serial.encode()) if seed is None else seed)
        source = f"{serial}:{self.clock()}"
        self.intake.take(make_capture(source=source, serial=serial, picture=content))
        self.clock.now += 0.1

    def decide(self) -> list[tuple[str, str]]:
        """Let the deputy look at all that waits; return what the line has been told by then."""
        while self.deputy.step() == 0.0:
            continue
        self.line.tell()
        return [(serial, verdict) for serial, _, verdict in self.output.told()]

    def close(self):
        self.judge.close()
        self.kit.spool.close()


def fetch(grants: Grants, graph: bytes = GRAPH) -> bool:
    """Put the model into its place as if it had been fetched."""
    terms = grants.wanted
    grants.draft_of(terms).write_bytes(graph)
    return grants.install(terms)
