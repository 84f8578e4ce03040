"""One look of the relay at what happened: sum up, hold against the rules, put on the way what people should hear."""

from datetime import datetime

from monitoring import alarms, gathering, notices, rollups


def go(*, now: datetime, prunes: bool) -> None:
    """Follow the facts, read the levels, move the alarms. `prunes`: also drop old windows."""
    gathering.follow(now=now)
    gathering.read_levels(now=now)
    alarms.evaluate_all(now=now)
    notices.write_due(now=now)
    rollups.roll(now=now)
    if prunes:
        rollups.prune(now=now)
