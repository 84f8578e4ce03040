"""Moves on the ladder: what was seen at the gate, who proposed, who signed, what holds a line."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import word_check, word_field
from inspection.models.line import Epoch, Line
from inspection.rules.words import GateStatus, Level, ProposalStatus


class GateEvaluation(models.Model):
    """One reading of a gate with its inputs, so that it can be recomputed from this row. Written once."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="gate_evaluations")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    to_level = word_field(Level)
    status = word_field(GateStatus)
    gate = models.JSONField()
    evidence = models.JSONField()
    judgement = models.JSONField()
    evidence_hash = models.CharField(max_length=64)
    code_version = models.CharField(max_length=40)
    evaluated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("gate evaluation")
        verbose_name_plural = _("gate evaluations")
        indexes = [models.Index(fields=["line", "to_level", "-evaluated_at"], name="gate_evaluation_newest_first")]


class LevelProposal(models.Model):
    """A move up that waits for signatures. The system may open it; two different leads sign it.

    `proposer` is the first to sign, `approver` the second. `resumes` marks the way back after STOP.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="proposals")
    from_level = word_field(Level)
    to_level = word_field(Level)
    resumes = models.BooleanField(default=False)
    opened_by_system = models.BooleanField(default=False)
    status = word_field(ProposalStatus, default=ProposalStatus.OPEN.value)
    status_reason = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    evaluation = models.ForeignKey(GateEvaluation, on_delete=models.PROTECT, null=True, related_name="+")
    evidence_hash = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    proposer = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    approver = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = [
            models.CheckConstraint(
                condition=Q(approver=None) | (Q(proposer__isnull=False) & ~Q(approver=F("proposer"))),
                name="proposal_two_different_people",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved")
                | Q(
                    approver__isnull=False, approved_at__isnull=False, proposer__isnull=False, proposed_at__isnull=False
                ),
                name="proposal_approved_is_signed_twice",
            ),
            models.CheckConstraint(
                condition=Q(opened_by_system=True) | Q(proposer__isnull=False), name="proposal_has_an_author"
            ),
            models.UniqueConstraint(fields=["line"], condition=Q(status="open"), name="proposal_one_open_per_line"),
            word_check("status", ProposalStatus, name="proposal_status_known"),
        ]


class LevelChange(models.Model):
    """One move on the ladder. Written once, never edited."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="level_changes")
    from_level = word_field(Level)
    to_level = word_field(Level)
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, null=True, related_name="+")
    cause = models.CharField(max_length=300)
    detail = models.JSONField(default=dict)
    proposal = models.ForeignKey(LevelProposal, on_delete=models.PROTECT, null=True, related_name="+")
    changed_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("level change")
        verbose_name_plural = _("level changes")
        constraints = [
            models.CheckConstraint(condition=~Q(from_level=F("to_level")), name="level_change_changes"),
            word_check("to_level", Level, name="level_change_to_known"),
        ]
        indexes = [models.Index(fields=["line", "-changed_at"], name="level_change_newest_first")]


class Waiver(models.Model):
    """Two leads let a line rise although something is unproven: a defect class, or that people are not led.

    It names what, to which level, and until when. Written by the first, signed once by the second.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="waivers")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    to_level = word_field(Level)
    subject = models.CharField(max_length=40)
    reason = models.CharField(max_length=500)
    until = models.DateField()
    first_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField()
    second_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    second_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(second_by=None, second_at=None)
                | (Q(second_by__isnull=False, second_at__isnull=False) & ~Q(second_by=F("first_by"))),
                name="waiver_two_different_people",
            ),
            word_check("to_level", Level, name="waiver_to_known"),
        ]


class HoldQuerySet(models.QuerySet):
    def in_force(self) -> "HoldQuerySet":
        return self.filter(lifted_at=None)


class Hold(models.Model):
    """A stop placed on a line: everything goes to people until it is lifted. STOP is one of kind `stop`."""

    STOP, ALARM, CAMERA, CHALLENGE = "stop", "alarm", "camera", "challenge"

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=16, choices=[(k, k) for k in (STOP, ALARM, CAMERA, CHALLENGE)])
    reason = models.CharField(max_length=300)
    placed_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    proposal = models.ForeignKey(LevelProposal, on_delete=models.PROTECT, null=True, related_name="+")

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            # STOP is lifted by two signatures, never by one person alone.
            models.CheckConstraint(
                condition=Q(lifted_at=None) | ~Q(kind="stop") | Q(proposal__isnull=False),
                name="hold_stop_lifted_by_proposal",
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(kind="stop", lifted_at=None), name="hold_one_stop_per_line"
            ),
        ]
        indexes = [models.Index(fields=["line"], condition=Q(lifted_at=None), name="hold_in_force")]


class Freeze(models.Model):
    """Nobody goes up on a line while one is in force: something is drifting, or a chart warns."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="freezes")
    cause = models.SlugField(max_length=20, help_text="what froze it: one of a kind at a time")
    reason = models.CharField(max_length=300)
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("freeze of promotions")
        verbose_name_plural = _("freezes of promotions")
        constraints = [
            models.UniqueConstraint(
                fields=["line", "cause"], condition=Q(lifted_at=None), name="freeze_one_of_a_cause_in_force"
            ),
        ]
