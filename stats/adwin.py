"""Change points of a stream by adaptive windowing, as a notice on a time line, never an alarm.

Apart from `stats.drift`, because river is slow to import and no web page needs it.
"""

from collections.abc import Iterable

from river.drift import ADWIN

from stats import checks


def change_points(z: Iterable[float], delta: float = 0.002) -> list[int]:
    """Indices (from 0) at which ADWIN notices that the mean of z has changed.

    z are standardised values, (x - reference mean)/reference sd. [] for no values.
    Raises ValueError for a non-finite value and delta outside (0,1).
    Source: Bifet & Gavalda 2007.

    >>> change_points([0.0] * 500)
    []
    """
    detector = ADWIN(delta=checks.share(delta, "delta"))
    noticed = []
    for index, value in enumerate(checks.listed_values(z, "z")):
        detector.update(checks.number(value, "An entry of z"))
        if detector.drift_detected:
            noticed.append(index)
    return noticed
