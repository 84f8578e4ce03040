"""The product's rules and the usual ones, walked over the same stream of images: when each of them speaks.

KS, PSI and Evidently-style defaults look at the same windows of 500 images as the product's alarm.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.drift_images import MEASURED, Figures
from monitoring.rules import drift as rules
from monitoring.rules.drift import Reference
from monitoring.rules.drift_notice import noticed
from review.rules import charts
from stats.drift import ks, psi, w1

LOOK_EVERY = 16
COMPARED = 2_000
KS_P, PSI_LIMIT, EVIDENTLY_DISTANCE, EVIDENTLY_SHARE = 0.05, 0.2, 0.1, 0.5
SAME_IMAGES, STUCK_WITHIN = 0.2, 120


@dataclass(frozen=True)
class Known:
    """What a line's rules rest on: its references, some reference images for the comparisons, its rate of calls."""

    references: Mapping[str, Reference]
    images: Figures
    call_rate: float


def learn(blocks: Sequence[Figures], *, call_rate: float, seed: int) -> Known:
    """Return what the product takes from the reference's shifts, oldest first."""
    columns = {name: [block[:, n] for block in blocks] for n, name in enumerate(MEASURED)}
    found = {name: rules.reference(shifts) for name, shifts in columns.items()}
    whole = np.concatenate(blocks)
    some = np.random.default_rng(seed).choice(len(whole), min(COMPARED, len(whole)), replace=False)
    return Known({name: one for name, one in found.items() if one is not None}, whole[some], call_rate)


def notices(known: Known, images: Figures) -> Iterator[int]:
    """Yield after how many images each notice comes; one begins to look anew behind itself, as the product does."""
    begin = 0
    for seen in range(LOOK_EVERY, len(images) + 1, LOOK_EVERY):
        newest = images[max(begin, seen - rules.NOTICE_AFTER) : seen]
        if noticed(known.references, {name: newest[:, n].tolist() for n, name in enumerate(MEASURED)}):
            begin = seen
            yield seen


def alarms(known: Known, images: Figures) -> list[int]:
    """Return after how many images each alarm of the windows comes: where two of three are over and were not before."""
    limits = {name: one.threshold for name, one in known.references.items()}
    history: list[dict[str, float]] = []
    came, was_on = [], False
    for end, window in _windows(images):
        history.append({name: rules.distance(known.references[name], window[name]) for name in known.references})
        is_on = bool(rules.alarming(history, limits))
        if is_on and not was_on:
            came.append(end)
        was_on = is_on
    return came


def usual(known: Known, images: Figures) -> dict[str, list[int]]:
    """Return after how many images each of the usual rules flags a window."""
    came: dict[str, list[int]] = {"ks": [], "psi": [], "evidently, any": [], "evidently, half": []}
    for end, window in _windows(images):
        far = {name: _usual(known, n, window[name]) for n, name in enumerate(MEASURED) if name in known.references}
        apart = [one[2] for one in far.values()]
        said = {
            "ks": any(one[0] for one in far.values()),
            "psi": any(one[1] for one in far.values()),
            "evidently, any": any(apart),
            "evidently, half": sum(apart) >= EVIDENTLY_SHARE * len(apart),
        }
        for name, is_flagged in said.items():
            if is_flagged:
                came[name].append(end)
    return came


def stuck(pictures: Sequence[int]) -> tuple[int | None, int | None]:
    """Return after how many images one is seen to repeat another of the last five, and the alarm of it comes."""
    repeats = [place in pictures[max(0, n - 5) : n] for n, place in enumerate(pictures)]
    first = next((n + 1 for n, same in enumerate(repeats) if same), None)
    for seen in range(6, len(repeats) + 1):
        last = repeats[max(0, seen - STUCK_WITHIN) : seen]
        if sum(last) / len(last) > SAME_IMAGES:
            return first, seen
    return first, None


def calls(known: Known, heard: Sequence[bool]) -> dict[str, int | None]:
    """Return after how many images the charts of defect calls act: of a rise, of silence, of a fall."""
    limits = {
        charts.CALL_RATE: charts.rise_limits(known.call_rate),
        charts.SILENCE: charts.silence_limits(known.call_rate),
        charts.CALL_FALL: charts.fall_limits(known.call_rate),
    }
    return {name: _acts(name, one, heard) if one else None for name, one in limits.items()}


def _acts(name: str, limits: charts.Limits, heard: Sequence[bool]) -> int | None:
    w = 0.0
    for n, call in enumerate(heard):
        moved = charts.move(name, limits, w, [call])
        w = moved.w
        if moved.acted:
            return n + 1
    return None


def _usual(known: Known, place: int, window: Sequence[float]) -> tuple[bool, bool, bool]:
    """Say what KS, PSI and Evidently's distance say of one metric."""
    before = known.images[:, place]
    return (
        ks(before, window).p < KS_P,
        psi(before, window) > PSI_LIMIT,
        w1(before, window, sd=float(np.std(before))) >= EVIDENTLY_DISTANCE,
    )


def _windows(images: Figures) -> Iterator[tuple[int, dict[str, list[float]]]]:
    for end in range(rules.WINDOW, len(images) + 1, rules.WINDOW):
        window = images[end - rules.WINDOW : end]
        yield end, {name: window[:, n].tolist() for n, name in enumerate(MEASURED)}
