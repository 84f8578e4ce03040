"""Campaigns: stretches in which more parts are drawn for truth, announced before they arrive."""

from django.db import models
from django.db.models import F, Q

from inspection.models.fields import share_check
from inspection.models.line import Line


class Campaign(models.Model):
    """One entry of a line's campaigns, written once; the newest stands. Without dates it ends the one before it early.

    Dates stand in the log before the first part arrives: each part's share is fixed before its outcome is known.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="campaigns")
    share = models.FloatField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300)
    announced_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share=None, starts_at=None, ends_at=None)
                | Q(
                    share__isnull=False,
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    starts_at__gt=F("announced_at"),
                    ends_at__gt=F("starts_at"),
                ),
                name="campaign_is_announced_beforehand",
            ),
            share_check("share", name="campaign_share_is_a_share"),
            models.CheckConstraint(condition=~Q(reason=""), name="campaign_has_a_reason"),
        ]
        indexes = [models.Index(fields=["line", "-announced_at"], name="campaign_newest_first")]
