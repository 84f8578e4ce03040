"""What monitoring does later."""

import os
import socket

from celery import shared_task
from django.utils.timezone import now

from inspection.models import ProcessSeen
from monitoring import delivery


@shared_task
def show_worker(**_later_arguments: object) -> None:
    """Leave a sign of life of the worker that answers the line."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    ProcessSeen.objects.update_or_create(name="worker", defaults={"holder": holder, "seen_at": now()})


@shared_task
def send_notices(**_later_arguments: object) -> None:
    """Bring people the messages whose time has come."""
    delivery.send_due(clock=now)
