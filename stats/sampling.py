"""Draws by keyed hash: decided beforehand, replayable anywhere, no stored coin.

One salt per purpose: two draws with one salt are nested. A salt must not contain a
colon, or ("a:b", "c") and ("b", "c:a") hash alike. Keep the salts of audits secret.
"""

from collections.abc import Iterable
from hashlib import sha256
from math import exp, log, log1p, sqrt
from typing import NamedTuple

from stats import checks

_BETS = 20


class WeightedShare(NamedTuple):
    """Horvitz-Thompson and Hajek estimates of a mean with standard errors."""

    ht: float
    ht_se: float
    hajek: float
    hajek_se: float


def bucket(item_id: str, salt: str) -> float:
    """A number in [0, 1) that only this id and this salt decide, the same on every platform.

    The first 8 bytes of sha256("salt:item_id"), big-endian, over 2^64.
    Raises ValueError for an empty id or salt, or one that is no text.

    >>> round(bucket("item-000001", "canary-7"), 6)
    0.652182
    """
    key = f"{_text(salt, 'salt')}:{_text(item_id, 'item_id')}"
    drawn = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    # The largest 64-bit numbers round up to 1.0, where a share of 1 would not choose them.
    return min(drawn / 2**64, 1 - 2**-53)


def chosen(item_id: str, salt: str, share: float) -> bool:
    """Whether the draw takes this item: bucket < share. A share of 0 takes none, of 1 all.

    Raises ValueError as `bucket` does, and for a share outside [0, 1].

    >>> chosen("item-000001", "canary-7", 0.65), chosen("item-000001", "canary-7", 0.66)
    (False, True)
    """
    return bucket(item_id, salt) < checks.closed_share(share, "share")


def horvitz_thompson(y: Iterable[float], audited: Iterable[int], pi: Iterable[float], total: int) -> WeightedShare:
    """Mean of y over `total` items of which some were audited with known probabilities.

    Per row: y, audited 0 or 1, and pi in (0, 1]; items without a row count as y = 0 in HT.
    HT = (1/N) sum a y/pi; Hajek = sum(a y/pi)/sum(a/pi), better when the weights vary.
    Raises ValueError for lists of different length, nothing audited, pi outside (0, 1],
    and a total below the number of rows. Source: Horvitz & Thompson 1952; Hajek 1971.

    >>> round(horvitz_thompson([0, 1], [1, 1], [0.05, 0.5], 100).ht, 6)
    0.02
    """
    values, draws = checks.numbers(y, "y"), checks.labels(audited, "audited")
    shares = [checks.positive_share(share, "An entry of pi") for share in checks.entries(pi, "pi")]
    checks.same_length(values, draws, "y and audited")
    checks.same_length(values, shares, "y and pi")
    total = checks.count(total, "total", least=len(values))
    rows = [(value, share) for value, draw, share in zip(values, draws, shares, strict=True) if draw]
    if not rows:
        raise ValueError(f"None of {len(values)} items was audited, audit at least one.")
    weighed = sum(value / share for value, share in rows)
    hajek = weighed / sum(1 / share for _, share in rows)
    return WeightedShare(weighed / total, _error(rows, 0.0, total), hajek, _error(rows, hajek, total))


def ipw_log_wealth(z: Iterable[float], r0: float, z_max: float, side: str) -> list[float]:
    """Running ln wealth of bets against a risk limit r0 on weighted audits Z = audited x y/pi.

    Each Z lies in [0, z_max]. side 'gt' tests the risk <= r0, 'lt' the risk >= r0; wealth is
    the mean over 20 fixed bets, and P(it ever reaches 1/alpha) <= alpha. Expert option.
    Raises ValueError for no Z, one outside [0, z_max], r0 outside (0,1), z_max <= r0, and
    another side. Source: Waudby-Smith & Ramdas 2024.

    >>> [round(wealth, 6) for wealth in ipw_log_wealth([0, 0], 0.005, 20, "gt")]
    [-0.093744, -0.165975]
    """
    r0, z_max = checks.share(r0, "r0"), checks.number(z_max, "z_max")
    if z_max <= r0:
        raise ValueError(f"z_max is {z_max!r}, use a number above r0 {r0!r}.")
    values = [_weighed_audit(value, z_max) for value in checks.entries(z, "z")]
    wealth, running = [0.0] * _BETS, []
    bets = _bets(r0, z_max, side)
    for value in values:
        wealth = [log_wealth + log1p(bet * (value - r0)) for log_wealth, bet in zip(wealth, bets, strict=True)]
        running.append(_log_mean_exp(wealth))
    return running


def _weighed_audit(value: float, z_max: float) -> float:
    if not 0 <= checks.number(value, "An entry of z") <= z_max:
        raise ValueError(f"An entry of z is {value!r}, use a number from 0 to z_max {z_max!r}.")
    return float(value)


def _bets(r0: float, z_max: float, side: str) -> list[float]:
    """Stakes per unit of Z - r0: positive against a low risk, negative against a high one."""
    if side == "gt":
        return [stake / r0 for stake in _geometric(0.001, 0.5)]
    if side == "lt":
        return [-stake / (z_max - r0) for stake in _geometric(0.01, 0.99)]
    raise ValueError(f"side is {side!r}, use 'gt' or 'lt'.")


def _geometric(first: float, last: float) -> list[float]:
    step = log(last / first) / (_BETS - 1)
    return [first * exp(step * i) for i in range(_BETS)]


def _log_mean_exp(logs: list[float]) -> float:
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs) / len(logs))


def _error(rows: list[tuple[float, float]], centre: float, total: int) -> float:
    return sqrt(sum((1 - share) * (value - centre) ** 2 / share**2 for value, share in rows)) / total


def _text(value: str, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}, use a text that is not empty.")
    return value
