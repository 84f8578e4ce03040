"""What is agreed about a line before its first image: scope, baselines, limit samples, planned changes, risks."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from inspection.models.fields import share_check, word_check, word_field
from inspection.models.line import DefectClass, Epoch, Line, Product
from inspection.rules.words import ChangeKind, Decider, Pace, Priority


class LineScope(models.Model):
    """What is being agreed about one line. In force is what was signed last: the newest ScopeSignature.

    Targets reach the line's own columns with the signature; a draft changes nothing on a running line.
    """

    line = models.OneToOneField(Line, on_delete=models.PROTECT, primary_key=True, related_name="scope")
    definition = models.TextField(blank=True, help_text="what is a defect, in words")
    parts_per_day = models.PositiveIntegerField(null=True)
    defect_rate_low = models.FloatField(null=True)
    defect_rate_high = models.FloatField(null=True)
    pace = word_field(Pace, blank=True)
    recertify_by = models.DateField(null=True)

    target_escape_ppm = models.FloatField(null=True)
    target_overkill_share = models.FloatField(null=True)
    currency = models.CharField(max_length=3, default="EUR")
    cost_escape = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    cost_overkill = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    cost_reading = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    lot_release = models.BooleanField(default=False)

    decides_today = word_field(Decider, blank=True)
    system_name = models.CharField(max_length=100, blank=True, help_text="the older inspection system, if there is one")
    updated_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            share_check("defect_rate_low", name="line_scope_defect_rate_low_is_a_share"),
            share_check("defect_rate_high", name="line_scope_defect_rate_high_is_a_share"),
            models.CheckConstraint(
                condition=Q(defect_rate_low=None) | Q(defect_rate_low__lte=F("defect_rate_high")),
                name="line_scope_defect_rates_in_order",
            ),
            share_check("target_overkill_share", name="line_scope_overkill_is_a_share"),
            models.CheckConstraint(
                condition=Q(target_escape_ppm=None) | Q(target_escape_ppm__gt=0, target_escape_ppm__lt=1_000_000),
                name="line_scope_escape_is_ppm",
            ),
            models.CheckConstraint(
                condition=Q(pace__in=["", *(word.value for word in Pace)]), name="line_scope_pace_known"
            ),
            models.CheckConstraint(
                condition=Q(decides_today__in=["", *(word.value for word in Decider)]), name="line_scope_decider_known"
            ),
        ]


class ScopeSignature(models.Model):
    """The scope as one person signed it, whole, with its hash. Written once; each signing makes the next version."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="scope_signatures")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    signed_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "version"], name="scope_signature_version_once")]


class SettingChange(models.Model):
    """One setting of a line as it was before and after. Written once.

    `is_loosened` where the line ran above `human` on it: only a signature under the scope does that.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="setting_changes")
    name = models.CharField(max_length=40, help_text="field of the line")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    is_loosened = models.BooleanField()
    reason = models.CharField(max_length=300)
    signature = models.ForeignKey(ScopeSignature, on_delete=models.PROTECT, null=True, related_name="+")
    changed_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_loosened=False) | Q(signature__isnull=False), name="setting_change_loosened_by_signature"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="setting_change_has_a_reason"),
        ]
        indexes = [models.Index(fields=["line", "-changed_at"], name="setting_change_newest_first")]


class LimitSampleQuerySet(models.QuerySet["LimitSample"]):
    def picturing(self, part: Any) -> "LimitSampleQuerySet":
        """Those that show the part, or the one an expression names: everybody of the line has seen it."""
        return self.filter(Q(still_good_image__run__part=part) | Q(already_bad_image__run__part=part))


class LimitSample(models.Model):
    """Where a class of defect begins: the worst part that is still good, the mildest one that is not. In versions.

    A picture of each may stand beside the words; which image may serve is asked in `review.limits`.
    """

    defect_class = models.ForeignKey(DefectClass, on_delete=models.PROTECT, related_name="limit_samples")
    version = models.PositiveIntegerField()
    still_good = models.CharField(max_length=200)
    already_bad = models.CharField(max_length=200)
    kept_as = models.CharField(max_length=100, help_text="serials of the two parts in the cabinet, or a drawing")
    still_good_image = models.ForeignKey("Item", on_delete=models.PROTECT, null=True, related_name="+")
    already_bad_image = models.ForeignKey("Item", on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    objects = LimitSampleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["defect_class", "version"], name="limit_sample_version_once")]


class Baseline(models.Model):
    """How well parts were judged before, counted on parts of known truth. Written once."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="baselines")
    judge = word_field(Decider)
    defects = models.PositiveIntegerField()
    missed = models.PositiveIntegerField()
    good = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    method = models.CharField(max_length=200, help_text="whose truth, which parts")
    measured_on = models.DateField()
    recorded_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            word_check("judge", Decider, name="baseline_judge_known"),
            models.CheckConstraint(
                condition=Q(missed__lte=F("defects"), rejected__lte=F("good")), name="baseline_counts_fit"
            ),
            models.CheckConstraint(condition=Q(defects__gt=0) | Q(good__gt=0), name="baseline_counts_something"),
        ]
        indexes = [models.Index(fields=["line", "-measured_on"], name="baseline_newest_first")]


