"""Model versions, what the stages did with an item, what a model said, and the bands that let it decide."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import TimeOrderedModel, word_check, word_field
from inspection.models.line import Epoch, Line
from inspection.models.part import Item
from inspection.rules.words import Call, Level, Origin, Outcome, Policy, PredictionRole, RolloutStrategy, Route, Stage


class ModelVersion(models.Model):
    """One set of weights with its calibrator and card. Immutable (a trigger refuses UPDATE and DELETE).

    `origin` and `registered_by` say who answers for it: the operator at the command line, a training with whoever
    asked for it (nobody: the line's rule did), a person who uploaded it. Versions older than these columns say nothing.
    """

    name = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    architecture = models.CharField(max_length=40)
    weights_sha256 = models.CharField(max_length=64)
    onnx_sha256 = models.CharField(max_length=64, blank=True)
    preprocessing_id = models.CharField(max_length=60)
    decoder_id = models.CharField(max_length=60)
    calibrator = models.JSONField()
    classes = models.JSONField()
    card = models.JSONField()
    folder = models.CharField(max_length=255, help_text="below MODELS_ROOT")
    origin = word_field(Origin, blank=True, default="", db_default="")
    registered_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="model_version_once"),
            models.CheckConstraint(
                condition=~Q(origin="upload") | Q(registered_by__isnull=False),
                name="model_version_uploaded_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


class TrainedOn(models.Model):
    """One image that a model version was fitted, calibrated or judged on: what is sealed must never be among these."""

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="trained_on")
    sha256 = models.CharField(max_length=64)
    group = models.CharField(max_length=64, blank=True, help_text="hash of the part or sheet; empty when not known")

    class Meta:
        indexes = [
            models.Index(fields=["model_version", "sha256"], name="trained_on_image"),
            models.Index(fields=["model_version", "group"], name="trained_on_group"),
        ]


class StageRun(models.Model):
    """One stage of the prediction service on one item, with its time and outcome."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="stage_runs")
    stage = word_field(Stage)
    attempt = models.PositiveSmallIntegerField()
    outcome = word_field(Outcome)
    ms = models.FloatField()
    detail = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "stage", "attempt"], name="stage_run_once_per_attempt"),
            models.CheckConstraint(condition=Q(ms__gte=0), name="stage_run_ms_not_negative"),
        ]


class Measures(models.Model):
    """What was measured on the pixels of one item; 8-bit units, sizes in pixels and bytes."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="measures")
    brightness = models.FloatField()
    p99_luminance = models.FloatField()
    contrast = models.FloatField()
    sharpness = models.FloatField()
    saturation = models.FloatField()
    entropy = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    blank = models.BooleanField()
    patch_luminance = models.FloatField(null=True, help_text="of the line's reference patch, where it has one")
    fingerprint = models.CharField(max_length=16, help_text="64-bit difference hash, hexadecimal")
    embedding = models.BinaryField(null=True, help_text="vision.embedding, half precision")


class Prediction(TimeOrderedModel):
    """What one model version said about one item."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    role = word_field(PredictionRole)
    decoder_id = models.CharField(max_length=60)
    preprocessing_id = models.CharField(max_length=60)
    raw_score = models.FloatField()
    probability = models.FloatField()
    call = word_field(Call)
    defect_class = models.CharField(max_length=40, blank=True)
    uncertainty = models.FloatField()
    heatmap = models.BinaryField(null=True, help_text="small map, one byte a cell, row by row")
    heatmap_columns = models.PositiveSmallIntegerField(default=0)
    ms = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "model_version"], name="prediction_once_per_model"),
            models.CheckConstraint(condition=Q(probability__gte=0, probability__lte=1), name="prediction_probability"),
            word_check("call", Call, name="prediction_call_known"),
        ]


class Bands(models.Model):
    """Score ranges that a model may decide, with both certificates and the envelope they hold in. Immutable."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="band_history")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    drawn_in = models.ForeignKey(
        Epoch,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="of a candidate's: the epoch, another model's, whose truth draw they rest on",
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    calibrator_hash = models.CharField(max_length=64)
    t_lo = models.FloatField(null=True)
    t_hi = models.FloatField(null=True)
    certificates = models.JSONField(help_text="inputs, trace and delta of the risk and the miss certificate")
    envelope = models.JSONField(help_text="measure -> [low, high], learnt when the bands were certified")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(t_lo=None) | Q(t_hi=None) | Q(t_lo__lt=models.F("t_hi")), name="bands_do_not_cross"
            ),
        ]


class Routing(models.Model):
    """Who answers for an item, and under which level, model and bands that was decided. Written once."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="routing")
    route = word_field(Route)
    reason = models.CharField(max_length=60)
    detail = models.CharField(max_length=200, blank=True)
    level = word_field(Level)
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    bands = models.ForeignKey(Bands, on_delete=models.PROTECT, null=True, related_name="+")
    call = models.CharField(max_length=6, blank=True)
    policy = models.CharField(
        max_length=6,
        blank=True,
        choices=[(policy.value, policy.value) for policy in Policy],
        help_text="what the bands would do with the item at partial, draws and holds aside; empty without bands",
    )
    routed_at = models.DateTimeField()

    class Meta:
        constraints = [
            word_check("route", Route, name="routing_route_known"),
            models.CheckConstraint(
                condition=Q(policy="") | Q(policy__in=[policy.value for policy in Policy], bands__isnull=False),
                name="routing_policy_is_of_bands",
            ),
            # Nobody but a model inside its bands decides alone.
            models.CheckConstraint(
                condition=Q(route__in=["human", "quarantine"])
                | Q(level__in=["partial", "full"], model_version__isnull=False, bands__isnull=False),
                name="routing_auto_needs_level_model_and_bands",
            ),
        ]
        indexes = [models.Index(fields=["epoch", "routed_at"], name="routing_by_epoch_and_time")]


class Deployment(models.Model):
    """What serves a line now and what stands beside it. DeploymentChange rows say since when.

    `standby` is the version that a rollback returns to: kept loaded, asked nothing. `bands` are those of the
    version beside the serving one, whose own stand on the line: a candidate's certificate, or what a rollback restores.
    While a newer candidate stands there that has not served, `kept_bands` are those that the rollback restores.
    """

    line = models.OneToOneField(Line, on_delete=models.PROTECT, primary_key=True, related_name="deployment")
    serving = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    strategy = models.CharField(max_length=16, blank=True, choices=[(s.value, s.value) for s in RolloutStrategy])
    share = models.FloatField(default=0.0)
    standby = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    bands = models.ForeignKey("Bands", on_delete=models.PROTECT, null=True, related_name="+")
    kept_bands = models.ForeignKey("Bands", on_delete=models.PROTECT, null=True, related_name="+")
    step = models.ForeignKey("RolloutStep", on_delete=models.PROTECT, null=True, related_name="+")


class DeploymentChange(models.Model):
    """One move of a line's models: 'what served line L at time T' is the last row before T."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="deployment_changes")
    serving = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    strategy = models.CharField(max_length=16, blank=True)
    share = models.FloatField()
    cause = models.CharField(max_length=200)
    changed_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "-changed_at"], name="deployment_newest_first")]


class HealthRun(models.Model):
    """A trial of a model over the last stored images of a line, before it may run beside people."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="health_runs")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    items = models.PositiveIntegerField()
    missing = models.PositiveIntegerField()
    p95_ms = models.FloatField()
    finished_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(missing__lte=models.F("items")), name="health_run_missing_within_items")
        ]
