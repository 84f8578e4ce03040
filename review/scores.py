"""What the scores of an epoch say: calibration, the risk of passing by score, and slices that counts do not keep."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from inspection.models import Epoch
from review import history
from review.figures import Bin, ClassSlice, Coverage, Rate, Slice, rate
from stats.reliability import ece

BINS = 10
COVERAGE_STEPS = 20
# A report reads at most this many readings, the newest, and says so; counts and gates read all.
READINGS_MAX = 10_000
JUDGED = ("pass", "defect")
_COLUMNS = ("probability", "call", "label", "defect_class", "ruling", "ruled_class", "task__item__station__name")


@dataclass(frozen=True)
class _Scored:
    """One reading with its reference: probability of defect, whether it is one, whether the model called it one."""

    probability: float
    is_defect: bool
    is_called: bool
    defect_class: str
    station: str


def of(epoch: Epoch, *, since: date | None = None, until: date | None = None) -> dict[str, Any]:
    """Return cameras, classes, calibration, ECE and coverage of the final blind first readings, and of how many."""
    scored, is_partly_scored = _scored(epoch, since, until)
    p, y = [one.probability for one in scored], [int(one.is_defect) for one in scored]
    return {
        "cameras": _cameras(scored),
        "classes": _classes(scored),
        "calibration": _calibration(scored),
        "ece": ece(p, y, BINS) if len(set(y)) == 2 else None,
        "coverage": _coverage(scored),
        "scored": len(scored),
        "is_partly_scored": is_partly_scored,
    }


def _scored(epoch: Epoch, since: date | None, until: date | None) -> tuple[list[_Scored], bool]:
    """Return the newest readings that tell good from bad, and whether older ones were left out."""
    readings = history.final_readings(epoch).filter(**history.window(epoch, since, until))
    newest = readings.order_by("-task__run__opened_at").values_list(*_COLUMNS)
    # The reference is told here: a database would look up the ruling anew for each of its uses.
    read = [_told(*facts) for facts in newest[:READINGS_MAX]]
    return [one for one in read if one is not None], len(read) == READINGS_MAX


def _told(
    probability: float | None,
    call: str | None,
    label: str,
    kind: str,
    ruling: str | None,
    ruled_kind: str | None,
    station: str | None,
) -> _Scored | None:
    """Return a reading beside the verdict of record; None where either side did not tell good from bad."""
    reference, defect_class = (label, kind) if ruling is None else (ruling, ruled_kind)
    if probability is None or call not in JUDGED or reference not in JUDGED:
        return None
    return _Scored(probability, reference == "defect", call == "defect", defect_class or "", station or "")


def _cameras(scored: list[_Scored]) -> list[Slice]:
    return [_slice(name, group) for name, group in _grouped(scored, "station")]


def _slice(name: str, group: list[_Scored]) -> Slice:
    defects = [one for one in group if one.is_defect]
    good = [one for one in group if not one.is_defect]
    return Slice(
        name,
        rate(sum(one.is_defect == one.is_called for one in group), len(group)),
        rate(sum(not one.is_called for one in defects), len(defects)),
        rate(sum(one.is_called for one in good), len(good)),
    )


def _classes(scored: list[_Scored]) -> list[ClassSlice]:
    defects = [one for one in scored if one.is_defect]
    return [
        ClassSlice(code, rate(sum(one.is_called for one in group), len(group)))
        for code, group in _grouped(defects, "defect_class")
    ]


def _grouped(scored: list[_Scored], name: str) -> list[tuple[str, list[_Scored]]]:
    def key(one: _Scored) -> str:
        return getattr(one, name)

    return [(value, list(group)) for value, group in groupby(sorted(scored, key=key), key=key)]


def _calibration(scored: list[_Scored]) -> list[Bin]:
    by_bin: dict[int, list[_Scored]] = defaultdict(list)
    for one in scored:
        by_bin[min(int(one.probability * BINS), BINS - 1)].append(one)
    return [
        Bin(
            n / BINS,
            (n + 1) / BINS,
            sum(one.probability for one in inside) / len(inside),
            rate(sum(one.is_defect for one in inside), len(inside)),
        )
        for n, inside in sorted(by_bin.items())
    ]


def _coverage(scored: list[_Scored]) -> list[Coverage]:
    """Return what passing the safest 5, 10, ... 100 % by score would have let through."""
    ordered = sorted(scored, key=lambda one: one.probability)
    curve = []
    for step in range(1, COVERAGE_STEPS + 1):
        passed = ordered[: len(ordered) * step // COVERAGE_STEPS]
        if passed:
            escaped = sum(one.is_defect for one in passed)
            covered = Rate(len(passed), len(ordered), 0.0, 1.0)
            curve.append(Coverage(passed[-1].probability, covered, rate(escaped, len(passed))))
    return curve
