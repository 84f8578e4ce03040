"""What looks at an image: a score model without pixels, or the prediction service's own stages.

Both stand where `pipeline.examine` stands: they look and write no row. Everything before and after is the product's.
"""

import struct
import zlib
from collections.abc import Sequence
from datetime import datetime
from math import exp
from random import Random
from typing import Protocol

from django.core.files.base import ContentFile, File

from inspection import pipeline
from inspection.models import Item, Line, ModelVersion
from inspection.rules.words import Call, Origin, Outcome, PredictionRole, Stage
from inspection.sightings import Examined
from inspection.stages import Opinion, Seen, StageDone
from monitoring.simulation.factory import Factory, Skill, distance, hard_rates
from monitoring.simulation.parts import Made
from vision import routing
from vision.decode import DECODER_ID
from vision.measures import Measures
from vision.scoring import uncertainty

NAME = "score-model"
SIDE = 64
# Mean and spread of each measure under the lamp as it was set up.
LOOKS = {
    "brightness": (150.0, 2.0),
    "p99_luminance": (235.0, 1.5),
    "contrast": (42.0, 1.5),
    "sharpness": (310.0, 14.0),
    "saturation": (0.12, 0.006),
    "entropy": (6.8, 0.06),
}
# What the lamp's strength multiplies.
LIT = ("brightness", "p99_luminance", "contrast")
FILE_BYTES = (48_000, 900)
MS = {Stage.DECODE: 6.0, Stage.QUALITY: 2.0, Stage.PREDICT: 9.0, Stage.CALIBRATE: 0.1, Stage.EXPLAIN: 1.0}
# A score is a distance from the threshold in spreads; this makes a probability of it.
STEEPNESS = 2.0
# Defects that the model cannot tell from good parts lie where the best of these do.
HIDDEN_AT = -6.0


class Eyes(Protocol):
    """Gives each part its picture, knows the part of each item again, and stands in for `pipeline.examine`."""

    skills: dict[int, Skill]

    def model(self, factory: Factory, *, now: datetime) -> ModelVersion: ...

    def upload(self, made: Made) -> File: ...

    def meet(self, item: Item, made: Made) -> None: ...

    def examine(self, item: Item, *, now: datetime, versions: Sequence[ModelVersion] | None = None) -> Examined: ...


class ScoreModel:
    """Scores and measures drawn at random from what is true of the part; `skills` says how each version errs."""

    def __init__(self, *, seed: int) -> None:
        self.skills: dict[int, Skill] = {}
        self._seed = seed
        self._met: dict[str, Made] = {}

    @classmethod
    def seeded(cls, seed: int) -> "ScoreModel":
        return cls(seed=seed)

    def model(self, factory: Factory, *, now: datetime) -> ModelVersion:
        """Register a version without files; it errs as the factory's skill says."""
        version = ModelVersion.objects.create(
            name=NAME,
            version=1 + ModelVersion.objects.filter(name=NAME).count(),
            architecture=NAME,
            weights_sha256="",
            preprocessing_id="none/1",
            decoder_id=DECODER_ID,
            calibrator={"a": -STEEPNESS, "b": 0.0},
            classes=["pass", *factory.classes],
            card={},
            folder="",
            origin=Origin.SETUP.value,
            created_at=now,
        )
        self.skills[version.pk] = factory.skill
        return version

    def upload(self, made: Made) -> File:
        """Return a small grey picture that carries serial and place, so that no two have the same bytes."""
        return ContentFile(_png(f"{made.serial}/{made.index}".encode()), name="picture.png")

    def meet(self, item: Item, made: Made) -> None:
        self._met[str(item.pk)] = made

    def examine(self, item: Item, *, now: datetime, versions: Sequence[ModelVersion] | None = None) -> Examined:
        made = self._met[str(item.pk)]
        seers = (
            pipeline.seers_of(item) if versions is None else [(version, PredictionRole.SHADOW) for version in versions]
        )
        opinions = tuple(self._opinion(made, version, role, item.line) for version, role in seers)
        return Examined(
            stages=_stages(now, predicts=bool(opinions)), seen=self._seen(made), opinions=opinions, undecodable=""
        )

    def score(self, made: Made, version: int) -> float:
        """Return how far from the call threshold a version sees the part, in spreads: above 0 it calls a defect."""
        skill = self.skills[version]
        rng = Random(f"{self._seed}/{made.same_as or made.serial}/{version}")
        is_hidden = rng.random() < skill.hidden
        if made.is_defect and (is_hidden or made.defect_class in skill.blind_to):
            return rng.gauss(HIDDEN_AT, 0.5)
        rate = (skill.escape - skill.hidden) / (1 - skill.hidden) if made.is_defect else skill.overkill
        far = distance(hard_rates(max(0.0, rate))[made.is_hard])
        return rng.gauss(far if made.is_defect else -far, 1.0)

    def _opinion(self, made: Made, version: ModelVersion, role: PredictionRole, line: Line) -> Opinion:
        score = self.score(made, version.pk)
        p = 1 / (1 + exp(-STEEPNESS * max(-50.0, min(50.0, score))))
        said = routing.call(p, threshold=line.call_threshold)
        return Opinion(
            version=version,
            role=role,
            raw_score=score,
            probability=p,
            call=said,
            defect_class=(made.defect_class or "scratch") if said == Call.DEFECT else "",
            uncertainty=uncertainty(p),
            heatmap=b"",
            heatmap_columns=0,
            ms=MS[Stage.PREDICT],
        )

    def _seen(self, made: Made) -> Seen:
        rng = Random(f"{self._seed}/{made.serial}/{made.index}/looks")
        values = {name: rng.gauss(mean, spread) for name, (mean, spread) in LOOKS.items()}
        values |= {name: values[name] * made.light for name in LIT}
        measures = Measures(**values, width=SIDE, height=SIDE, size_bytes=round(rng.gauss(*FILE_BYTES)), blank=False)
        return Seen(measures=measures, fingerprint=f"{rng.getrandbits(64):016x}")


def _stages(now: datetime, *, predicts: bool) -> tuple[StageDone, ...]:
    seen = (Stage.DECODE, Stage.QUALITY)
    return tuple(
        StageDone(
            stage=stage,
            outcome=Outcome.OK if predicts or stage in seen else Outcome.SKIPPED,
            ms=MS[stage],
            detail="",
            finished_at=now,
        )
        for stage in Stage
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


_HEAD = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0))
_TAIL = _chunk(b"IDAT", zlib.compress((b"\x00" + b"\x7f" * SIDE) * SIDE)) + _chunk(b"IEND", b"")


def _png(text: bytes) -> bytes:
    return _HEAD + _chunk(b"tEXt", b"Serial\x00" + text) + _TAIL
