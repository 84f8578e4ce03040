"""The forms of the line wizard: one plain form a step, shares asked for in percent."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from inspection.models import DefectClass, LimitSample, Line, LineScope, User
from inspection.models.line import known_zone
from inspection.rules.words import ChangeKind, Decider, Pace, Priority
from review import risk_words

DAY = forms.DateInput(attrs={"type": "date"})


def percent_field(label: Any, *, initial: float | None = None) -> forms.FloatField:
    """A share, asked for in percent."""
    return forms.FloatField(label=label, initial=initial, min_value=0.0001, max_value=50)


def money_field(label: Any) -> forms.DecimalField:
    """A cost that a plant may leave out."""
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=10, decimal_places=2)


class ScopeForm(forms.Form):
    """What the line makes, how much of it, what counts as a defect, and how fast things change."""

    name = forms.CharField(label=_("Name"), max_length=100)
    name_ko = forms.CharField(label=_("Name in Korean"), max_length=100, required=False)
    definition = forms.CharField(
        label=_("What is a defect"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In words that an inspector and a customer would both sign."),
    )
    parts_per_day = forms.IntegerField(label=_("Parts a day"), min_value=1, max_value=10_000_000)
    takt_s = forms.FloatField(label=_("Takt, seconds"), min_value=0.05, max_value=3600)
    low = percent_field(_("Defects, at least (%)"))
    high = percent_field(_("Defects, at most (%)"))
    pace = forms.ChoiceField(
        label=_("How fast things change"),
        choices=[
            ("", "…"),
            (Pace.CONSUMER.value, _("consumer product: another model each season")),
            (Pace.B2B.value, _("parts for other firms: the same for years")),
        ],
    )
    recertify_by = forms.DateField(label=_("Certify again by"), widget=DAY)
    time_zone = forms.CharField(label=_("Time zone"), max_length=40, initial="Asia/Seoul", validators=[known_zone])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("low") and given.get("high") and given["low"] > given["high"]:
            self.add_error("high", _("The upper end lies below the lower one."))
        return given

    def facts(self) -> dict[str, Any]:
        """Return what `scopes.describe` keeps."""
        given = dict(self.cleaned_data)
        low, high = given.pop("low"), given.pop("high")
        return {**given, "defect_rate_low": low / 100, "defect_rate_high": high / 100}

    @staticmethod
    def initial_of(line: Line, scope: LineScope) -> dict[str, Any]:
        facts = {name: getattr(line, name) for name in ("name", "name_ko", "takt_s", "time_zone")}
        facts |= {name: getattr(scope, name) for name in ("definition", "parts_per_day", "pace", "recertify_by")}
        return {**facts, "low": _percent(scope.defect_rate_low), "high": _percent(scope.defect_rate_high)}


class NewLineForm(ScopeForm):
    """The same for a line that is not there yet: with the short name of its addresses and its product."""

    slug = forms.SlugField(
        label=_("Short name"), max_length=40, help_text=_("Stands in addresses, like phone-frame. It stays.")
    )
    sku = forms.SlugField(label=_("SKU"), max_length=40)

    field_order = ("slug", "sku")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if Line.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("There is a line of this name."))
        return slug


class ChangeForm(forms.Form):
    """A change that is known beforehand."""

    kind = forms.ChoiceField(
        label=_("What changes"), choices=[(kind.value, word) for kind, word in risk_words.CHANGES.items()]
    )
    due_on = forms.DateField(label=_("On"), widget=DAY)
    what = forms.CharField(label=_("In words"), max_length=200)

    def facts(self) -> dict[str, Any]:
        return {**self.cleaned_data, "kind": ChangeKind(self.cleaned_data["kind"])}


class ClassForm(forms.Form):
    """A kind of defect with its risk, its key and its limit samples."""

    code = forms.SlugField(label=_("Code"), max_length=40, help_text=_("Like scratch. It stays."))
    name = forms.CharField(label=_("Name"), max_length=60)
    name_ko = forms.CharField(label=_("Name in Korean"), max_length=60)
    risk_class = forms.ChoiceField(
        label=_("Risk"), choices=[(risk.value, word) for risk, word in risk_words.RISKS.items()]
    )
    key = forms.IntegerField(label=_("Key"), min_value=1, max_value=9)
    still_good = forms.CharField(label=_("Still good"), max_length=200, help_text=_("The worst part that passes."))
    already_bad = forms.CharField(
        label=_("Already a defect"), max_length=200, help_text=_("The mildest part that does not.")
    )
    kept_as = forms.CharField(
        label=_("Limit samples kept as"), max_length=100, help_text=_("Serials of the two parts in the cabinet.")
    )

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self.line = line

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        others = self.line.defect_classes.filter(retired_at=None).exclude(code=given.get("code", ""))
        if given.get("key") and others.filter(key=given["key"]).exists():
            self.add_error("key", _("Another class has this key."))
        return given

    @staticmethod
    def initial_of(kept: DefectClass, sample: LimitSample | None) -> dict[str, Any]:
        facts = {name: getattr(kept, name) for name in ("code", "name", "name_ko", "risk_class", "key")}
        limits = ("still_good", "already_bad", "kept_as")
        return {**facts, **{name: getattr(sample, name) for name in limits if sample}}


class TargetsForm(forms.Form):
    """What may go wrong how often, and what it costs when it does."""

    target_escape_ppm = forms.FloatField(
        label=_("Escapes, ppm of inspected parts"), min_value=0.1, max_value=100_000, initial=500
    )
    overkill = percent_field(_("Good parts rejected, at most (%)"), initial=3)
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        initial="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, like EUR."))],
    )
    cost_escape = money_field(_("Cost of one escape"))
    cost_overkill = money_field(_("Cost of one good part rejected"))
    cost_reading = money_field(_("Cost of one reading"))
    lot_release = forms.BooleanField(
        label=_("A lot passed automatically waits until its audit sample is accepted"), required=False
    )

    def facts(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        return {**given, "target_overkill_share": given.pop("overkill") / 100}

    @staticmethod
    def initial_of(scope: LineScope) -> dict[str, Any]:
        if scope.target_escape_ppm is None:
            return {}
        names = ("target_escape_ppm", "currency", "cost_escape", "cost_overkill", "cost_reading", "lot_release")
        facts = {name: getattr(scope, name) for name in names}
        return {**facts, "overkill": _percent(scope.target_overkill_share)}


class TodayForm(forms.Form):
    """Who decides about parts today."""

    decides_today = forms.ChoiceField(
        label=_("Who decides today"),
        choices=[("", "…"), *((decider.value, word) for decider, word in risk_words.DECIDERS.items())],
    )
    system_name = forms.CharField(label=_("Name of the older system"), max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decides_today") == Decider.SYSTEM.value and not given.get("system_name"):
            self.add_error("system_name", _("Name the system that decides today."))
        return given


class BaselineForm(forms.Form):
    """How well parts are judged today: counts on parts of known truth, never an estimate."""

    judge = forms.ChoiceField(
        label=_("Who was measured"), choices=[(decider.value, word) for decider, word in risk_words.DECIDERS.items()]
    )
    defects = forms.IntegerField(label=_("Defective parts shown"), min_value=0)
    missed = forms.IntegerField(label=_("of these passed"), min_value=0)
    good = forms.IntegerField(label=_("Good parts shown"), min_value=0)
    rejected = forms.IntegerField(label=_("of these rejected"), min_value=0)
    method = forms.CharField(label=_("How the truth was known"), max_length=200)
    measured_on = forms.DateField(label=_("Measured on"), widget=DAY)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for part, whole in (("missed", "defects"), ("rejected", "good")):
            if given.get(part) is not None and given.get(whole) is not None and given[part] > given[whole]:
                self.add_error(part, _("More than were shown."))
        if given.get("defects") == 0 and given.get("good") == 0:
            self.add_error("defects", _("Count at least one part."))
        return given


class WatchForm(forms.Form):
    """What shall watch a failure."""

    metric = forms.ChoiceField(label=_("Metric"), choices=[("", "…"), *risk_words.METRICS.items()])
    threshold = forms.CharField(
        label=_("Threshold in words"),
        max_length=60,
        help_text=_("For the signature. Alarms come where the page of the metric says."),
    )
    priority = forms.ChoiceField(label=_("Alarm"), choices=[(one.value, one.value) for one in Priority])
    action = forms.ChoiceField(label=_("Action"), choices=list(risk_words.ACTIONS.items()))
    owner = forms.ChoiceField(label=_("Owner"))
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, owners: Sequence[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.owners = {str(person.pk): person for person in owners}
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(key, person.username) for key, person in self.owners.items()]


class ReasonForm(forms.Form):
    """Why something is taken away or left as it is."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class CampaignForm(forms.Form):
    """How much more is drawn for truth, from the first day on, to the end of the last, in the line's own time."""

    share = forms.FloatField(label=_("Truth draw, in percent"), min_value=0.1, max_value=100, initial=20)
    first_day = forms.DateField(label=_("First day"), widget=DAY)
    last_day = forms.DateField(label=_("Last day"), widget=DAY)
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, line: Line, now: datetime, **options: Any) -> None:
        self.zone = ZoneInfo(line.time_zone)
        tomorrow = now.astimezone(self.zone).date() + timedelta(days=1)
        days = {"first_day": tomorrow, "last_day": tomorrow + timedelta(days=13)}
        super().__init__(*args, **{**options, "initial": days, "auto_id": "campaign_%s"})

    def facts(self) -> dict[str, Any]:
        """Return what `campaigns.announce` keeps."""
        given = self.cleaned_data
        return {
            "share": given["share"] / 100,
            "starts_at": self._begin(given["first_day"]),
            "ends_at": self._begin(given["last_day"] + timedelta(days=1)),
            "reason": given["reason"],
        }

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone)


class FailureForm(forms.Form):
    """Something else that could go wrong."""

    failure = forms.CharField(label=_("What could go wrong"), max_length=100)
    failure_ko = forms.CharField(label=_("The same in Korean"), max_length=100, required=False)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 6)
