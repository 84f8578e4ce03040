"""Rows of practice: known images that a person trains on. No task, no decision: nothing counts them."""

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Call, Label


class PracticeSet(models.Model):
    """One round of practice of one person on one line, drawn when it begins.

    `repeats` is the round whose missed images it shows again: what it comes to measures nobody.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="practice_sets")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="practice_sets")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    repeats = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "person"], condition=Q(finished_at=None), name="practice_one_open_per_person"
            ),
        ]


class PracticeItem(models.Model):
    """One image of a round with the truth it had when it was drawn, and what the person said of it."""

    round = models.ForeignKey(PracticeSet, on_delete=models.PROTECT, related_name="items")
    n = models.PositiveSmallIntegerField()
    source = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    label = word_field(Call)
    defect_class = models.CharField(max_length=40, blank=True)
    said = word_field(Label, blank=True)
    said_class = models.CharField(max_length=40, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "n"], name="practice_item_once_per_place"),
            models.UniqueConstraint(fields=["round", "source"], name="practice_item_once_per_round"),
            word_check("label", Call, name="practice_item_label_known"),
            models.CheckConstraint(
                condition=(Q(answered_at=None, said="", said_class="")) | (Q(answered_at__isnull=False) & ~Q(said="")),
                name="practice_item_answer_is_whole",
            ),
        ]

    @property
    def is_right(self) -> bool:
        """Pass or defect as ruled; the kind of defect is told beside it and does not make it wrong."""
        return self.said == self.label
