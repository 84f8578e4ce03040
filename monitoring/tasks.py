"""What monitoring does later."""

import os
import socket

from celery import shared_task
from django.utils.timezone import now

from inspection import registry
from inspection.models import ProcessSeen
from monitoring import delivery, rollups
from monitoring.sources import processes
from monitoring.sources.seen import Seen


@shared_task
def show_worker(**_later_arguments: object) -> None:
    """Leave a sign of life of the worker that answers the line, with the models it holds and what they took to load."""
    moment = now()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    ProcessSeen.objects.update_or_create(name="worker", defaults={"holder": holder, "seen_at": moment})
    times = registry.take_load_times()
    held = Seen(None, "models_loaded", moment, float(registry.loaded_count()))
    takes = (Seen(None, metric, moment, value) for metric, value in processes.own("worker"))
    rollups.write([held, *takes, *(Seen(None, "model_load", moment, seconds) for seconds in times)])


@shared_task
def send_notices(**_later_arguments: object) -> None:
    """Bring people the messages whose time has come."""
    delivery.send_due(clock=now)
