"""The sign of life of the worker that answers the line."""

import os
import socket

from django.utils.timezone import now

from inspection import registry
from inspection.models import ProcessSeen
from monitoring import rollups
from monitoring.sources import processes
from monitoring.sources.seen import Seen


def show_worker() -> None:
    """Leave a sign of life of this process, with the models it holds and what they took to load."""
    moment = now()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    ProcessSeen.objects.update_or_create(name="worker", defaults={"holder": holder, "seen_at": moment})
    times = registry.take_load_times()
    held = Seen(None, "models_loaded", moment, float(registry.loaded_count()))
    takes = (Seen(None, metric, moment, value) for metric, value in processes.own("worker"))
    rollups.write([held, *takes, *(Seen(None, "model_load", moment, seconds) for seconds in times)])
