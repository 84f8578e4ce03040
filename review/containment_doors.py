"""What the containment page and its API share: forms, words, and the checks of who may."""

from django import forms
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request

from inspection.models import Line
from review import containment, downloads, findings, lots
from review.containment_models import Containment
from review.rules.containment import Found

FOUND_WORDS = {
    Found.GOOD: gettext_lazy("found good"),
    Found.BAD: gettext_lazy("found bad"),
    Found.LOST: gettext_lazy("lost"),
}


class FoundForm(forms.Form):
    """How a part was closed. A bad one names its kind of defect, and the view where there are several."""

    found = forms.ChoiceField(choices=[(found.value, found.value) for found in Found])
    defect_class = forms.CharField(max_length=40, required=False)
    view = forms.CharField(max_length=40, required=False)
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: object, line: Line, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._codes = set(line.defect_classes.values_list("code", flat=True))
        self._views = set(line.views)

    def clean(self) -> dict[str, object]:
        given = super().clean() or self.cleaned_data
        if given.get("found") == Found.BAD and given.get("defect_class") not in self._codes:
            self.add_error("defect_class", _("Name the kind of defect that was found."))
        if given.get("view") and given["view"] not in self._views:
            self.add_error("view", _("The line has no such view."))
        if "found" in given:
            given["found"] = Found(given["found"])
        return given


def why_held(refusal: lots.LotHeld) -> str:
    """Return every reason why a lot may not leave, in one sentence each."""
    words = {
        "no-parts": _("The lot has no parts yet."),
        "unsettled": _("Parts of it are still waiting for their verdict."),
        "audits-open": _("Its audit sample is not closed."),
        "escapes": _("Its audits found an escape: every other part must be read as good or closed."),
        "contained": _("Parts of it are contained."),
    }
    return " ".join(words[reason] for reason in refusal.reasons)


def refused(refusal: Exception) -> str:
    """Say in the reader's language why a deed was not done."""
    if isinstance(refusal, lots.LotHeld):
        return why_held(refusal)
    if isinstance(refusal, findings.AlreadyClosed):
        return _("This part was closed before.")
    return _("There are open parts, or the list is not whole yet.")


REFUSALS = (findings.AlreadyClosed, containment.StillOpen, lots.LotHeld)


def download(request: HttpRequest | Request, found: Containment) -> StreamingHttpResponse:
    """Answer with the whole list as CSV."""
    name = f"containment-{found.line.slug}-{found.pk}"
    return downloads.table(request, found.line, name, containment.COLUMNS, containment.rows_for_export(found))
