"""What the page of findings and its API share: the form, its words, and how a finding is told."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import Disposition, Line
from inspection.rules.words import Verdict
from review.finding_models import PhysicalFinding
from review.rules.containment import Found
from review.rules.findings import How, Score, score

HOW_WORDS = {
    How.FIELD_RETURN: gettext_lazy("field return"),
    How.SCRAP_BIN: gettext_lazy("scrap bin"),
    How.TEARDOWN: gettext_lazy("teardown"),
    How.OTHER: gettext_lazy("other check of the part"),
    How.CONTAINMENT: gettext_lazy("containment"),
}
SCORE_WORDS = {
    Score.RIGHT: gettext_lazy("the verdict was right"),
    Score.ESCAPE: gettext_lazy("an escape: a defect was passed"),
    Score.OVERKILL: gettext_lazy("an overkill: a good part was rejected"),
    Score.HELD: gettext_lazy("the part was held"),
}
# A containment is closed on its own page.
OFFERED = [how for how in HOW_WORDS if how != How.CONTAINMENT]


class FindingForm(forms.Form):
    """What one run of a part showed. A bad one names its kind of defect."""

    run = forms.IntegerField(min_value=1)
    how = forms.ChoiceField(choices=[(how.value, how.value) for how in OFFERED])
    found = forms.ChoiceField(choices=[(found.value, found.value) for found in (Found.GOOD, Found.BAD)])
    defect_class = forms.CharField(max_length=40, required=False)
    view = forms.CharField(max_length=40, required=False)
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: object, line: Line, told: QuerySet[Disposition], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._codes = set(line.defect_classes.values_list("code", flat=True))
        self._views = set(line.views)
        self._told = told

    def clean_run(self) -> Disposition:
        told = self._told.filter(run__n=self.cleaned_data["run"]).first()
        if told is None:
            raise forms.ValidationError(_("This part has no such run with a verdict."))
        return told

    def clean(self) -> dict[str, object]:
        given = super().clean() or self.cleaned_data
        if given.get("found") == Found.BAD and given.get("defect_class") not in self._codes:
            self.add_error("defect_class", _("Name the kind of defect that was found."))
        if given.get("view") and given["view"] not in self._views:
            self.add_error("view", _("The line has no such view."))
        return given

    def facts(self) -> dict[str, Any]:
        """Return what the deed takes, as its own words."""
        given = self.cleaned_data
        kept = {name: given[name] for name in ("defect_class", "view", "note")}
        return {**kept, "how": How(given["how"]), "found": Found(given["found"])}


def score_of(finding: PhysicalFinding) -> Score:
    """Return how the verdict of its run stands beside a finding: only settled runs have one."""
    told = cast(str, finding.run.disposition.verdict)
    return score(Verdict(told), is_bad=finding.found == Found.BAD)


def newest_of(line: Line, limit: int) -> list[PhysicalFinding]:
    """Return the line's last findings with the verdicts they score again."""
    found = PhysicalFinding.objects.filter(line=line).select_related("run__part", "run__disposition", "found_by")
    return list(found.order_by("-pk")[:limit])
