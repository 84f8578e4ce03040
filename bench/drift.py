"""How soon a change of a line's images is noticed and alarmed, and how often nothing is: on drawn parts and real ones.

    nice -n 19 python -m bench.drift [--images FOLDER] [--seeds 50] [--good 160] [--defective 60]

FOLDER holds `phone_msd` and `casting`, each with a manifest; without it drawn parts alone are looked at, and the new
surface is that of another part. Delays are images from the change on, in the middle of a shift and of a window.
With --calls the charts of defect calls alone are walked, which need no picture, and take the place of the kept ones.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import drift_images, drift_rules, figures
from bench.drift_images import AS_EVER, LAMPS, MEASURED, Figures, blurred, measured, moved
from bench.drift_streams import SHIFT, SHIFTS, Change, Pool, Stretch, shift, shifts

IN_CONTROL = 10_000
AFTER, AFTER_CALLS = 2_000, 20_000
KEPT_EVERY = 10
NOTICED_WITHIN, ALARMED_WITHIN = 64, 1_500
CHANGES = {
    "brightness -5 %": Change(lamp=0.95),
    "brightness -10 %": Change(lamp=0.90),
    "brightness -20 %": Change(lamp=0.80),
    "brightness -40 %": Change(lamp=0.60),
    "blur": Change(figures="blur"),
    "camera moved": Change(figures="moved"),
    "new surface": Change(figures="surface"),
}
Delays = dict[str, list[float]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="folder of real images: phone_msd and casting")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--good", type=int, default=160, help="pictures of good parts")
    parser.add_argument("--defective", type=int, default=60)
    parser.add_argument("--calls", action="store_true", help="the charts of defect calls alone")
    options = parser.parse_args(arguments)
    if options.calls:
        _calls_alone(options.seeds)
        return
    if options.images is None:
        print("No --images: drawn parts alone.")
    sources = {name: Source(pool) for name, pool in _pools(options.images, options.good, options.defective).items()}
    for seed in range(options.seeds):
        for source in sources.values():
            source.run(seed)
        # A long run that is broken off has told what it saw.
        if (seed + 1) % KEPT_EVERY == 0 or seed + 1 == options.seeds:
            told = {name: source.told(seed + 1) for name, source in sources.items()}
            figures.keep("drift", {"seeds": seed + 1, "images in control for each seed": IN_CONTROL, **told})


def _calls_alone(seeds: int) -> None:
    """Walk the charts of defect calls alone, and put what they did in place of what is kept of them."""
    unseen = {"plain": np.zeros((2, len(LAMPS), len(MEASURED)))}
    pool, quiet = Pool(unseen, unseen), defaultdict[str, list[float]](list)
    changed: dict[str, Delays] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        rng = np.random.default_rng([11, seed])
        known = drift_rules.Known({}, unseen["plain"][:, 0], _rate([shift(pool, rng) for _ in range(SHIFTS)]))
        _count_calls(quiet, known, shifts(pool, rng, images=IN_CONTROL).calls)
        _defect_rates(changed, known, pool, rng)
    kept = json.loads((figures.RESULTS / "drift.json").read_text())["figures"]
    for source in (found for found in kept.values() if isinstance(found, dict)):
        source["false per 10,000 images in control"] |= _per_10_000(quiet, seeds * IN_CONTROL)
        source["delay in images"] |= {name: _told_all(of) for name, of in changed.items()}
    figures.keep("drift", {**kept, "seeds of the charts of defect calls": seeds})


def _pools(folder: Path | None, good: int, defective: int) -> dict[str, Pool]:
    found = {}
    if folder is not None:
        surface = measured(drift_images.phones(folder / "casting", count=80, label="ok"), lamps=LAMPS[AS_EVER])
        phones = [
            drift_images.phones(folder / "phone_msd", count=count, label=label)
            for count, label in ((good, "ok"), (defective, "defect"))
        ]
        found["phone_msd"] = _pool(*phones, surface)
    else:
        surface = measured(drift_images.drawn(count=80, label="ok", product="frame"), lamps=LAMPS[AS_EVER])
    parts = [drift_images.drawn(count=count, label=label) for count, label in ((good, "ok"), (defective, "defect"))]
    return {**found, "drawn parts": _pool(*parts, surface)}


def _pool(good: Sequence[Any], defective: Sequence[Any], surface: Figures) -> Pool:
    kinds: list[Mapping[str, Figures]] = [
        {
            "plain": measured(pictures),
            "blur": measured(pictures, change=blurred, lamps=LAMPS[AS_EVER]),
            "moved": measured(pictures, change=moved, lamps=LAMPS[AS_EVER]),
            "surface": surface,
        }
        for pictures in (good, defective)
    ]
    return Pool(*kinds)


class Source:
    """Pictures of one kind, and what was seen on streams of them so far."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._quiet: Delays = defaultdict(list)
        self._changed: dict[str, Delays] = defaultdict(lambda: defaultdict(list))

    def run(self, seed: int) -> None:
        """Learn a line of its own, let it run in control, and let each change happen to it."""
        rng, pool = np.random.default_rng([7, seed]), self._pool
        blocks = [shift(pool, rng) for _ in range(SHIFTS)]
        known = drift_rules.learn([block.measures for block in blocks], call_rate=_rate(blocks), seed=seed)
        _count(self._quiet, known, pool, rng)
        for name, change in CHANGES.items():
            _delay(self._changed[name], known, pool, change, rng)
        _other_changes(self._changed, known, pool, rng)

    def told(self, seeds: int) -> dict[str, Any]:
        images = seeds * IN_CONTROL
        return {
            "false per 10,000 images in control": _per_10_000(self._quiet, images),
            "delay in images": {name: _told_all(of) for name, of in self._changed.items()},
            "aims": _aims(self._quiet, self._changed["brightness -20 %"], images),
        }


