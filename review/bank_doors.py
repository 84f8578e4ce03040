"""The shape of what is asked of the defect bank, who may, and how a refusal is said: for pages and API alike."""

from collections.abc import Callable
from datetime import datetime

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Line, ModelVersion, User
from inspection.permissions import lines_for, may_inspect, may_sign_levels
from inspection.rules.words import Level, Role
from review import bank, evidence, retro
from review.retro_models import RetroTrial


class NotAllowed(Exception):
    """The person may see the bank but not do this."""


REFUSALS: dict[type[Exception], Callable[[], str]] = {
    bank.NoPicture: lambda: _("This line has no image of that serial in that view."),
    bank.UnknownClass: lambda: _("This line has no such defect class in use."),
    bank.AlreadyBanked: lambda: _("This mark of this part is in the bank already."),
    bank.SeenByAll: lambda: _("This part is or was a limit sample: everybody knows it, so it measures nobody."),
    NotAllowed: lambda: _("Only active QA leads of this line sign, a day after they got the role."),
    retro.NothingArchived: lambda: _("No part of the truth draw is ruled on yet."),
    bank.NotOpen: lambda: _("This was done before."),
}


class DefectForm(forms.Form):
    """One physical defect, by the serial of the part that has it."""

    serial = forms.CharField(label=gettext_lazy("Serial of the part"), max_length=100)
    view = forms.ChoiceField(label=gettext_lazy("View that shows it"))
    defect_class = forms.ChoiceField(label=gettext_lazy("Class"))
    mark = forms.CharField(
        label=gettext_lazy("Which defect of the part"), max_length=20, initial="1", required=False, empty_value="1"
    )
    found_by = forms.CharField(label=gettext_lazy("How it was found"), max_length=100)

    def __init__(self, *args, line: Line, **options) -> None:
        super().__init__(*args, **options)
        kinds = line.defect_classes.filter(retired_at=None).order_by("key")
        self._offer("view", [(view, view) for view in line.views])
        self._offer("defect_class", [(kind.code, kind.local_name) for kind in kinds])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class MethodForm(forms.Form):
    method = forms.CharField(label=gettext_lazy("How it was confirmed"), max_length=100)


class RetireForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def try_version(line: Line, version: ModelVersion, *, by: User, now: datetime) -> RetroTrial:
    """Try a version on the line's archive, at the limits of the gate to `assist`. Leads who may sign only."""
    if not may_sign_levels(by, line, now=now):
        raise NotAllowed(f"{by} does not sign on {line}.")
    return retro.ask(line, version, evidence.gate_for(line, Level.ASSIST), by=by, now=now)


def lines_of(user: User) -> QuerySet[Line]:
    """Return the lines whose bank a person may see: leads and administrators, and nobody who inspects there."""
    lines = lines_for(user, Role.QA_LEAD, Role.ADMINISTRATOR)
    inspected = [line.pk for line in lines if may_inspect(user, line)]
    return lines.exclude(pk__in=inspected).select_related("product", "epoch__model_version")
