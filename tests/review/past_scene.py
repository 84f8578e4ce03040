"""A truth draw of chosen scores and truths, loaded whole through the product's own filling."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from inspection.models import Line, User
from inspection.rules.words import Label
from review import filling
from review.filling import Past
from review.shots import Shot
from tests.builders import NOON, make_station, make_user

MEASURES = {
    "brightness": 120.0,
    "p99_luminance": 180.0,
    "contrast": 30.0,
    "sharpness": 200.0,
    "saturation": 10.0,
    "entropy": 5.0,
    "width": 640,
    "height": 480,
    "size_bytes": 1000,
    "blank": False,
    "fingerprint": "0" * 16,
}


def draw_scores(parts: int, *, defects: int, seed: int = 3, good: float = 0.02, bad: float = 0.9) -> list[tuple]:
    """Return (probability, is defect) of parts whose model tells them well apart."""
    rng = np.random.default_rng(seed)
    labels = [1] * defects + [0] * (parts - defects)
    rng.shuffle(labels)
    return [(float(np.clip(rng.normal(bad if label else good, 0.01), 0, 1)), label) for label in labels]


def load_truth_draw(line: Line, scored: Sequence[tuple[float, int]], *, first: int = 0, is_ruled: bool = True) -> None:
    """Load one part of the truth draw for each (probability, is defect), seven hours apart, ruled on or not yet."""
    line.truth_share = 1.0
    line.save(update_fields=["truth_share"])
    people = [User.objects.filter(username=name).first() or make_user(name, role=None) for name in ("ana", "andre")]
    leads = [User.objects.filter(username=name).first() or make_user(name, role=None) for name in ("quinn", "quill")]
    moments = [NOON + timedelta(hours=7 * n) for n in range(first, first + len(scored))]
    runs = filling.runs_at(line, moments)
    station = line.stations.first() or make_station(line)
    pasts = (
        _past(run, f"T-{first + n}", p, label, people[:: 1 if n % 2 else -1], leads, is_ruled)
        for n, (run, (p, label)) in enumerate(zip(runs, scored, strict=True))
    )
    filling.write_past(line, pasts, station=station)


def _past(run, serial: str, probability: float, label: int, people, leads, is_ruled: bool) -> Past:
    truth = Label.DEFECT if label else Label.PASS
    return Past(
        run=run,
        shot=_shot(serial, probability),
        serial=serial,
        is_ruled=is_ruled,
        reader=people[0],
        second_reader=people[1],
        adjudicator=leads[0],
        second_adjudicator=leads[1],
        label=truth,
        defect_class="scratch" if label else "",
        truth=truth,
        truth_class="scratch" if label else "",
    )


def _shot(serial: str, probability: float) -> Shot:
    return Shot(
        sha256=serial.encode().hex().ljust(64, "0")[:64],
        size_bytes=1000,
        width=640,
        height=480,
        content_type="image/jpeg",
        measures={**MEASURES, "brightness": 100.0 + 40 * probability},
        opinion={
            "decoder_id": "pillow/1",
            "preprocessing_id": "rgb-192/1",
            "raw_score": probability,
            "probability": probability,
            "call": "defect" if probability >= 0.5 else "pass",
            "defect_class": "scratch" if probability >= 0.5 else "",
            "uncertainty": 0.1,
            "heatmap": b"",
            "heatmap_columns": 0,
            "ms": 5.0,
        },
    )
