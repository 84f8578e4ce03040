"""Rows of the defect bank: distinct physical defects, the images that show them, and what each version said."""

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, ModelVersion, Part, User


class BankDefectQuerySet(models.QuerySet):
    def kept(self) -> "BankDefectQuerySet":
        """Those that were not retired: sealed from training, whether or not they are confirmed yet."""
        return self.filter(retired_at=None)

    def in_use(self) -> "BankDefectQuerySet":
        """Those that count: confirmed and not retired."""
        return self.kept().filter(confirmed_at__isnull=False)


class BankDefect(models.Model):
    """One physical defect, however often it was photographed. `group` is the hash of the part and of the mark on it.

    It is sealed from training from the moment it is added, and counts once it is confirmed.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="bank")
    number = models.PositiveIntegerField()
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="+")
    mark = models.CharField(max_length=20, default="1", help_text="which defect of the part")
    group = models.CharField(max_length=64, unique=True)
    defect_class = models.CharField(max_length=40)
    found_by = models.CharField(max_length=100, help_text="how the defect came to be known")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    method = models.CharField(max_length=100, blank=True, help_text="how it was confirmed")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=200, blank=True)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)

    objects = BankDefectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "number"], name="bank_defect_number_once"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None, method="")
                | (Q(confirmed_at__isnull=False, confirmed_by__isnull=False) & ~Q(method="")),
                name="bank_defect_confirmed_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None, retired_reason="")
                | (Q(retired_at__isnull=False, retired_by__isnull=False) & ~Q(retired_reason="")),
                name="bank_defect_retired_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"B-{self.number:03d}"


class BankImage(models.Model):
    """One photograph of a bank defect, taken by the line's own camera."""

    defect = models.ForeignKey(BankDefect, on_delete=models.PROTECT, related_name="images")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["defect", "item"], name="bank_image_once")]


class BankScore(models.Model):
    """What one model version said about one image of the bank. A model that gives no answer has found nothing."""

    image = models.ForeignKey(BankImage, on_delete=models.PROTECT, related_name="scores")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    probability = models.FloatField(null=True)
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "model_version"], name="bank_score_once_per_version"),
            models.CheckConstraint(
                condition=Q(probability=None) | Q(probability__gte=0, probability__lte=1), name="bank_score_probability"
            ),
        ]
