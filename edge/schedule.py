"""When to try again, how long to wait, when the next part is due. Pure rules: no clock, no network."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
LONGEST_RETRY_AFTER = 300.0
SHORTEST_POLL = 1.0

# The levels at which the model may answer inside the takt. At the others a
# person does, and a waiting request would only keep the next part back.
_LEVELS_ANSWERED_AT_ONCE = frozenset({"partial", "full"})


def backoff(attempt: int, random: Random) -> float:
    """Seconds before try `attempt` + 1: doubling from half a second to half a minute, with jitter.

    The jitter takes away up to half, so that the stations of a plant do not come back as one.
    """
    ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempt, 16))
    return random.uniform(ceiling / 2, ceiling)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds asked for by a `Retry-After` header, at most five minutes; None when it says nothing usable.

    >>> retry_after({"Retry-After": "7"}, datetime(2026, 3, 2, tzinfo=UTC))
    7.0
    """
    raw = headers.get("Retry-After", "").strip()
    if raw.isascii() and raw.isdigit():
        return min(LONGEST_RETRY_AFTER, float(raw))
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(LONGEST_RETRY_AFTER, max(0.0, (moment - now).total_seconds()))


def pause_before_retry(asked: float | None, attempt: int, random: Random) -> float:
    """The longer of what the server asked for and the own backoff.

    >>> pause_before_retry(60.0, 0, Random(1))
    60.0
    """
    return max(asked or 0.0, backoff(attempt, random))


def answer_wait(asked: float, *, others_waiting: bool, level: str | None) -> float:
    """How long a post may wait for its verdict: never when that would keep another part back.

    >>> answer_wait(1.5, others_waiting=False, level="partial")
    1.5
    >>> answer_wait(1.5, others_waiting=False, level="shadow")
    0.0
    """
    if others_waiting or level not in _LEVELS_ANSWERED_AT_ONCE:
        return 0.0
    return asked


def pause_after_poll(elapsed: float, *, empty: bool) -> float:
    """Seconds before the next look for dispositions.

    A server with too many waiting requests answers an empty poll at once; asking
    again at once would make that worse.

    >>> pause_after_poll(0.25, empty=True)
    0.75
    >>> pause_after_poll(20.0, empty=True)
    0.0
    """
    return max(0.0, SHORTEST_POLL - elapsed) if empty else 0.0


def due_at(start: float, number: int, parts_per_minute: float) -> float:
    """When part `number` (from 0) is due. Open loop: a late part does not push back the ones after it.

    >>> due_at(100.0, 3, 60.0)
    103.0
    """
    return start + number * 60.0 / parts_per_minute
