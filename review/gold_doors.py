"""What the inspectors' page and its API share: the form of the rule, and what they show of people and library."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from review.rules import gold


class GoldRuleForm(forms.Form):
    """Whether gold items are given, and the share of readings that is wished for, in percent."""

    is_on = forms.BooleanField(label=_("Give gold items"), required=False)
    wanted_percent = forms.FloatField(
        label=_("Share of readings, %"), min_value=0.1, max_value=100 * gold.MOST, initial=100 * gold.WANTED
    )

    def rule(self) -> dict[str, Any]:
        """Return the valid form as the deed takes it."""
        given = self.cleaned_data
        return {"is_on": given["is_on"], "wanted_share": given["wanted_percent"] / 100}
