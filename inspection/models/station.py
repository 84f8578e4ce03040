"""Stations: the programs beside the cameras, and their keys."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import word_check, word_field
from inspection.models.line import Line
from inspection.rules.words import StationDeed

# A grant that outlives a shift's change is no short absence any more.
OFFLINE_MINUTES_MAX = 60


class Station(models.Model):
    """One camera's program on one line."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="stations")
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    rate_per_s = models.FloatField(default=10.0)
    burst = models.PositiveIntegerField(default=50)
    bucket_full_at = models.DateTimeField(null=True, blank=True, help_text="when the station may burst in full again")
    software = models.CharField(max_length=80, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    clock_skew_s = models.FloatField(null=True, blank=True)
    spooled = models.PositiveIntegerField(default=0)
    last_cursor = models.PositiveBigIntegerField(default=0)
    camera = models.JSONField(default=dict, blank=True)
    offline_minutes = models.PositiveSmallIntegerField(
        _("decides offline for up to so many minutes"),
        default=0,
        validators=[MaxValueValidator(OFFLINE_MINUTES_MAX)],
        help_text=_("0: while the server is away, every part is held"),
    )
    held_model_sha256 = models.CharField(max_length=64, blank=True)
    held_grant = models.CharField(max_length=16, blank=True)
    undelivered = models.PositiveIntegerField(default=0, help_text="decisions taken alone that it still has to send")
    away_from = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("station")
        verbose_name_plural = _("stations")
        constraints = [
            models.UniqueConstraint(fields=["line", "name"], name="station_name_once_per_line"),
            models.CheckConstraint(condition=Q(rate_per_s__gt=0, burst__gte=1), name="station_rate_positive"),
            models.CheckConstraint(
                condition=Q(offline_minutes__lte=OFFLINE_MINUTES_MAX), name="station_offline_is_short"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StationKey(models.Model):
    """A key shown once. The digest proves a secret, the sealed copy checks signatures.

    Two slots, so that a key can be rotated without a gap and never more than two live.
    """

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="keys")
    key_id = models.CharField(max_length=32, unique=True)
    digest = models.CharField(max_length=64)
    sealed = models.BinaryField()
    slot = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station", "slot"], condition=Q(revoked_at=None), name="station_two_live_keys_at_most"
            ),
            models.CheckConstraint(condition=Q(slot__in=[0, 1]), name="station_key_slot_known"),
        ]


class StationChange(models.Model):
    """What was done to a station or one of its keys, and by whom. Written once, never edited."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="changes")
    deed = word_field(StationDeed)
    key_id = models.CharField(max_length=32, blank=True)
    done_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()

    class Meta:
        constraints = [word_check("deed", StationDeed, name="station_change_deed_known")]
        indexes = [models.Index(fields=["station", "-done_at"], name="station_change_newest")]


class Nonce(models.Model):
    """A signed request that was seen, so that it is not taken twice. Kept for the clock tolerance."""

    key = models.ForeignKey(StationKey, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "nonce"], name="nonce_once")]
