"""The one form of review's pages: a ruling on a disagreement."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspection.models import Line
from inspection.rules.words import Label
from review.adjudications import Shown
from review.faults import COMMENT_MAX

FIRST, SECOND, OTHER, UNSURE = "first", "second", "other", "unsure"
PASS = "pass"


class RulingForm(forms.Form):
    """A is right, B is right, something else, or cannot tell. Only the last two need a reason."""

    ruling = forms.ChoiceField(
        choices=[(FIRST, "A"), (SECOND, "B"), (OTHER, "other"), (UNSURE, "unsure")],
        error_messages={"required": _("Choose one of the rulings.")},
    )
    other = forms.ChoiceField(label=_("Another call"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=COMMENT_MAX)

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = line.defect_classes.filter(retired_at=None).order_by("key")
        self.names = {kind.code: kind.local_name for kind in kinds}
        self.fields["other"].choices = [("", _("choose")), (PASS, _("pass")), *self.names.items()]

    def class_name(self, code: str) -> str:
        return self.names.get(code, code)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        ruling = given.get("ruling")
        if ruling == OTHER and not given.get("other"):
            self.add_error("other", _("Choose what it is."))
        if ruling in {OTHER, UNSURE} and not given.get("reason", "").strip():
            self.add_error("reason", _("Say why in a few words: your ruling differs from both calls."))
        return given

    def verdict(self, calls: Sequence[Shown]) -> dict[str, Any]:
        """Return label, class and reason of a valid form, given the calls A and B as they were shown."""
        chosen, other = self.cleaned_data["ruling"], self.cleaned_data["other"]
        reason = self.cleaned_data["reason"]
        if chosen in {FIRST, SECOND} and len(calls) > 1:
            call = calls[0] if chosen == FIRST else calls[1]
            return {"label": Label(call.label), "defect_class": call.defect_class, "reason": reason}
        if chosen == UNSURE:
            return {"label": Label.CANNOT_JUDGE, "defect_class": "", "reason": reason}
        is_pass = other == PASS
        return {
            "label": Label.PASS if is_pass else Label.DEFECT,
            "defect_class": "" if is_pass else other,
            "reason": reason,
        }
