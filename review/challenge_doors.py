"""The shape of what is asked about challenge parts and how a refusal is said: for the page and the API alike."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Line
from review import challenges
from review.bank_models import BankDefect

SERIAL_MAX = 40
REFUSALS: dict[type[Exception], Callable[[], str]] = {
    challenges.SerialInUse: lambda: _("A part of this serial is known here already. Mark it with one of its own."),
    challenges.NotKnown: lambda: _("Only a confirmed defect of the bank can challenge a line."),
    challenges.AlreadyRetired: lambda: _("This was done before."),
}


class DefectChoice(forms.ModelChoiceField):
    """A defect by its number and class."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} {obj.defect_class}"


class MarkForm(forms.Form):
    """A physical part: which defect of the bank it bears, and the serial it is marked with."""

    defect = DefectChoice(label=gettext_lazy("Defect of the bank"), queryset=BankDefect.objects.none())
    serial = forms.CharField(label=gettext_lazy("Serial it is marked with"), max_length=SERIAL_MAX)

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        defect = self.fields["defect"]
        assert isinstance(defect, DefectChoice)
        defect.queryset = line.bank.in_use().order_by("number")


class CalendarForm(forms.Form):
    """When parts are due. An empty interval is none."""

    at_shift_start = forms.BooleanField(label=gettext_lazy("At the start of each shift"), required=False, initial=True)
    at_changeover = forms.BooleanField(label=gettext_lazy("At a changeover"), required=False, initial=True)
    every_h = forms.IntegerField(label=gettext_lazy("Every so many hours"), min_value=1, max_value=24, required=False)
    parts = forms.IntegerField(label=gettext_lazy("Parts each time"), min_value=1, max_value=50, initial=12)
