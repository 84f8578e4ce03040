"""The sheet of a gauge study: how each appraiser agrees with themself, the standard and the others.

The rule of counting, printed with the sheet: for agreement one image with all its trials is one opportunity; for misses
and false alarms each trial is one. "Cannot judge" agrees with nothing and is no miss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from stats.agreement import ac1, kappa
from stats.proportions import clopper_pearson

Z = 1.959963984540054
PASS, DEFECT, UNSURE = 0, 1, -1

Trials = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Share:
    """k of n with its exact 95 % interval."""

    k: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Index:
    """Kappa beside AC1, each with its interval; None where it is not defined."""

    n: int
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    ac1: float
    ac1_low: float
    ac1_high: float


@dataclass(frozen=True)
class Appraised:
    """One appraiser: repeatability, effectiveness, misses and false alarms, and agreement with the standard."""

    name: str
    within: Share
    effective: Share
    missed: Share
    alarmed: Share
    index: Index | None


@dataclass(frozen=True)
class Sheet:
    """A whole study. `all_agree` are the images that everybody called the same in every trial."""

    appraisers: list[Appraised]
    pairs: list[tuple[str, str, Index]]
    all_agree: Share


def sheet(standard: Mapping[str, int], calls: Mapping[str, Trials], *, trials: int) -> Sheet:
    """Return the sheet of a study from the standard of each image and each appraiser's trials of it.

    Images are 0 = pass, 1 = defect; a call may also be -1 = cannot judge. An image counts for an appraiser once it
    has all trials; an appraiser with one trial of each (a model says the same again) is taken as whole.
    """
    whole = {
        name: {image: said for image, said in seen.items() if len(said) in (1, trials)} for name, seen in calls.items()
    }
    appraisers = [_appraised(name, standard, seen) for name, seen in whole.items()]
    pairs = [(one, other, _index(_beside(whole[one], whole[other]))) for one, other in combinations(whole, 2)]
    common = set(standard).intersection(*whole.values()) if whole else set()
    alike = sum(len({said for seen in whole.values() for said in seen[image]}) == 1 for image in common)
    return Sheet(appraisers, [(a, b, found) for a, b, found in pairs if found], _share(alike, len(common)))


def _appraised(name: str, standard: Mapping[str, int], seen: Trials) -> Appraised:
    defects = [call for image, said in seen.items() if standard[image] == DEFECT for call in said if call != UNSURE]
    good = [call for image, said in seen.items() if standard[image] == PASS for call in said if call != UNSURE]
    against = [(call, standard[image]) for image, said in seen.items() for call in said]
    return Appraised(
        name=name,
        within=_share(sum(len(set(said)) == 1 for said in seen.values()), len(seen)),
        effective=_share(sum(set(said) == {standard[image]} for image, said in seen.items()), len(seen)),
        missed=_share(defects.count(PASS), len(defects)),
        alarmed=_share(good.count(DEFECT), len(good)),
        index=_index(against),
    )


def _beside(one: Trials, other: Trials) -> list[tuple[int, int]]:
    """Return the calls of two appraisers trial by trial; a single call stands beside each trial."""
    pairs = []
    for image in one.keys() & other.keys():
        n = max(len(one[image]), len(other[image]))
        pairs += list(zip(_repeated(one[image], n), _repeated(other[image], n), strict=True))
    return pairs


def _repeated(said: Sequence[int], n: int) -> Sequence[int]:
    return list(said) * n if len(said) == 1 else said


def _index(pairs: Sequence[tuple[int, int]]) -> Index | None:
    judged = [pair for pair in pairs if UNSURE not in pair]
    if not judged:
        return None
    table = [[judged.count((row, column)) for column in (PASS, DEFECT)] for row in (PASS, DEFECT)]
    k, (g, se) = kappa(table), ac1(table)
    return Index(len(judged), k.kappa, k.low, k.high, g, max(-1.0, g - Z * se), min(1.0, g + Z * se))


def _share(k: int, n: int) -> Share:
    return Share(k, n, *clopper_pearson(k, n))
