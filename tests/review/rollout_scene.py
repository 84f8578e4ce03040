"""A line with a model and a candidate, and parts that go through the product's own deeds without pixels."""

from datetime import datetime, timedelta
from functools import cache

import numpy as np

from inspection import arms, outbox, pipeline, registry, rollouts
from inspection.models import Deployment, Item, Line, ModelVersion, Rollout, Run, Station, User
from inspection.rules import traffic
from inspection.rules.words import Outcome, PredictionRole, RolloutStrategy, Stage
from inspection.sightings import Examined
from inspection.stages import Opinion, Seen, StageDone
from review import arrivals, queues
from review.models import ReviewTask
from tests.builders import NOON, make_line, make_model_version
from tests.review.scene import make_run
from vision import routing
from vision.measures import Measures, measure

GOOD, BAD = 0.01, 0.99


def make_served_line(slug: str = "phone-glass", *, level: str = "shadow", **fields) -> Line:
    line = make_line(slug, level=level, **fields)
    registry.serve(line, make_model_version("blue"), by=None, cause="set-up", now=NOON)
    line.refresh_from_db()
    return line


def make_rollout(
    line: Line,
    strategy: str = "canary",
    *,
    share: float | None = None,
    by: User | None = None,
    at: datetime = NOON,
) -> Rollout:
    green = ModelVersion.objects.filter(name="green").first() or make_model_version("green")
    return rollouts.start(line, green, strategy=RolloutStrategy(strategy), share=share, by=by, now=at)


def warmed(line: Line, *, at: datetime = NOON) -> Rollout:
    """Return a blue-green rollout whose candidate has seen what a switch asks for."""
    rollout = make_rollout(line, "blue_green", at=at)
    for n in range(20):
        send(line, f"warm-{n}", at=at + timedelta(seconds=n))
    ReviewTask.objects.update(queue_rank=None, closed_at=at)
    return Rollout.objects.select_related("line", "candidate", "incumbent").get(pk=rollout.pk)


def send(
    line: Line,
    serial: str,
    *,
    blue: float | None = GOOD,
    green: float | None = GOOD,
    position: float = 0.5,
    at: datetime = NOON,
    ms: float = 5.0,
    drawn: tuple[str, ...] = (),
    is_dropped: bool = False,
    station: Station | None = None,
) -> ReviewTask | None:
    """Take a part through prediction and routing; `blue` and `green` are what the versions say, None for no answer.

    Returns the task for people, None where the model decided.
    """
    run = make_run(line, serial, position=position, at=at, drawn=drawn, station=station)
    said = {"blue": blue, "green": green}
    task = None
    for item in run.items.select_related("run__part", "station").order_by("view"):
        task = look(line, item, said, at=at, ms=ms)
        look_silently(line, item, said, at=at, ms=ms, is_dropped=is_dropped)
    return task


def look(line: Line, item: Item, said: dict, *, at: datetime, ms: float = 5.0) -> ReviewTask | None:
    """Take one image through the live part of the service."""
    routed = pipeline.record(item, examined(line, item, said, at=at, ms=ms), now=at + timedelta(seconds=0.1))
    return next(iter(queues.admit(routed, now=at)), None)


def examined(line: Line, item: Item, said: dict, *, at: datetime, ms: float = 5.0) -> Examined:
    """Return what the live models find out about one image, as the line stands now."""
    line = Line.objects.get(pk=line.pk)
    opinions = _opinions(line, item.run, said, ms=ms, wanted="live")
    has_failed = len(opinions) < len(_chosen(line, item.run).live)
    return _examined(opinions, ms=ms, at=at, has_failed=has_failed)


def look_silently(
    line: Line, item: Item, said: dict, *, at: datetime, ms: float = 5.0, is_dropped: bool = False
) -> None:
    """Take one image through the look that nobody waits for, where one was asked for, or pass it over."""
    work = outbox.claim(arms.SILENT, item.pk, now=at)
    if work is None:
        return
    if is_dropped:
        pipeline.pass_over_silently(item, now=at)
    else:
        silent = _opinions(line, item.run, said, ms=ms, wanted="silent")
        arrivals.keep_silently(item, _examined(silent, ms=ms, at=at), now=at + timedelta(seconds=0.2))
    outbox.finish(work, now=at)


def deployed(line: Line) -> tuple[str, str, str, float]:
    """Return what stands on the line: serving, candidate, strategy and share."""
    now = Deployment.objects.select_related("serving", "candidate").get(line=line)
    return str(now.serving), str(now.candidate or ""), now.strategy, now.share


def _examined(opinions: tuple[Opinion, ...], *, ms: float, at: datetime, has_failed: bool = False) -> Examined:
    outcome = Outcome.FAILED if has_failed else Outcome.OK
    stage = StageDone(stage=Stage.PREDICT, outcome=outcome, ms=ms, detail="", finished_at=at)
    seen = Seen(measures=_measures(), fingerprint="0" * 16)
    return Examined(stages=(stage,), seen=seen, opinions=opinions, undecodable="")


def _chosen(line: Line, run: Run) -> traffic.Traffic:
    now = Deployment.objects.get(line=line)
    standing = traffic.Deployed(
        serving=now.serving_id, candidate=now.candidate_id, strategy=now.strategy, share=now.share
    )
    return traffic.choose(standing, level=line.level, canary_position=run.canary_position)


def _opinions(line: Line, run: Run, said: dict, *, ms: float, wanted: str) -> tuple[Opinion, ...]:
    seers = getattr(_chosen(line, run), wanted)
    versions = ModelVersion.objects.in_bulk([seer.version for seer in seers])
    asked = [(versions[seer.version], seer.role) for seer in seers]
    return tuple(
        _opinion(line, version, role, said[version.name], ms)
        for version, role in asked
        if said[version.name] is not None
    )


def _opinion(line: Line, version: ModelVersion, role: PredictionRole, probability: float, ms: float) -> Opinion:
    call = routing.call(probability, threshold=line.call_threshold)
    return Opinion(
        version=version,
        role=role,
        raw_score=probability,
        probability=probability,
        call=call,
        defect_class="scratch" if call == "defect" else "",
        uncertainty=0.1,
        heatmap=b"",
        heatmap_columns=0,
        ms=ms,
    )


@cache
def _measures() -> Measures:
    pixels = np.random.default_rng(1).integers(60, 190, size=(64, 64, 3), dtype=np.uint8)
    return measure(pixels, size_bytes=1000)
