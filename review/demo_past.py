"""The invented past of a demo line: who read which part how, with the errors of the model spread evenly."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.models import Line, Run, User
from inspection.rules.words import Label
from review import filling
from review.demo_pictures import Pool, serial
from review.demo_scenes import Scene
from review.filling import Past


@dataclass(frozen=True)
class Stretch:
    """A stretch of a line's past: how many parts by (model call, truth), evenly between two moments."""

    cells: Mapping[str, int]
    first: datetime
    last: datetime

    def moments(self) -> Iterator[datetime]:
        count = sum(self.cells.values())
        for n in range(count):
            yield self.first + (self.last - self.first) * n / max(count - 1, 1)


# Seconds that people look at a part: the least, the most, and the most usual.
LOOK_S = (3.0, 12.0, 5.0)

Deal = Callable[[Scene, Mapping[str, int], list[Run], random.Random], list[str]]


def parts(
    line: Line,
    scene: Scene,
    stretch: Stretch,
    pool: Pool,
    people: Mapping[str, User],
    *,
    deal: Deal | None = None,
    unruled: int = 0,
) -> Iterator[Past]:
    """Yield the finished parts of a stretch in order. `deal` says which run gets which cell.

    On the last `unruled` of them nobody has ruled yet.
    """
    rng = random.Random(f"{scene.slug}/{stretch.first:%j}/past/{pool.rng.random()}")
    runs = list(filling.runs_at(line, stretch.moments()))
    readers = [people[name] for name in ("ana", "andre", "aria")]
    for n, (run, cell) in enumerate(zip(runs, (deal or _cells)(scene, stretch.cells, runs, rng), strict=True)):
        shot, defect_class = pool.pick(cell)
        truth = Label.DEFECT if cell[1] == "d" else Label.PASS
        reader = readers[n % len(readers)]
        yield Past(
            run=run,
            shot=shot,
            serial=serial(rng),
            reader=reader,
            second_reader=readers[(n + 1) % len(readers)],
            adjudicator=people["quinn"] if n % 2 else people["quill"],
            second_adjudicator=people["quill"] if n % 2 else people["quinn"],
            label=truth,
            defect_class=defect_class if truth == Label.DEFECT else "",
            second_label=Label.PASS if truth == Label.DEFECT and n % 9 == 0 else None,
            truth=truth,
            truth_class=defect_class if truth == Label.DEFECT else "",
            is_ruled=n < len(runs) - unruled,
            incumbent=_incumbent(scene, truth, rng),
            look=timedelta(milliseconds=round(1000 * rng.triangular(*LOOK_S))),
        )


def _cells(scene: Scene, asked: Mapping[str, int], runs: list[Run], rng: random.Random) -> list[str]:
    """Deal the cells out to the runs: the asked-for defects to the truth draw, errors evenly over time."""
    counts = dict(asked)
    drawn_runs = [n for n, run in enumerate(runs) if run.drawn_truth]
    dealt: dict[int, str] = {}
    chosen = sorted(rng.sample(drawn_runs, min(scene.drawn_defects, len(drawn_runs))))
    for place, n in enumerate(chosen):
        missed = scene.drawn_misses and place % (len(chosen) // scene.drawn_misses) == len(chosen) // 6
        cell = "pd" if missed and counts.get("pd", 0) > 0 else "dd"
        dealt[n], counts[cell] = cell, counts[cell] - 1
    rest = [n for n, run in enumerate(runs) if n not in dealt and not (scene.drawn_defects and run.drawn_truth)]
    for cell in ("pd", "dp", "dd"):
        for n in _evenly(rest, counts.get(cell, 0)):
            dealt[n] = cell
            rest.remove(n)
    return [dealt.get(n, "pp") for n in range(len(runs))]


def _evenly(places: list[int], count: int) -> list[int]:
    step = len(places) / count if count else 0
    return [places[int((n + 0.5) * step)] for n in range(count)]


def _incumbent(scene: Scene, truth: Label, rng: random.Random) -> str:
    """An older system: misses one defect in seven and rejects one good part in twelve."""
    if not scene.incumbent:
        return ""
    wrong = rng.random() < (1 / 7 if truth == Label.DEFECT else 1 / 12)
    return "reject" if (truth == Label.DEFECT) != wrong else "pass"
