"""The incomplete beta function where naive tails underflow."""

from math import lgamma, log, pi

from scipy.special import betaincc

# Below this survival probability the continued fraction takes over. It needs
# few steps there, and nothing is lost to cancellation or underflow.
_TINY = 1e-30
_PRECISION = 1e-15
_HALF_LOG_TWO_PI = 0.5 * log(2 * pi)


def log_survival_ratio(a: float, b: float, x: float) -> float:
    """Log of P(Beta(a, b) > x) over its density-like factor x^a (1-x)^b / B(a, b).

    For a, b > 0 and 0 < x < 1. The ratio stays moderate where both parts underflow.
    Source: Didonato & Morris 1992; NIST DLMF 8.17.22.

    >>> round(log_survival_ratio(1, 1, 0.5), 12)  # 0.5 over 0.25
    0.69314718056
    """
    survival = float(betaincc(a, b, x))
    if survival > _TINY:
        return log(survival) - log_power_term(a, b, x)
    return log(_fraction(b, a, 1 - x) / b)


def log_power_term(a: float, b: float, x: float) -> float:
    """ln(x^a (1-x)^b / B(a, b)) by saddle-point deviances, without cancellation of large logs.

    Source: Loader 2000, "Fast and accurate computation of binomial probabilities".

    >>> round(log_power_term(2, 3, 0.5), 12) == round(log(12 / 32), 12)
    True
    """
    n = a + b
    return (
        _stirling_error(n)
        - _stirling_error(a)
        - _stirling_error(b)
        - _deviance(a, n * x)
        - _deviance(b, n * (1 - x))
        + 0.5 * log(a * b / (n * 2 * pi))
    )


def _stirling_error(z: float) -> float:
    """lgamma(z+1) minus Stirling's formula for it."""
    if z < 16:
        return lgamma(z + 1) - (z + 0.5) * log(z) + z - _HALF_LOG_TWO_PI
    square = z * z
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / z


def _deviance(k: float, mean: float) -> float:
    """k ln(k/mean) + mean - k, precise also where k is close to the mean."""
    gap = k - mean
    if abs(gap) >= 0.1 * (k + mean):
        return k * log(k / mean) - gap
    v = gap / (k + mean)
    total, term, odd = gap * v, 2 * k * v, 1
    while True:
        term *= v * v
        odd += 2
        grown = total + term / odd
        if grown == total:
            return total
        total = grown


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b) by Lentz's method, for x below the mean."""
    denominator = 1 / (1 - (a + b) * x / (a + 1))
    numerator, value, step, m = 1.0, denominator, 0.0, 0
    while abs(step - 1) > _PRECISION:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        denominator = 1 / (1 + even * denominator)
        numerator = 1 + even / numerator
        value *= denominator * numerator
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        denominator = 1 / (1 + odd * denominator)
        numerator = 1 + odd / numerator
        step = denominator * numerator
        value *= step
    return value
