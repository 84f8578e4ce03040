"""The form of a line's gate limits: the rate that each stream must exceed, and how detection is shown."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.rules.ladder import GATES, Gate
from inspection.rules.words import Level
from review import gate_limits
from review.gate_limits import LIST, NATURAL, STREAM
from review.sentences import percent

LEAST, MOST = 50, 99.99
STREAMS = {
    "agreement": gettext_lazy("Agreement, above (%)"),
    "detection": gettext_lazy("Detection, above (%)"),
    "policy_detection": gettext_lazy("Policy detection, above (%)"),
    "policy_specificity": gettext_lazy("Good parts not rejected, above (%)"),
}
ROUTES = {
    LIST: gettext_lazy("the defect bank, frozen with the certificate"),
    STREAM: gettext_lazy("the defect bank, read at any time"),
    NATURAL: gettext_lazy("natural defects of the truth draw"),
}


class GateLimitsForm(forms.Form):
    """The streams of each rung in percent, with the default beside each, and the route of its detection."""

    def __init__(self, *args: Any, asked: Mapping[Level, Gate], is_locked: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked = asked
        for level, gate in asked.items():
            for target in gate.targets:
                usual = GATES[level].target(target.stream)
                self.fields[f"{level}_{target.stream}"] = forms.FloatField(
                    label=STREAMS[target.stream],
                    initial=round(target.p0 * 100, 6),
                    min_value=LEAST,
                    max_value=MOST,
                    disabled=is_locked,
                    help_text=_("Usually %(share)s.") % {"share": percent(usual.p0 if usual else target.p0)},
                )
            self.fields[f"{level}_route"] = forms.ChoiceField(
                label=_("Detection is shown by"),
                choices=[(route, word) for route, word in ROUTES.items() if _fits(level, route)],
                initial=gate_limits.route_of(gate),
                disabled=is_locked,
            )

    def rungs(self) -> list[tuple[Level, list[forms.BoundField]]]:
        """Return the fields of each rung."""
        return [
            (level, [self[name] for name in self.fields if name.startswith(f"{level.value}_")]) for level in self.asked
        ]

    def chosen(self) -> dict[Level, Gate]:
        """Return the gates as they were typed."""
        given = self.cleaned_data
        return {
            level: gate_limits.chosen(
                gate,
                p0={target.stream: round(given[f"{level}_{target.stream}"] / 100, 8) for target in gate.targets},
                route=given[f"{level}_route"],
            )
            for level, gate in self.asked.items()
        }


def _fits(level: Level, route: str) -> bool:
    """Before `partial` there is no certificate that could freeze the bank."""
    return route != LIST or level != Level.ASSIST
