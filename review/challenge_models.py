"""Rows of challenge parts: known defects sent through on purpose, when they are due, and what became of them."""

from enum import StrEnum

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from inspection.models import Line, Part, Product, Run, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Level
from review.bank_models import BankDefect


class Occasion(StrEnum):
    """Why challenge parts are due."""

    SHIFT = "shift"
    CHANGEOVER = "changeover"
    INTERVAL = "interval"


class ChallengePartQuerySet(models.QuerySet["ChallengePart"]):
    def in_use(self) -> "ChallengePartQuerySet":
        return self.filter(retired_at=None)


class ChallengePart(models.Model):
    """A physical part with a defect of the bank, kept at hand under a serial of its own. Whatever bears it counts."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="challenge_parts")
    part = models.OneToOneField(Part, on_delete=models.PROTECT, related_name="challenge")
    defect = models.ForeignKey(BankDefect, on_delete=models.PROTECT, related_name="challenge_parts")
    marked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)

    objects = ChallengePartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None) | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="challenge_part_retired_is_whole",
            ),
        ]


class ChallengeCalendar(models.Model):
    """When challenge parts are due on a line, and how many each time. Written once; the newest stands."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="challenge_calendars")
    at_shift_start = models.BooleanField(default=True)
    at_changeover = models.BooleanField(default=True)
    every_h = models.PositiveSmallIntegerField(null=True, validators=[MinValueValidator(1), MaxValueValidator(24)])
    parts = models.PositiveSmallIntegerField(default=12, validators=[MinValueValidator(1), MaxValueValidator(50)])
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(parts__gte=1, parts__lte=50), name="challenge_calendar_parts"),
        ]


class ChallengeRound(models.Model):
    """So many challenge parts due at one moment. It is done, or lapses when the next shift begins."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="challenge_rounds")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    occasion = word_field(Occasion)
    shift = models.CharField(max_length=24)
    wanted = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            word_check("occasion", Occasion, name="challenge_round_occasion_known"),
            models.UniqueConstraint(
                fields=["line", "shift"], condition=Q(occasion="shift"), name="challenge_round_once_a_shift"
            ),
            models.CheckConstraint(condition=Q(done_at=None) | Q(lapsed_at=None), name="challenge_round_ends_once"),
        ]
        indexes = [
            models.Index(
                fields=["line", "due_at"], condition=Q(done_at=None, lapsed_at=None), name="challenge_round_open"
            ),
        ]


class ChallengeShowing(models.Model):
    """What became of one run of a challenge part: kept from passing, or missed. Written once."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, primary_key=True, related_name="challenge_showing")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="challenge_showings")
    challenge = models.ForeignKey(ChallengePart, on_delete=models.PROTECT, related_name="showings")
    round = models.ForeignKey(ChallengeRound, on_delete=models.PROTECT, null=True, related_name="showings")
    level = word_field(Level)
    shift = models.CharField(max_length=24)
    is_missed = models.BooleanField()
    shown_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "-shown_at"], name="challenge_showing_newest")]
