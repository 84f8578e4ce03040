"""Products, lines with their scope, defect classes, and the epochs in which evidence counts together."""

from datetime import datetime
from typing import Self, cast

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import share_check, word_check, word_field
from inspection.rules import shifts
from inspection.rules.words import AssistStyle, GoldenPlace, GoldenState, Level, RiskClass, Verdict, ZoomStart

DAY_IN_THREE_SHIFTS = [
    {"name": "A", "start": "06:00"},
    {"name": "B", "start": "14:00"},
    {"name": "C", "start": "22:00"},
]


def three_shifts() -> list[dict[str, str]]:
    return [dict(shift) for shift in DAY_IN_THREE_SHIFTS]


def front_view() -> list[str]:
    return ["front"]


def known_zone(value: str) -> None:
    """Raise ValidationError unless the value names a time zone."""
    try:
        shifts.zone_of(value)
    except shifts.UnreadableClock as error:
        raise ValidationError(_("Name a zone like Asia/Seoul.")) from error


def shifts_with_starts(value: object) -> None:
    """Raise ValidationError unless the value is a list of shifts, each with a name and a start."""
    try:
        shifts.starts_of(cast(shifts.Pattern, value))
    except shifts.UnreadableClock as error:
        raise ValidationError(
            _('Give each shift a name and a start, such as {"name": "A", "start": "06:00"}.')
        ) from error


def place_in_picture(value: object) -> None:
    """Raise ValidationError unless the value is x, y, width and height in shares of a picture."""
    is_four = isinstance(value, list) and len(value) == 4 and all(isinstance(one, int | float) for one in value)
    if not (is_four and _is_inside(*cast(list[float], value))):
        raise ValidationError(_("Give x, y, width and height as shares of the picture, such as [0, 0, 0.05, 0.06]."))


def _is_inside(x: float, y: float, width: float, height: float) -> bool:
    return min(x, y) >= 0 and min(width, height) > 0 and max(x + width, y + height) <= 1


class Product(models.Model):
    """What a line makes: a SKU."""

    sku = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    name_ko = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.sku


