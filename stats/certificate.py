"""The certificate of an auto-pass band: its risk, and the share of defects it misses.

A risk limit is no news where defects are rarer than it: at .1 % defects a blind model is
certified for .5 % in every run. So the band must also miss few of a closed list of
distinct held-out defects. What is proved holds for defects like those in the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stats import checks
from stats.ltt import FULL, Curve, binom_p, first_level, learned_start, quantile_grid, scored, walk_up


class Certificate(NamedTuple):
    """The threshold or None, the reason, the trace of the walk, and whether the risk limit says nothing here."""

    threshold: float | None
    reason: str
    trace: list[list[float]]
    risk_vacuous: bool


class MissTest(NamedTuple):
    """Distinct defects that must not be missed more often than `limit`."""

    scores: list[float]
    limit: float

    def missed(self, threshold: float) -> int:
        return sum(score <= threshold for score in self.scores)

    def p_value(self, threshold: float) -> float:
        return binom_p(self.missed(threshold), len(self.scores), self.limit)

    def testable(self, delta: float) -> bool:
        """Whether not missing a single one would prove anything."""
        return binom_p(0, len(self.scores), self.limit) <= delta


def ltt_certified(
    scores_a: Iterable[float],
    labels_a: Iterable[int],
    scores_b: Iterable[float],
    labels_b: Iterable[int],
    defect_scores: Iterable[float],
    risk: float = 0.005,
    miss: float = 0.05,
    delta: float = 0.05,
    label_cut: float = 0.5,
    grid: int = 40,
    safety: float = 1.3,
    lift: float = 4.0,
    groups: Iterable[Any] | None = None,
    group_miss: Mapping[Any, float] | None = None,
) -> Certificate:
    """The highest auto-pass threshold proven within `risk` on B and within `miss` on held-out defects.

    Each proof holds at its own delta, so P(either limit is violated) <= 2 delta. `defect_scores`
    are distinct defects outside A, B and training; the list may be empty. `groups` names each
    one's risk class, and every class of `group_miss` must then hold its own limit too. The
    band must pass at least lift x miss of all parts, which no blind model survives.

    The reason is 'certified', or why there is no band: 'too_few_items' in B, 'too_few_defects'
    to test the miss limit, 'always_pass' (that, and passing everything meets the risk limit:
    then risk_vacuous is True), 'above_cut' (no threshold below `label_cut`), 'misses', 'risk'.
    A trace row is [threshold, items, defects, p of the risk, missed defects, p of the misses].

    Raises ValueError as `ltt_learned_start` does, for lift < 1 or lift x miss >= .98, and for
    groups without limits or limits without groups.

    >>> good, bad = [i / 1000 for i in range(1000)], [2.0] * 50
    >>> half = good + bad, [0] * 1000 + [1] * 50
    >>> ltt_certified(*half, *half, [1.9] * 60, risk=0.01, label_cut=1.0).reason
    'certified'
    >>> ltt_certified(*half, *half, [], risk=0.01, label_cut=1.0).reason
    'too_few_defects'
    """
    tuning, certifying = scored(scores_a, labels_a, " of A"), scored(scores_b, labels_b, " of B")
    miss, lift = checks.share(miss, "miss"), checks.number(lift, "lift")
    if lift < 1 or lift * miss >= FULL:
        raise ValueError(f"lift is {lift!r} and miss {miss!r}, use a lift of at least 1 with lift x miss below 0.98.")
    cut, delta = checks.number(label_cut, "label_cut"), checks.share(delta, "delta")
    tests = _miss_tests(defect_scores, miss, groups, group_miss)
    first = first_level(risk, delta, safety, len(certifying[0]))
    steps = quantile_grid(tuning[0], min(1.0, max(first, lift * miss)), grid)
    vacuous = binom_p(sum(certifying[1]), len(certifying[1]), risk) <= delta
    shut, kept = _kept(steps, cut, tests, delta, vacuous=vacuous, refused=first >= FULL)
    if shut:
        return Certificate(None, shut, [], vacuous)
    kept = kept[learned_start(Curve(*tuning), kept, risk) :]
    threshold, trace = walk_up(Curve(*certifying), kept, risk, delta)
    rows = [[*row, tests[0].missed(row[0]), tests[0].p_value(row[0])] for row in trace]
    return Certificate(threshold, "risk" if threshold is None else "certified", rows, vacuous)


def _kept(
    steps: list[float], cut: float, tests: list[MissTest], delta: float, *, vacuous: bool, refused: bool
) -> tuple[str, list[float]]:
    """Why there can be no band, or '' and the thresholds that may be tried."""
    if refused:
        return "too_few_items", []
    if not all(test.testable(delta) for test in tests):
        return "always_pass" if vacuous else "too_few_defects", []
    below = [t for t in steps if t <= cut]
    if not below:
        return "above_cut", []
    kept = [t for t in below if all(test.p_value(t) <= delta for test in tests)]
    return ("", kept) if kept else ("misses", [])


def _miss_tests(
    defect_scores: Iterable[float],
    miss: float,
    groups: Iterable[Any] | None,
    group_miss: Mapping[Any, float] | None,
) -> list[MissTest]:
    """One test of all defects, and one per group with a limit of its own."""
    scores = [checks.number(score, "A defect score") for score in checks.listed_values(defect_scores, "defect_scores")]
    tests = [MissTest(scores, miss)]
    if groups is None and group_miss is None:
        return tests
    if groups is None or group_miss is None:
        raise ValueError(f"groups is {groups!r} and group_miss {group_miss!r}, give both or neither.")
    named = checks.listed_values(groups, "groups")
    checks.same_length(named, scores, "groups and defect_scores")
    unlimited = [name for name in named if name not in group_miss]
    if unlimited:
        raise ValueError(f"The group {unlimited[0]!r} has no limit in group_miss.")
    return tests + [_group_test(name, limit, named, scores) for name, limit in group_miss.items()]


def _group_test(name: Any, limit: float, named: Sequence[Any], scores: Sequence[float]) -> MissTest:
    own = [score for group, score in zip(named, scores, strict=True) if group == name]
    return MissTest(own, checks.share(limit, f"The limit of group {name!r}"))
