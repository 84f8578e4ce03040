"""Rollouts: a candidate's way onto a line, step by step, and what was seen of both versions on the way."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from inspection.models.fields import share_check, word_check, word_field
from inspection.models.line import Line
from inspection.models.part import Run
from inspection.models.prediction import ModelVersion
from inspection.rules.rollouts import Arm, Guard, Phase, Shift
from inspection.rules.words import RolloutOutcome, RolloutStrategy

SEEN, READ, DROPPED, ASKED, OVERRULED = "seen", "read", "dropped", "asked", "overruled"
KINDS = (SEEN, READ, DROPPED, ASKED, OVERRULED, *(guard.value for guard in Guard))


class Rollout(models.Model):
    """One candidate on its way to serve a line. `incumbent` is the version that a rollback returns to by name."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="rollouts")
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    incumbent = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    strategy = word_field(RolloutStrategy)
    plan = models.JSONField(help_text="fields of inspection.rules.rollouts.Step, one entry a step")
    position = models.PositiveSmallIntegerField(default=0, help_text="which entry of the plan it is at")
    reason = models.CharField(max_length=300, blank=True)
    opened_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        "User",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="who approved a blue-green switch: another person than who started it",
    )
    paused_at = models.DateTimeField(null=True)
    paused_for = word_field(
        Shift,
        blank=True,
        default="",
        db_default="",
        help_text="the other call rate for which the guardrail last paused it",
    )
    more_calls_reviewed_at = models.DateTimeField(
        null=True, help_text="when a person answered that the candidate calls defects more often"
    )
    fewer_calls_reviewed_at = models.DateTimeField(
        null=True, help_text="when a person answered that the candidate calls defects less often"
    )
    ready_at = models.DateTimeField(null=True, help_text="when the evidence first let a person move it on")
    outcome = word_field(RolloutOutcome, default=RolloutOutcome.OPEN.value)
    cause = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(outcome="open"), name="rollout_one_open_per_line"),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at=None) | (~Q(outcome="open") & Q(closed_at__isnull=False)),
                name="rollout_closed_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(incumbent=None) | ~Q(incumbent=models.F("candidate")), name="rollout_two_versions"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(opened_by=None) | ~Q(approved_by=models.F("opened_by")),
                name="rollout_switch_approved_by_another",
            ),
            word_check("outcome", RolloutOutcome, name="rollout_outcome_known"),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} on {self.line}"

    @property
    def is_open(self) -> bool:
        return self.outcome == RolloutOutcome.OPEN

    @property
    def reviewed(self) -> frozenset[Shift]:
        """The other call rates that a person has answered."""
        answers = {Shift.MORE: self.more_calls_reviewed_at, Shift.FEWER: self.fewer_calls_reviewed_at}
        return frozenset(way for way, at in answers.items() if at is not None)

    @property
    def versions(self) -> dict[Arm, int]:
        """The ids of the versions that are compared."""
        arms = {Arm.CANDIDATE: self.candidate_id, Arm.INCUMBENT: self.incumbent_id}
        return {arm: version for arm, version in arms.items() if version is not None}


class RolloutStep(models.Model):
    """One stretch under one share. A change of share begins the next step, and its counts at nothing."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="steps")
    n = models.PositiveSmallIntegerField()
    phase = word_field(Phase)
    share = models.FloatField()
    min_parts = models.PositiveIntegerField()
    min_hours = models.FloatField()
    latency_limit_ms = models.FloatField(help_text="the incumbent's p95 before the step, or the takt if that is longer")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    folded = models.JSONField(null=True, help_text="fields of inspection.arm_counts.Folded")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rollout", "n"], name="rollout_step_once"),
            models.UniqueConstraint(fields=["rollout"], condition=Q(ended_at=None), name="rollout_one_step_at_a_time"),
            word_check("phase", Phase, name="rollout_step_phase_known"),
            share_check("share", name="rollout_step_share_is_a_share"),
        ]


class CandidateTrial(models.Model):
    """How a candidate did on the line's last images when its rollout began; without an end while it is under way."""

    rollout = models.OneToOneField(Rollout, on_delete=models.PROTECT, primary_key=True, related_name="trial")
    items = models.PositiveSmallIntegerField(default=0, help_text="images that could be decoded")
    missing = models.PositiveSmallIntegerField(default=0, help_text="of them without an answer")
    p95_ms = models.FloatField(null=True)
    complaint = models.CharField(max_length=300, blank=True, help_text="of the first that is missing")
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(missing__lte=F("items")), name="candidate_trial_missing_within_items")
        ]


class RolloutMove(models.Model):
    """One thing that was done to a rollout, with the evidence as it was seen. Written once, never edited."""

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="moves")
    step = models.ForeignKey(RolloutStep, on_delete=models.PROTECT, related_name="+")
    deed = models.CharField(max_length=20)
    cause = models.CharField(max_length=200)
    evidence = models.JSONField(default=dict, help_text="fields of inspection.rules.rollouts.Evidence")
    made_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()


class ArmEventQuerySet(models.QuerySet["ArmEvent"]):
    """Adds what is left once the rows that take others back are heard."""

    def standing(self) -> "ArmEventQuerySet":
        """Leave the rows that nothing has taken back."""
        key = {name: OuterRef(name) for name in ("run", "step", "arm", "kind")}
        return self.filter(~Exists(ArmEvent.objects.filter(**key, n__gt=OuterRef("n"))), weight=1)


class ArmEvent(models.Model):
    """That one version saw a run, was read by people on it, or failed on it. Written once.

    Two kinds tell of runs that no draw took: that people were asked because the versions differ, and that the ruling
    then went against the version.

    `is_compared` says whether a failure enters the comparison of the two versions. A later ruling may change either:
    then a row of weight -1 takes the one before it back, and what holds now follows, so that a sum of weights counts.
    """

    step = models.ForeignKey(RolloutStep, on_delete=models.PROTECT, related_name="events", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="arm_events")
    arm = word_field(Arm)
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in KINDS])
    is_compared = models.BooleanField(default=False)
    n = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="how many rows of its kind came before it")
    weight = models.SmallIntegerField(
        default=1, db_default=1, help_text="1, or -1 where it takes the row before it back"
    )
    seen_at = models.DateTimeField()

    objects = ArmEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "step", "arm", "kind", "n"], name="arm_event_once"),
            word_check("arm", Arm, name="arm_event_arm_known"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="arm_event_kind_known"),
            models.CheckConstraint(condition=Q(weight__in=(1, -1)), name="arm_event_weighs_one"),
        ]
        indexes = [
            models.Index(fields=["step", "id"], name="arm_event_to_fold"),
            # Newest first too: the last runs that a version saw are asked for in every round.
            models.Index(fields=["step", "kind", "arm", "id"], name="arm_event_of_kind"),
        ]
