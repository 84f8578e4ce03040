"""The forms of review's pages: a ruling on a disagreement, and what a report is asked for."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspection.models import Epoch, Line
from inspection.rules.words import Label
from review.adjudications import Shown
from review.faults import COMMENT_MAX

FIRST, SECOND, OTHER, UNSURE = "first", "second", "other", "unsure"
PASS = "pass"


class RulingForm(forms.Form):
    """A is right, B is right, something else, or cannot tell; where no calls are shown, simply what it is.

    A reason is asked for where the ruling differs from both calls, and where there is none.
    """

    ruling = forms.ChoiceField(error_messages={"required": _("Choose one of the rulings.")})
    other = forms.ChoiceField(label=_("Another call"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=COMMENT_MAX)

    def __init__(self, *args: Any, line: Line, calls: Sequence[Shown], **options: Any) -> None:
        super().__init__(*args, **options)
        self.calls = calls
        self.kinds = list(line.defect_classes.filter(retired_at=None).order_by("key"))
        self.names = {kind.code: kind.local_name for kind in self.kinds}
        rulings = [FIRST, SECOND, OTHER, UNSURE] if calls else [PASS, *self.names, UNSURE]
        self._offer("ruling", [(ruling, ruling) for ruling in rulings])
        self._offer("other", [("", "…"), (PASS, _("pass")), *self.names.items()])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def class_name(self, code: str) -> str:
        return self.names.get(code, code)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        ruling = given.get("ruling")
        if ruling == OTHER and not given.get("other"):
            self.add_error("other", _("Choose what it is."))
        if ruling in {OTHER, UNSURE} and not given.get("reason", "").strip():
            self.add_error("reason", _("Say why in a few words."))
        return given

    def verdict(self) -> dict[str, Any]:
        """Return label, class and reason of a valid form."""
        ruling, reason = self.cleaned_data["ruling"], self.cleaned_data["reason"]
        if ruling in {FIRST, SECOND}:
            call = self.calls[0 if ruling == FIRST else 1]
            return {"label": Label(call.label), "defect_class": call.defect_class, "reason": reason}
        if ruling == UNSURE:
            return {"label": Label.CANNOT_JUDGE, "defect_class": "", "reason": reason}
        chosen = self.cleaned_data["other"] if ruling == OTHER else ruling
        if chosen == PASS:
            return {"label": Label.PASS, "defect_class": "", "reason": reason}
        return {"label": Label.DEFECT, "defect_class": chosen, "reason": reason}


class EpochField(forms.ModelChoiceField):
    """An epoch by its number, its model and the day it began."""

    def label_from_instance(self, obj: Epoch) -> str:
        model = f" · {obj.model_version}" if obj.model_version else ""
        return f"{_('epoch %(n)s') % {'n': obj.n}}{model} · {obj.opened_at:%Y-%m-%d}"


class ReportForm(forms.Form):
    """Which epoch of a line a report reads, and from which local day to which."""

    epoch = EpochField(Epoch.objects.none(), label=_("Epoch"), required=False, empty_label=None)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["epoch"]
        assert isinstance(field, EpochField)
        field.queryset = line.epochs.select_related("model_version", "line").order_by("-opened_at")
        self.initial["epoch"] = line.epoch_id

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", _("The window ends before it begins."))
        return given


class QuestionForm(forms.Form):
    """Why what was said of an image looks wrong."""

    reason = forms.CharField(
        label=_("Reason"), max_length=COMMENT_MAX, error_messages={"required": _("Say why in a few words.")}
    )


class AmendmentForm(forms.Form):
    """What an image really shows, and why the first call was wrong."""

    is_now = forms.ChoiceField(label=_("What it is"), error_messages={"required": _("Choose what it is.")})
    reason = forms.CharField(
        label=_("Reason"), max_length=COMMENT_MAX, error_messages={"required": _("Say why in a few words.")}
    )

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = sorted((kind for kind in line.defect_classes.all() if kind.retired_at is None), key=lambda k: k.key)
        field = self.fields["is_now"]
        assert isinstance(field, forms.ChoiceField)
        unsure = (Label.CANNOT_JUDGE.value, _("cannot judge"))
        field.choices = [("", "…"), (PASS, _("pass")), *((kind.code, kind.local_name) for kind in kinds), unsure]

    def call(self) -> dict[str, Any]:
        """Return label, class and comment of a valid form."""
        is_now, reason = self.cleaned_data["is_now"], self.cleaned_data["reason"]
        if is_now in {PASS, Label.CANNOT_JUDGE.value}:
            return {"label": Label(is_now), "comment": reason}
        return {"label": Label.DEFECT, "defect_class": is_now, "comment": reason}
