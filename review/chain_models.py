"""Rows of the checking of chains."""

from django.db import models
from django.db.models import Q

from inspection.models import Line, User


class ChainCheck(models.Model):
    """One walk over the whole chain of a line: who asked, and once it ended how far it went and what was found.

    Nobody asked where the command checked. `fault` says what is wrong with `bad_receipt`, the first that is broken.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="chain_checks")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    receipts = models.PositiveBigIntegerField(default=0)
    bad_receipt = models.PositiveBigIntegerField(null=True)
    fault = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(bad_receipt=None, fault="")
                | (Q(bad_receipt__isnull=False, ended_at__isnull=False) & ~Q(fault="")),
                name="chain_check_fault_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["line", "-asked_at"], name="chain_check_newest_first")]

    def covers(self, n: int) -> bool:
        """Say whether the walk found this receipt whole."""
        return self.ended_at is not None and n <= self.receipts and (self.bad_receipt is None or n < self.bad_receipt)
