"""Work that somebody asked for. The row is the truth; a message only wakes a worker."""

from django.db import models
from django.db.models import Q


class Outbox(models.Model):
    """One piece of later work, written in the transaction of the fact that asks for it.

    Claimed by conditional update with a lease; `attempts` counts at the claim, so a crash counts too.
    """

    topic = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    available_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "key"], name="outbox_once")]
        indexes = [
            models.Index(fields=["available_at"], condition=Q(done_at=None), name="outbox_waiting"),
        ]


class ProcessSeen(models.Model):
    """The last sign of life of a named process: one relay is active, and readiness asks for a worker."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=60)
    seen_at = models.DateTimeField()
