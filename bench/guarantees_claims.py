"""What a guarantee's check hands back: one row per claim, with its verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from stats.eprocess import stream_passes


@dataclass(frozen=True)
class Size:
    """How large the simulations are: 1 is the size that the statistics page states."""

    share: float = 1.0

    def runs(self, full: int, least: int = 20) -> int:
        """So many runs at this size."""
        return max(min(full, least), round(full * self.share))

    def slack(self, tolerance: float, full: int, least: int = 20) -> float:
        """A tolerance stated for the full number of runs, widened for fewer."""
        return tolerance * sqrt(full / self.runs(full, least))


@dataclass(frozen=True)
class Row:
    """One claim: what was promised, what was found, and whether that keeps the promise."""

    claim: str
    nominal: str
    found: float | None
    error: float | None
    verdict: str


Check = Callable[[Size], list[Row]]


def at_most(claim: str, rate: float, nominal: float, runs: int, *, slack: bool = True) -> Row:
    """A rate that must not exceed `nominal` by more than three standard errors."""
    error = _error(nominal, runs)
    limit = nominal + (3 * error if slack else 0)
    return Row(claim, f"<= {nominal:g}", rate, error, _verdict(rate <= limit))


def at_least(claim: str, found: float, limit: float, runs: int | None = None) -> Row:
    """A figure that must reach `limit`; a rate with `runs` may fall short by three standard errors."""
    error = None if runs is None else _error(min(limit, 1.0), runs)
    return Row(claim, f">= {limit:g}", found, error, _verdict(found >= limit - 3 * (error or 0)))


def below(claim: str, found: float, limit: float) -> Row:
    """A figure that must not exceed `limit`."""
    return Row(claim, f"<= {limit:g}", found, None, _verdict(found <= limit))


def near(claim: str, found: float, target: float, tolerance: float) -> Row:
    """A figure within an absolute tolerance of its target."""
    return Row(claim, f"{target:g} +- {tolerance:.3g}", found, None, _verdict(abs(found - target) <= tolerance))


def near_share(claim: str, found: float, target: float, tolerance: float) -> Row:
    """A figure within a relative tolerance of its target."""
    return near(claim, found, target, tolerance * abs(target))


def true(claim: str, fact: bool) -> Row:
    """A claim that is right or wrong, without a figure."""
    return Row(claim, "true", float(fact), None, _verdict(fact))


def failure_limits(horizon: int, p0: float, alpha: float) -> np.ndarray:
    """Entry n is `max_failures(n, p0, alpha)`, for n up to the horizon; it never falls with n."""
    limits, most = np.empty(horizon + 1, dtype=int), -1
    for n in range(horizon + 1):
        while most < n and stream_passes(n - most - 1, most + 1, p0, alpha):
            most += 1
        limits[n] = most
    return limits


def passage(p: float, limits: np.ndarray) -> np.ndarray:
    """Exact probability of passing first at item n, for successes with probability p, by forward recursion."""
    horizon = len(limits) - 1
    width = int(horizon * (1 - p) + 12 * sqrt(horizon * p * (1 - p)) + 20)
    alive, passed = np.zeros(width), np.zeros(horizon + 1)
    alive[0] = 1.0
    for n in range(1, horizon + 1):
        alive[1:] = alive[1:] * p + alive[:-1] * (1 - p)
        alive[0] *= p
        within = limits[n] + 1
        if within > 0:
            passed[n] = alive[:within].sum()
            alive[:within] = 0.0
    return passed


def quantile(passed: np.ndarray, share: float) -> int:
    """The item by which this share of all runs has passed."""
    return int(np.searchsorted(np.cumsum(passed), share))


def ever(failures: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Per run (a row of 0/1 failures) whether it ever had no more failures than allowed."""
    within = np.cumsum(failures, axis=1) <= limits[1 : failures.shape[1] + 1]
    return np.asarray(within.any(axis=1))


def first(crossed: np.ndarray) -> np.ndarray:
    """Per row the number (from 1) of the first crossing, or a very large one."""
    return np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, np.iinfo(np.int64).max)


def _error(nominal: float, runs: int) -> float:
    return sqrt(nominal * (1 - nominal) / runs)


def _verdict(fact: bool) -> str:
    return "holds" if fact else "FAILS"
