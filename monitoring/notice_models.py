"""Rows of notices: where people are reached, and what is on its way to them."""

from django.db import models
from django.db.models import Q

from inspection.models import Line
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Priority


class Channel(models.Model):
    """A way to reach people: mail, chat or pager by an Apprise address, or a signed webhook. Addresses are sealed."""

    APPRISE, WEBHOOK = "apprise", "webhook"

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=8, choices=[(APPRISE, APPRISE), (WEBHOOK, WEBHOOK)])
    sealed_address = models.BinaryField()
    sealed_secret = models.BinaryField(help_text="signs the body of a webhook")
    shown = models.CharField(max_length=120, help_text="scheme and host of the address, for the list")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, blank=True, related_name="channels")
    least = word_field(Priority, default=Priority.P2.value)
    language = models.CharField(
        max_length=5, choices=[("en", "English"), ("ko", "한국어")], default="en", db_default="en"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["apprise", "webhook"]), name="channel_kind_known"),
            word_check("least", Priority, name="channel_least_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """One message to one channel: waiting, sent, or dead after the last attempt."""

    WAITING, SENT, DEAD = "waiting", "sent", "dead"

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="notices")
    title = models.CharField(max_length=200)
    text = models.TextField()
    alarms = models.JSONField(help_text="what it speaks of")
    state = models.CharField(max_length=8, choices=[(s, s) for s in (WAITING, SENT, DEAD)], default=WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    error = models.CharField(max_length=200, blank=True)
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="notice_sent_has_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=["waiting", "sent", "dead"]), name="notice_state_known"),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="notice_waiting")]
