"""Receipts: what decided each run and each move of a line, in one chain per line."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import word_check, word_field
from inspection.models.line import Line
from inspection.models.part import Run
from inspection.rules.receipts import GENESIS, Sealed
from inspection.rules.words import ReceiptKind


class Receipt(models.Model):
    """One link of a line's chain. Written once by the sealer; a trigger refuses UPDATE and DELETE.

    `body` is kept as the very text that was hashed. `subject` is the key of the row that it speaks of.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="receipts")
    n = models.PositiveBigIntegerField()
    kind = word_field(ReceiptKind)
    subject = models.CharField(max_length=40)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="receipts")
    body = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(fields=["line", "n"], name="receipt_numbered_once"),
            models.UniqueConstraint(fields=["line", "kind", "subject"], name="receipt_once_per_subject"),
            word_check("kind", ReceiptKind, name="receipt_kind_known"),
            models.CheckConstraint(condition=Q(n__gte=1), name="receipt_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}/{self.n}"

    def sealed(self) -> Sealed:
        """Return the row as the rules of the chain take it."""
        return Sealed(
            line=self.line.slug,
            n=self.n,
            kind=self.kind,
            subject=self.subject,
            sealed_at=in_words(self.sealed_at),
            body=self.body,
            previous=self.previous,
            hash=self.hash,
        )


class ReceiptHead(models.Model):
    """The end of a line's chain, and how far its dispositions are sealed. The sealer's lock, touched by it alone."""

    line = models.OneToOneField(Line, on_delete=models.PROTECT, primary_key=True, related_name="receipt_head")
    n = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)
    sequence = models.PositiveBigIntegerField(default=0, help_text="the last disposition that has its receipt")


def in_words(moment: datetime) -> str:
    """Return a moment as receipts write it: UTC, to the microsecond."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
