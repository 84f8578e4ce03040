"""What the gauge page and its API share: the form that starts a study, and how a refusal is said."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Line, Membership, User
from inspection.rules.words import Role
from review import known_images, studies

REFUSALS: dict[type[Exception], Callable[[], str]] = {
    studies.WrongNumber: lambda: _("Name three inspectors."),
    studies.Running: lambda: _("A study is running on this line."),
    studies.NotRunning: lambda: _("This was done before."),
    studies.TooFewImages: lambda: _("A study needs 25 defects of the bank and 25 parts ruled good."),
}


def inspectors_of(line: Line):
    """Return those who inspect on a line, by name."""
    roles = Membership.objects.filter(role=Role.INSPECTOR.value).in_force().on_line(line)
    return User.objects.filter(pk__in=roles.values("user"), is_active=True).order_by("username")


def at_hand(line: Line) -> tuple[int, int]:
    """Return how many defects and good parts the library holds."""
    return known_images.defects_of(line).count(), known_images.good_of(line).count()


class StudyForm(forms.Form):
    """Who the three appraisers are."""

    people = forms.ModelMultipleChoiceField(label=gettext_lazy("Inspectors"), queryset=User.objects.none())

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        people = self.fields["people"]
        assert isinstance(people, forms.ModelMultipleChoiceField)
        people.queryset = inspectors_of(line)
