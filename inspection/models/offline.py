"""What stations may decide while the server is away, and what they say they decided."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from inspection.models.fields import word_field
from inspection.models.line import Epoch, Line
from inspection.models.part import Item
from inspection.models.people import User
from inspection.models.prediction import Bands, ModelVersion
from inspection.models.station import OFFLINE_MINUTES_MAX, Station
from inspection.rules.reconciling import Standing
from inspection.rules.words import Level, Verdict


class OfflineAllowance(models.Model):
    """For how long a station may decide alone, from now on: 0 ends it. Written once, never edited."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="allowances")
    minutes = models.PositiveSmallIntegerField(validators=[MaxValueValidator(OFFLINE_MINUTES_MAX)])
    allowed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    allowed_at = models.DateTimeField()


class StationGrant(models.Model):
    """One stretch in which a station was told the same terms, heartbeat by heartbeat.

    `text` is what was signed, word for word; the columns beside it are what it says, so that it can be asked for.
    """

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="grants")
    name = models.CharField(max_length=16, help_text="the first letters of the text's hash")
    text = models.TextField()
    level = word_field(Level)
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    bands = models.ForeignKey(Bands, on_delete=models.PROTECT, related_name="+")
    valid_for_s = models.PositiveIntegerField()
    told_at = models.DateTimeField()
    last_told_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, help_text="when the station was first told something else")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station"], condition=Q(withdrawn_at=None), name="station_grant_one_stands"
            ),
            models.CheckConstraint(condition=Q(level__in=["partial", "full"]), name="station_grant_level_decides"),
        ]
        indexes = [models.Index(fields=["station", "name"], name="station_grant_by_name")]


class OfflineDecision(models.Model):
    """What a station says it told the line about an image while the server was away, and what became of that.

    `standing` is empty until the server has looked at the image itself; `reconciled_at` is when all has followed.
    """

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="offline_decision")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="offline_decisions")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="offline_decisions")
    grant = models.ForeignKey(StationGrant, on_delete=models.PROTECT, null=True, related_name="decisions")
    claim = models.JSONField(help_text="as the station sent it")
    verdict = word_field(Verdict)
    age_s = models.FloatField(help_text="seconds since the last heartbeat that was answered, as the station counted")
    decided_at = models.DateTimeField(help_text="by the station's clock, set right by what it was found to be off")
    received_at = models.DateTimeField()
    standing = models.CharField(max_length=8, blank=True, choices=[(s.value, s.value) for s in Standing])
    reason = models.CharField(max_length=60, blank=True)
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=["pass", "reject"]), name="offline_decision_decides"),
            models.CheckConstraint(
                condition=Q(standing__in=["", *(s.value for s in Standing)]), name="offline_decision_standing_known"
            ),
            models.CheckConstraint(
                condition=Q(reconciled_at=None) | ~Q(standing=""), name="offline_decision_reconciled_stands"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(reconciled_at=None), name="offline_decision_waiting"),
            models.Index(fields=["station", "-decided_at"], name="offline_decision_newest"),
        ]
