"""What monitoring does later."""

from celery import shared_task
from django.utils.timezone import now

from monitoring import delivery


@shared_task
def send_notices(**_later_arguments: object) -> None:
    """Bring people the messages whose time has come."""
    delivery.send_due(clock=now)
