"""One look of the relay at what happened: sum up, hold against the rules, put on the way what people should hear."""

from datetime import datetime

from monitoring import alarms, gathering, notices, rollups


def go(*, now: datetime, rolls: bool) -> None:
    """Follow the facts, read the levels, move the alarms. `rolls`: also merge and drop windows."""
    gathering.follow(now=now)
    gathering.read_levels(now=now)
    alarms.evaluate_all(now=now)
    notices.write_due(now=now)
    if rolls:
        rollups.roll(now=now)
        rollups.prune(now=now)
