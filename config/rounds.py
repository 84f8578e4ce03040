"""One round of the relay: wake-ups that nobody heard, then every clockwork deed of the product."""

from datetime import datetime, timedelta

from django.db.models import Q

from config import relay
from inspection import bulkheads, outbox
from inspection.models import ProcessSeen
from monitoring import retraining, rounds, watching
from review import model_errors

HOLDER_SILENT_AFTER = timedelta(seconds=5)
# What no reader waits for is done less often than the rounds come.
SEALED_EVERY = timedelta(seconds=1)
# Images are looked at here and not by the second worker, which may be busy with an import.
DRIFT_EVERY = timedelta(seconds=2)
GOLD_EVERY = timedelta(seconds=5)
FILES_EVERY = timedelta(seconds=60)
TRAININGS_EVERY = timedelta(seconds=10)
METRICS_EVERY = timedelta(seconds=10)
PRUNED_EVERY = timedelta(minutes=5)

_last_done: dict[str, datetime] = {}


def turn(*, holder: str, now: datetime) -> None:
    """Do one round if this process is the active relay: only one is, whoever signed in last."""
    if not _is_active(holder, now=now):
        return
    outbox.mark_sent(relay.send_due(outbox.due(now=now, limit=relay.PUBLISH_LIMIT), now=now), now=now)
    looks = _is_time("drift", every=DRIFT_EVERY, now=now)
    seals = _is_time("seal", every=SEALED_EVERY, now=now)
    gives = _is_time("gold", every=GOLD_EVERY, now=now)
    with bulkheads.around("round"):
        rounds.go(now=now, looks=looks, seals=seals, gives=gives)
    if _is_time("model-files", every=FILES_EVERY, now=now):
        with bulkheads.around("check files of models"):
            model_errors.check_files(now=now)
    if _is_time("trainings", every=TRAININGS_EVERY, now=now):
        with bulkheads.around("follow trainings"):
            retraining.follow(now=now)
    if _is_time("metrics", every=METRICS_EVERY, now=now):
        watching.go(now=now, prunes=_is_time("prune", every=PRUNED_EVERY, now=now))


def _is_time(deed: str, *, every: timedelta, now: datetime) -> bool:
    """Say whether a deed is due again; a clock that was set back does not silence it."""
    last = _last_done.get(deed)
    if last is not None and timedelta(0) <= now - last < every:
        return False
    _last_done[deed] = now
    return True


def _is_active(holder: str, *, now: datetime) -> bool:
    """Take or keep the relay's seat by one conditional update."""
    ProcessSeen.objects.get_or_create(name="relay", defaults={"holder": holder, "seen_at": now})
    seat = ProcessSeen.objects.filter(Q(holder=holder) | Q(seen_at__lt=now - HOLDER_SILENT_AFTER), name="relay")
    return bool(seat.update(holder=holder, seen_at=now))
