"""What the prediction service does with one image, stage by stage, before anything is written about it."""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from inspection import images, registry
from inspection.models import Item, Line, ModelVersion
from inspection.rules.words import Call, Outcome, PredictionRole, Stage
from vision import routing
from vision.decode import DecodeFailed, Decoder, Picture
from vision.embedding import Vector, embed
from vision.measures import Measures, fingerprint, measure
from vision.scoring import probability, uncertainty
from vision.serving import ModelFailed, ModelMissing, Scored

logger = logging.getLogger(__name__)

DETAIL_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class StageDone:
    """One stage with its outcome and its own time."""

    stage: Stage
    outcome: Outcome
    ms: float
    detail: str
    finished_at: datetime


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the pixels are like."""

    measures: Measures
    fingerprint: str
    embedding: Vector | None = None


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one model version says about the image, calibrated and explained."""

    version: ModelVersion
    role: PredictionRole
    raw_score: float
    probability: float
    call: Call
    defect_class: str
    uncertainty: float
    heatmap: bytes
    heatmap_columns: int
    ms: float


@dataclass
class Log:
    """The stages done so far. A stage that was never entered counts as skipped."""

    began_at: datetime
    done: list[StageDone] = field(default_factory=list)
    _clock: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[list[str]]:
        """Time a stage. Complaints put into the list make it a failed one."""
        complaints: list[str] = []
        started = time.perf_counter()
        yield complaints
        outcome = Outcome.FAILED if complaints else Outcome.OK
        self._note(stage, outcome, (time.perf_counter() - started) * 1000, "; ".join(complaints))

    def complete(self) -> tuple[StageDone, ...]:
        for stage in set(Stage) - {done.stage for done in self.done}:
            self._note(stage, Outcome.SKIPPED, 0.0, "")
        return tuple(sorted(self.done, key=lambda done: list(Stage).index(done.stage)))

    def _note(self, stage: Stage, outcome: Outcome, ms: float, detail: str) -> None:
        # Durations on the monotonic clock: a step of the wall clock makes no stage negative.
        at = self.began_at + timedelta(seconds=time.perf_counter() - self._clock)
        done = StageDone(stage=stage, outcome=outcome, ms=ms, detail=detail[:DETAIL_LENGTH], finished_at=at)
        self.done.append(done)


def decode(item: Item, log: Log) -> tuple[Picture | None, str]:
    """Return the picture, or None and the code of what is wrong with the file."""
    with log.stage(Stage.DECODE) as complaints:
        try:
            return decode_stored(item.sha256, max_pixels=item.line.max_megapixels * 1_000_000), ""
        except DecodeFailed as failure:
            complaints.append(f"{failure.code}: {failure.detail}")
            return None, failure.code


def decode_stored(sha256: str, *, max_pixels: int) -> Picture:
    """Return the picture of a file that is in the store. Raises DecodeFailed."""
    with images.local_path(sha256) as path:
        try:
            return decoder().decode(path, max_pixels=max_pixels)
        except DecodeFailed as failure:
            # A child that dies may have been killed for another's sake: the picture gets a second one.
            if failure.code != "decode-died":
                raise
        return decoder().decode(path, max_pixels=max_pixels)


@contextmanager
def keeping(picture: Picture, *, sha256: str) -> Iterator[None]:
    """Keep the pictures for people meanwhile: the disk is busy while the processor is. Both are there afterwards."""
    with ThreadPoolExecutor(max_workers=1) as disk:
        kept = [
            disk.submit(images.put_rendition, sha256, picture.rendition),
            disk.submit(images.put_thumbnail, sha256, picture.thumbnail),
        ]
        yield
    for done in kept:
        done.result()


def look(picture: Picture, *, size_bytes: int, patch: Sequence[float] | None, log: Log) -> Seen:
    """Measure the picture, and the reference patch on it where the line has one, and take its fingerprint."""
    with log.stage(Stage.QUALITY):
        measures = measure(picture.pixels, size_bytes=size_bytes, patch=(*patch,) if patch else None)  # type: ignore[arg-type]
        taken = f"{fingerprint(picture.pixels):016x}"
        return Seen(measures=measures, fingerprint=taken, embedding=embed(picture.pixels))


def ask(
    versions: list[tuple[ModelVersion, PredictionRole]], picture: Picture, *, line: Line, log: Log
) -> tuple[Opinion, ...]:
    """Let each version look at the picture. One that fails says nothing; the others are not disturbed."""
    if not versions:
        return ()
    scored: list[tuple[ModelVersion, PredictionRole, Scored]] = []
    with log.stage(Stage.PREDICT) as complaints:
        for version, role in versions:
            answer, complaint = _score(version, picture.pixels, call_threshold=line.call_threshold)
            if answer is not None:
                scored.append((version, role, answer))
            if complaint:
                complaints.append(complaint)
    if not scored:
        return ()
    with log.stage(Stage.CALIBRATE):
        probabilities = [probability(answer.raw_score, version.calibrator) for version, _, answer in scored]
    with log.stage(Stage.EXPLAIN):
        return tuple(
            _opinion(version, role, answer, p=p, line=line)
            for (version, role, answer), p in zip(scored, probabilities, strict=True)
        )


@cache
def decoder() -> Decoder:
    """Return this process's decoder. Its child is kept alive between images."""
    return Decoder()


def warm_up(versions: Sequence[ModelVersion]) -> None:
    """Start the decoder's child and let each version look at a grey picture once."""
    decoder().start()
    for version in versions:
        _score(version, np.full((64, 64, 3), 127, dtype=np.uint8), call_threshold=0.5)


def keep_warm(version: ModelVersion) -> None:
    """Load a version into this process where it is not. One that cannot be loaded is told of, and harms nobody yet."""
    if not version.onnx_sha256:
        # Registered without a graph: there is nothing to load.
        return
    try:
        registry.scorer(version)
    except (ModelMissing, ModelFailed, OSError):
        logger.exception("Unable to load model %s ahead of its use", version)


def _score(version: ModelVersion, pixels: NDArray[np.uint8], *, call_threshold: float) -> tuple[Scored | None, str]:
    try:
        return registry.scorer(version).score(pixels, call_threshold=call_threshold), ""
    except Exception as error:
        # Whatever a model does with strangers' pixels (raise, answer NaN, run out of memory), the part goes to people.
        logger.exception("Model %s gave no answer", version)
        return None, f"{version}: {error or type(error).__name__}"


def _opinion(version: ModelVersion, role: PredictionRole, scored: Scored, *, p: float, line: Line) -> Opinion:
    call = routing.call(p, threshold=line.call_threshold)
    cells = np.zeros((0, 0)) if scored.heatmap is None else scored.heatmap
    return Opinion(
        version=version,
        role=role,
        raw_score=scored.raw_score,
        probability=p,
        call=call,
        defect_class=(scored.defect_class or "") if call == Call.DEFECT else "",
        uncertainty=uncertainty(p),
        heatmap=(cells * 255).round().astype(np.uint8).tobytes(),
        heatmap_columns=cells.shape[1],
        ms=scored.ms,
    )