def _count(quiet: Delays, known: drift_rules.Known, pool: Pool, rng: np.random.Generator) -> None:
    """Count what speaks while nothing has changed."""
    calm = shifts(pool, rng, images=IN_CONTROL)
    quiet["notice"].append(sum(1 for _ in drift_rules.notices(known, calm.measures)))
    quiet["alarm"].append(len(drift_rules.alarms(known, calm.measures)))
    _count_calls(quiet, known, calm.calls)
    for rule, came in drift_rules.usual(known, calm.measures).items():
        quiet[rule].append(len(came))


def _delay(found: Delays, known: drift_rules.Known, pool: Pool, change: Change, rng: np.random.Generator) -> None:
    """Let a line change within a window, and write after how many images each rule speaks."""
    before = shift(pool, rng, images=SHIFT).measures[: int(rng.integers(1, 500))]
    after = shifts(pool, rng, images=AFTER, change=change).measures
    stream = np.concatenate([before, after])
    came = {
        # A notice that came before the change is no answer to it; another may follow.
        "notice": drift_rules.notices(known, stream),
        "alarm": drift_rules.alarms(known, stream),
        **drift_rules.usual(known, stream),
    }
    for rule, places in came.items():
        found[rule].append(next((place - len(before) for place in places if place > len(before)), np.inf))


def _other_changes(changed: dict[str, Delays], known: drift_rules.Known, pool: Pool, rng: np.random.Generator) -> None:
    first, alarm = drift_rules.stuck(shift(pool, rng, change=Change(is_stuck=True)).pictures)
    changed["camera stuck"]["notice"].append(first or np.inf)
    changed["camera stuck"]["alarm"].append(alarm or np.inf)
    _defect_rates(changed, known, pool, rng)


def _defect_rates(changed: dict[str, Delays], known: drift_rules.Known, pool: Pool, rng: np.random.Generator) -> None:
    for name, times in (("defect rate x 3", 3.0), ("defect rate / 3", 1 / 3)):
        heard = shifts(pool, rng, images=AFTER_CALLS, change=Change(defects=times)).calls
        for chart, acted in drift_rules.calls(known, heard).items():
            changed[name][f"{chart.replace('_', ' ')} chart"].append(acted or np.inf)


def _count_calls(quiet: Delays, known: drift_rules.Known, heard: Sequence[bool]) -> None:
    for chart, acted in drift_rules.calls(known, heard).items():
        quiet[f"{chart.replace('_', ' ')} chart"].append(acted is not None)


def _rate(blocks: Sequence[Stretch]) -> float:
    return float(np.mean([call for block in blocks for call in block.calls]))


def _per_10_000(quiet: Delays, images: int) -> dict[str, float]:
    return {name: round(10_000 * sum(came) / images, 3) for name, came in quiet.items()}


def _told_all(of: Delays) -> dict[str, Any]:
    return {rule: _told(of_rule) for rule, of_rule in of.items()}


def _told(delays: Sequence[float]) -> dict[str, Any]:
    """Return median, 90th percentile and the longest of those that came, and how many did."""
    came = sorted(delay for delay in delays if np.isfinite(delay))
    known = {"p50": delays and float(np.quantile(delays, 0.5, method="higher"))}
    known["p90"] = float(np.quantile(delays, 0.9, method="higher"))
    spread = {name: value if np.isfinite(value) else None for name, value in known.items()}
    return {**spread, "longest": came[-1] if came else None, "came": len(came), "of": len(delays)}


def _aims(quiet: Delays, dark: Delays, images: int) -> dict[str, bool]:
    return {
        "false alarms at most 0.5 per 10,000 images": 10_000 * sum(quiet["alarm"]) / images <= 0.5,
        f"-20 % is noticed within {NOTICED_WITHIN} images by the median": bool(
            np.median(dark["notice"]) <= NOTICED_WITHIN
        ),
        f"-20 % is always alarmed within {ALARMED_WITHIN} images": bool(max(dark["alarm"]) <= ALARMED_WITHIN),
    }


if __name__ == "__main__":
    main()
