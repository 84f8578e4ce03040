"""The trial of a model that always says pass: 4,000 parts, 20 of them defective, so that it agrees on 99.5 %."""

import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from inspection import registry
from inspection.models import Line, ModelVersion, Run, Station, User
from inspection.rules.words import Origin
from review import demo_past, filling
from review.demo_past import Stretch
from review.demo_pictures import Pool
from review.demo_scenes import Scene
from vision import always_pass

NAME = "always-pass"
PARTS, DEFECTS = 4000, 20


def hold(
    line: Line,
    station: Station,
    scene: Scene,
    pool: Pool,
    people: Mapping[str, User],
    *,
    model_version: ModelVersion,
    now: datetime,
) -> ModelVersion:
    """Let the model run silently on the line from its first day on, then put the line's own model back."""
    with tempfile.TemporaryDirectory() as folder:
        tried = registry.register(always_pass.write(Path(folder) / NAME), name=NAME, origin=Origin.SETUP, now=now)
    began = line.created_at + timedelta(hours=1)
    ended = began + timedelta(days=scene.trial_days)
    registry.serve(line, tried, by=None, cause="a trial", now=began)
    line.refresh_from_db()
    stretch = Stretch({"pp": PARTS - DEFECTS, "pd": DEFECTS}, began, ended)
    seen = pool.seen_by(tried, now=now)
    filling.write_past(line, demo_past.parts(line, scene, stretch, seen, people, deal=_deal), station=station)
    registry.serve(line, model_version, by=None, cause="the trial is over", now=ended)
    line.refresh_from_db()
    return tried


def _deal(scene: Scene, asked: Mapping[str, int], runs: list[Run], rng: object) -> list[str]:
    """Deal every defect to the truth draw, evenly over time: the gate counts nothing else as known."""
    drawn = [n for n, run in enumerate(runs) if run.drawn_truth]
    chosen = {drawn[n * len(drawn) // asked["pd"]] for n in range(asked["pd"])}
    return ["pd" if n in chosen else "pp" for n in range(len(runs))]