class Line(models.Model):
    """A production line, its scope, and the rung it stands on.

    `level` moves only through `inspection.automation`; LevelChange rows say how it got where it is.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_ko = models.CharField(_("name in Korean"), max_length=100, blank=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")
    is_demo = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    level = word_field(Level, default=Level.HUMAN.value)
    epoch = models.ForeignKey("Epoch", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    bands = models.ForeignKey("Bands", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    time_zone = models.CharField(max_length=40, default="UTC", validators=[known_zone])
    shift_pattern = models.JSONField(default=three_shifts, validators=[shifts_with_starts])
    views = models.JSONField(default=front_view, help_text=_("names of the views that make a run whole"))
    optics = models.JSONField(default=dict, blank=True, help_text=_("declared optics: a change opens a new epoch"))
    takt_s = models.FloatField(default=1.0, validators=[MinValueValidator(0.05)])
    model_deadline_s = models.FloatField(default=2.0, validators=[MinValueValidator(0.1)])
    review_deadline_s = models.FloatField(default=30.0, validators=[MinValueValidator(1.0)])
    fail_safe = word_field(Verdict, default=Verdict.HOLD.value)
    call_threshold = models.FloatField(default=0.5, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    assist_style = word_field(AssistStyle, default=AssistStyle.REVEAL.value)
    undo_s = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(30)])
    vigilance_min = models.PositiveSmallIntegerField(default=20)
    # How the loop opens; `review.loop_views` offers them.
    loop_golden = word_field(GoldenPlace, default=GoldenPlace.PANEL.value, db_default=GoldenPlace.PANEL.value)
    loop_zoom = word_field(ZoomStart, default=ZoomStart.KEPT.value, db_default=ZoomStart.KEPT.value)
    view_order = models.JSONField(
        null=True, blank=True, help_text="in which the loop takes the views; none: as they are listed"
    )
    second_opinion = models.BooleanField(default=False, db_default=False)
    practice_size = models.PositiveSmallIntegerField(default=50, db_default=50)
    practice_aim = models.FloatField(default=0.95, db_default=0.95)
    reference_patch = models.JSONField(
        null=True,
        blank=True,
        validators=[place_in_picture],
        help_text=_(
            "x, y, width, height in shares of the picture: a spot that shows no part and follows the lamp alone"
        ),
    )
    max_megapixels = models.PositiveSmallIntegerField(default=25, validators=[MaxValueValidator(50)])

    truth_share = models.FloatField(default=0.05)
    # What a campaign raises it to, and when: `inspection.campaigns` writes them, Campaign rows say who announced it.
    campaign_share = models.FloatField(null=True, editable=False)
    campaign_starts_at = models.DateTimeField(null=True, editable=False)
    campaign_ends_at = models.DateTimeField(null=True, editable=False)
    overlap_share = models.FloatField(default=0.10)
    control_share = models.FloatField(default=0.05)
    audit_share = models.FloatField(default=0.05)
    check_defect_share = models.FloatField(default=0.25)
    second_look_share = models.FloatField(default=0.10)

    target_escape_ppm = models.FloatField(default=500.0)
    target_overkill_share = models.FloatField(default=0.03)
    cost_escape = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    cost_overkill = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    cost_reading = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    lot_release = models.BooleanField(default=False)
    recertify_by = models.DateField(null=True, blank=True)
    scope_signed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("nothing is collected before; demo lines excepted")
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            word_check("level", Level, name="line_level_known"),
            word_check("loop_golden", GoldenPlace, name="line_loop_golden_known"),
            word_check("loop_zoom", ZoomStart, name="line_loop_zoom_known"),
            # Half a round is defects, and fewer than three of a kind tell the answer.
            models.CheckConstraint(condition=Q(practice_size__gte=6), name="line_practice_has_both_kinds"),
            share_check("practice_aim", name="line_practice_aim_is_a_share"),
            # Silence must never let a part through.
            models.CheckConstraint(condition=Q(fail_safe__in=["reject", "hold"]), name="line_fail_safe_is_safe"),
            models.CheckConstraint(condition=Q(undo_s__lte=30), name="line_undo_at_most_30_s"),
            models.CheckConstraint(
                condition=Q(call_threshold__gt=0, call_threshold__lt=1), name="line_call_threshold_inside"
            ),
            models.CheckConstraint(
                condition=Q(campaign_share=None, campaign_starts_at=None, campaign_ends_at=None)
                | Q(
                    campaign_share__isnull=False,
                    campaign_share__lte=1,
                    campaign_starts_at__isnull=False,
                    campaign_ends_at__isnull=False,
                    campaign_ends_at__gt=F("campaign_starts_at"),
                ),
                name="line_campaign_is_whole",
            ),
            *(
                share_check(f"{draw}_share", name=f"line_{draw}_share_is_a_share")
                for draw in ("truth", "overlap", "control", "audit", "check_defect", "second_look")
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def present_epoch(self) -> "Epoch":
        """The epoch evidence counts in now. Raises where a line was made without entering one."""
        if self.epoch is None:
            raise LookupError(f"{self} is in no epoch.")
        return self.epoch

    @property
    def may_collect(self) -> bool:
        """Images are taken in once somebody has signed what the line is for."""
        return self.is_demo or self.scope_signed_at is not None

    @property
    def main_view(self) -> str:
        """The view of images that name none. The order in which the loop takes views does not move it."""
        return self.views[0]

    @property
    def ordered_views(self) -> list[str]:
        """The line's views as the loop takes them; one that got no place in the order comes last."""
        order = self.view_order or []
        return sorted(self.views, key=lambda view: order.index(view) if view in order else len(order))

    @property
    def local_name(self) -> str:
        return self.name_ko if get_language() == "ko" and self.name_ko else self.name

    def campaign_stands(self, moment: datetime) -> bool:
        """Whether a campaign is announced or runs at a moment."""
        return self.campaign_ends_at is not None and moment < self.campaign_ends_at

    def truth_share_at(self, moment: datetime) -> float:
        """The share of parts drawn for truth at a moment: a campaign's between its dates, else the line's own."""
        if self.campaign_share is None or self.campaign_starts_at is None or not self.campaign_stands(moment):
            return self.truth_share
        return self.campaign_share if self.campaign_starts_at <= moment else self.truth_share

    def class_names(self) -> dict[str, str]:
        """Return what the reader calls each kind of defect of the line, by its code; retired kinds too."""
        return {kind.code: kind.local_name for kind in self.defect_classes.all()}


