"""Rows of what parts showed after their verdict, and of what waits for its receipt. `review.models` names them too."""

from django.db import models
from django.db.models import Q

from inspection.models import Line, Run, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import ReceiptKind
from review.rules.containment import Found
from review.rules.findings import How

_FOUND = (Found.GOOD.value, Found.BAD.value)


class PhysicalFinding(models.Model):
    """What a microscope, a teardown or a customer found out about one run. Written once; the newest stands.

    `view` names the image that shows a defect, empty for all of them.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="findings")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="findings")
    how = word_field(How)
    found = models.CharField(max_length=8, choices=[(found, found) for found in _FOUND])
    defect_class = models.CharField(max_length=40, blank=True)
    view = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=200, blank=True)
    found_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            word_check("how", How, name="physical_finding_how_known"),
            models.CheckConstraint(
                condition=(Q(found="bad") & ~Q(defect_class="")) | Q(found="good", defect_class="", view=""),
                name="physical_finding_bad_has_a_class",
            ),
        ]
        indexes = [models.Index(fields=["line", "-id"], name="physical_finding_newest")]

    def __str__(self) -> str:
        return f"F-{self.pk}"


class AmendmentDue(models.Model):
    """What was ruled, audited, closed or found about a part and has no receipt yet. Deleted when it is sealed."""

    line = models.ForeignKey(Line, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    kind = word_field(ReceiptKind)
    subject = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="amendment_due_once")]
