"""How fast a station may send: a token bucket in its row, shared by every process through the database."""

import math
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Least

from inspection.models import Station

# No bucket is ever so far from full: the clock was set back, and the station must not pay for it.
CLOCK_STEP = timedelta(seconds=10)


class RateExceeded(Exception):
    """The station sends faster than its rate. `retry_after_s` says when the next one would be taken."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Send again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


def take(station: Station, *, now: datetime) -> None:
    """Take one token and note that the station was heard, or raise RateExceeded.

    The bucket is kept as the moment at which it will be full again. One conditional UPDATE moves that
    moment by one token, so two processes never take the last token twice.
    """
    interval = timedelta(seconds=1 / station.rate_per_s)
    latest = now + interval * (station.burst - 1)
    stepped_back = Q(bucket_full_at__gt=latest + interval + CLOCK_STEP)
    free = Q(bucket_full_at=None) | Q(bucket_full_at__lte=latest) | stepped_back
    full_at = Least(Greatest(Coalesce(F("bucket_full_at"), now), now), latest) + interval
    if not Station.objects.filter(free, pk=station.pk).update(bucket_full_at=full_at, last_seen_at=now):
        raise RateExceeded(_wait(station, latest))


def _wait(station: Station, latest: datetime) -> int:
    full_at = Station.objects.values_list("bucket_full_at", flat=True).get(pk=station.pk) or latest
    return max(1, math.ceil((full_at - latest).total_seconds()))