class DefectClass(models.Model):
    """A kind of defect on one line. Retired, never deleted: decisions refer to it."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="defect_classes")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=60)
    name_ko = models.CharField(_("name in Korean"), max_length=60)
    risk_class = word_field(RiskClass)
    key = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(9)])
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("defect class")
        verbose_name_plural = _("defect classes")
        constraints = [
            models.UniqueConstraint(fields=["line", "code"], name="defect_class_code_once"),
            models.UniqueConstraint(
                fields=["line", "key"], condition=Q(retired_at=None), name="defect_class_key_once_in_use"
            ),
            word_check("risk_class", RiskClass, name="defect_class_risk_known"),
            models.CheckConstraint(condition=Q(key__gte=1, key__lte=9), name="defect_class_key_is_a_digit"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def local_name(self) -> str:
        return self.name_ko if get_language() == "ko" and self.name_ko else self.name


class Epoch(models.Model):
    """The stretch in which evidence counts together: one line, product, model and configuration.

    A step up and STOP keep it, a demotion opens the next `n`, a product that returns finds its own again.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="epochs")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(
        "ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="epochs"
    )
    config_hash = models.CharField(max_length=64)
    call_threshold = models.FloatField(null=True, help_text="that of the hash; of epochs before it was kept, nothing")
    n = models.PositiveIntegerField()
    cause = models.CharField(max_length=200)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "product", "model_version", "config_hash", "n"],
                name="epoch_once",
                nulls_distinct=False,
            ),
        ]
        ordering = ["line", F("opened_at").desc()]

    def __str__(self) -> str:
        return f"{self.line_id}/{self.n}"


class GoldenReference(models.Model):
    """The picture of a good part beside which an inspector looks. Replaced by a new revision.

    `source` is the image that was chosen; None where a file was uploaded.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="golden_references")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    view = models.CharField(max_length=40, default="front")
    revision = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    source = models.ForeignKey("Item", on_delete=models.PROTECT, null=True, related_name="+")
    state = word_field(GoldenState, default=GoldenState.READY.value, db_default=GoldenState.READY.value)
    set_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "product", "view", "revision"], name="golden_revision_once"),
            word_check("state", GoldenState, name="golden_state_known"),
        ]


class GateLimitsQuerySet(models.QuerySet["GateLimits"]):
    """Limits by the evidence that they bind."""

    def in_force(self, line: Line) -> Self:
        """Return what binds the line's present epoch, the version that stands last: chosen in it or before it began.

        An epoch that a line returns to keeps the limits that it began with: its evidence has been seen.
        """
        chosen = self.filter(line=line).order_by("version")
        epoch = line.epoch
        return chosen if epoch is None else chosen.filter(Q(epoch=epoch) | Q(created_at__lte=epoch.opened_at))


class GateLimits(models.Model):
    """What a rung asks of a line: one row per version, written once. Locked once evidence is collected under it."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="gate_limits")
    epoch = models.ForeignKey(
        Epoch, on_delete=models.PROTECT, null=True, related_name="+", help_text="in which they were chosen"
    )
    to_level = word_field(Level)
    version = models.PositiveIntegerField(default=1)
    limits = models.JSONField(help_text=_("fields of inspection.rules.ladder.Gate"))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")

    objects = GateLimitsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "to_level", "version"], name="gate_limits_version_once"),
        ]