class PlannedChangeQuerySet(models.QuerySet["PlannedChange"]):
    def awaited(self) -> "PlannedChangeQuerySet":
        """Those that are still to come."""
        return self.filter(withdrawn_at=None, done_at=None)


class PlannedChange(models.Model):
    """A change that is known beforehand. `opens_epoch` where evidence from before it will not count after it."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="planned_changes")
    kind = word_field(ChangeKind)
    due_on = models.DateField()
    what = models.CharField(max_length=200)
    planned_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    objects = PlannedChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            word_check("kind", ChangeKind, name="planned_change_kind_known"),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="planned_change_done_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="planned_change_withdrawn_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["line", "due_on"], name="planned_change_by_day")]

    @property
    def opens_epoch(self) -> bool:
        """A new SKU, lens or light is another epoch; another supplier is a mark in the same one."""
        return ChangeKind(self.kind) in (ChangeKind.SKU, ChangeKind.LENS)


class Changeover(models.Model):
    """The line was set to another product or to other declared optics. Written once; each epoch keeps its evidence."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="changeovers")
    from_product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    to_product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    from_optics = models.JSONField()
    to_optics = models.JSONField()
    from_epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, null=True, related_name="+")
    to_epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "-changed_at"], name="changeover_newest")]


class FailureMode(models.Model):
    """One thing that could go wrong on a line. Written once; what watches it stands in FailureWatch."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="failure_modes")
    code = models.SlugField(max_length=40)
    failure = models.CharField(max_length=100)
    failure_ko = models.CharField(max_length=100, blank=True)
    added_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "code"], name="failure_mode_once_per_line")]

    def __str__(self) -> str:
        return self.failure

    @property
    def local_failure(self) -> str:
        return self.failure_ko if get_language() == "ko" and self.failure_ko else self.failure


class FailureWatch(models.Model):
    """What watches a failure from a moment on, by whom and why. Written once; the highest `n` stands.

    Without a metric nothing watches; `accepted` then says that somebody answers for it by name.
    """

    failure_mode = models.ForeignKey(FailureMode, on_delete=models.PROTECT, related_name="watches")
    n = models.PositiveIntegerField()
    metric = models.CharField(max_length=40, blank=True)
    threshold = models.CharField(max_length=60, blank=True)
    priority = word_field(Priority, blank=True)
    action = models.CharField(max_length=100, blank=True)
    owner = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    accepted = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)
    changed_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["failure_mode", "n"], name="failure_watch_version_once"),
            models.CheckConstraint(
                condition=Q(metric="", threshold="", priority="", action="")
                | (~Q(metric="") & ~Q(threshold="") & ~Q(priority="") & ~Q(action="") & Q(accepted=False)),
                name="failure_watch_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(accepted=False) | Q(owner__isnull=False), name="failure_watch_accepted_by_name"
            ),
            models.CheckConstraint(
                condition=Q(priority__in=["", *(word.value for word in Priority)]), name="failure_watch_priority_known"
            ),
        ]

    @property
    def is_watched(self) -> bool:
        return bool(self.metric)

    @property
    def is_amber(self) -> bool:
        """Nothing watches, and nobody answers for that by name."""
        return not self.metric and not self.accepted
