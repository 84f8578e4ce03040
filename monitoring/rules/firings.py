"""When an alarm would have been on over past values, and what people found out about the times when one was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitoring.rules.alarms import Event, Limits


@dataclass(frozen=True)
class Firing:
    """A stretch in which an alarm was on, or would have been, in seconds. `ended` is None while it goes on.

    `is_real` is what people found out about it, None where nobody said.
    """

    began: float
    ended: float | None = None
    is_real: bool | None = None

    def meets(self, other: "Firing") -> bool:
        """Say whether both were on at the same time."""
        return (other.ended is None or self.began <= other.ended) and (self.ended is None or other.began <= self.ended)


def replayed(limits: Limits, values: Sequence[tuple[float, float | None]]) -> list[Firing]:
    """Return when an alarm would have been on over past values, each with its second, oldest first.

    Without a value it stays as it is, as an alarm does that comes by the clock.
    """
    is_on, since = False, None
    found: list[Firing] = []
    for second, value in values:
        if value is None or limits.is_beyond(value, is_on=is_on) == is_on:
            since = None
            continue
        since = second if since is None else since
        if second - since >= (limits.off_delay_s if is_on else limits.on_delay_s):
            is_on, since = not is_on, None
            found = [*found, Firing(second)] if is_on else [*found[:-1], replace(found[-1], ended=second)]
    return found


def judged(changes: Sequence[tuple[float, str]]) -> list[Firing]:
    """Return the stretches that people judged from what happened to an alarm, each with its second, oldest first.

    >>> judged([(0.0, "raised"), (9.0, "cleared"), (60.0, "found_real"), (99.0, "raised")])
    [Firing(began=0.0, ended=9.0, is_real=True)]
    """
    found: list[Firing] = []
    for second, event in changes:
        if event == Event.RAISED:
            found.append(Firing(second))
        elif found and event == Event.CLEARED:
            found[-1] = replace(found[-1], ended=second)
        elif found and event in (Event.FOUND_REAL, Event.FOUND_FALSE):
            found[-1] = replace(found[-1], is_real=event == Event.FOUND_REAL)
    return [firing for firing in found if firing.is_real is not None]


def known_of(firing: Firing, judgements: Sequence[Firing]) -> bool | None:
    """Say whether a firing was real by what people found out at the time: one real cause is enough. None: unknown.

    >>> known_of(Firing(0.0, 9.0), [Firing(8.0, 20.0, is_real=False), Firing(1.0, 2.0, is_real=True)])
    True
    """
    said = {one.is_real for one in judgements if firing.meets(one)}
    return True if True in said else False if said else None
