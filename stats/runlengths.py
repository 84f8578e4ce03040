"""Exact mean run lengths of Bernoulli CUSUM charts on their lattice.

A chart's state is a whole number of small steps. The rising chart falls by one step on a
good item and jumps k steps on a bad one; the falling chart climbs one step without a
call and drops k steps on a call. Both alarm at `steps`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from math import ceil, inf
from typing import Any

import numpy as np
from scipy.linalg import solve_banded

from stats import checks


def rising(rate: float, k: int, steps: int) -> float:
    """Mean items from state 0 to the alarm of the rising chart, for 0 < rate <= 1.

    States are taken in blocks of k from the top, each linear in the state just below every
    block so far: ceil(steps/k) unknowns instead of `steps`. Nothing is ever subtracted, so
    run lengths of any size keep their precision.
    Source: Reynolds & Stoumbos 1999 for the chain; Grassmann, Taksar & Heyman 1985.

    >>> rising(1.0, 3, 7)
    3.0
    """
    blocks = ceil(steps / k)
    tops, states = [], np.zeros((k, blocks + 2))
    states[:, -1] = 1.0  # above the highest state lies the alarm
    for block in range(blocks):
        size = min(k, steps - block * k)
        states = _block(rate, states[k - size :], block)
        tops.append(states[-1])
    # The unknown below a block is the top state of the next one; below the last block
    # lies the floor, where state 0 falls back on itself.
    return _last_unknown(np.array([*tops[1:], states[0]]))


def falling_gains(rate: float, k: int) -> Iterator[float]:
    """Mean items from state j to state j+1 of the falling chart, j = 0, 1, ...; 0 <= rate < 1.

    (1-rate) D_j = 1 + rate x (sum of D_i over the k states below j). All terms are positive.

    >>> list(islice(falling_gains(0.0, 5), 3))
    [1.0, 1.0, 1.0]
    """
    gains: list[float] = []
    below = 0.0
    while True:
        # Beyond all bounds stays beyond all bounds; the window's sum is no number then.
        gain = (1 + rate * below) / (1 - rate) if below < inf else inf
        gains.append(gain)
        yield gain
        below += gain
        if len(gains) > k:
            below -= gains[len(gains) - 1 - k]


def falling(rate: float, k: int, steps: int) -> float:
    """Mean items from state 0 to the alarm of the falling chart.

    >>> falling(0.0, 5, 7)
    7.0
    """
    return sum(islice(falling_gains(rate, k), steps))


def walk(items: Iterable[Any], one: float, zero: float) -> list[float]:
    """A chart's value after each item labelled 0 or 1: max(0, value) plus what the label adds.

    >>> walk([0, 1, 0], 2.0, -0.5)
    [-0.5, 2.0, 1.5]
    """
    w, values = 0.0, []
    for item in checks.listed_values(items, "The items"):
        w = max(0.0, w) + (one if checks.label(item, "An item") else zero)
        values.append(w)
    return values


def target_length(value: float) -> float:
    """A mean run length to aim at, in items: a finite number of at least 1.

    >>> target_length(10_000)
    10000.0
    """
    if checks.number(value, "The target run length") < 1:
        raise ValueError(f"The target run length is {value!r}, use at least 1 item.")
    return float(value)


def _block(rate: float, above: np.ndarray, unknown: int) -> np.ndarray:
    """x_j = 1 + rate x_{j+k} + (1-rate) x_{j-1} for a block of states, from the block above.

    A row holds the coefficients of the unknowns, the items spent, and the chance of the alarm.
    """
    forced = rate * above
    forced[:, -2] += 1
    forced[0, unknown] += 1 - rate
    bands = np.vstack([np.ones(len(forced)), np.full(len(forced), rate - 1)])
    return solve_banded((1, 0), bands, forced)


def _last_unknown(rows: np.ndarray) -> float:
    """Mean items from the last unknown to the alarm, the others eliminated one by one.

    The chance to leave a state is the sum of the ways out, never 1 minus the chance to stay.
    """
    last = len(rows) - 1
    for state in range(last):
        way_out = rows[state, state + 1 : last + 1].sum() + rows[state, -1]
        visits = rows[state + 1 :, state] / way_out
        rows[state + 1 :, state + 1 :] += np.outer(visits, rows[state, state + 1 :])
    items, alarm = rows[last, -2:]
    return float(items / alarm) if alarm > 0 else inf
