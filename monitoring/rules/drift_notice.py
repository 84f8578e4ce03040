"""Whether the newest images of a line differ from its reference: looked at every few images, long before a window.

Apart from `rules.drift`, because the change detector is slow to import and pages need none.
"""

from collections.abc import Mapping, Sequence

from monitoring.rules import drift
from monitoring.rules.drift import Reference
from stats.adwin import change_points


def noticed(references: Mapping[str, Reference], newest: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the metrics whose mean has changed among the newest images and still lies away, with how far in spreads.

    >>> noticed({}, {})
    {}
    """
    found = {}
    for name, before in references.items():
        values = newest.get(name, ())
        far = drift.moved(drift.standardised(values[-drift.NOTICE_LAST :], before))
        # The detector walks more than a thousand values: it is asked only where the end lies away at all.
        if abs(far) >= before.notice and _has_changed(before, values):
            found[name] = far
    return found


def _has_changed(before: Reference, values: Sequence[float]) -> bool:
    z, begin = drift.stretch(before, values)
    return any(place >= begin for place in change_points(z))
