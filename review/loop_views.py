"""How the review loop of a line opens, and what practice asks there: set by its leads and administrators."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from inspection import line_settings
from inspection.models import Line
from inspection.rules.words import GoldenPlace, ZoomStart
from review.permissions import PersonRequest, line_for_leads

GOLDEN = {
    GoldenPlace.PANEL: gettext_lazy("small, in the panel"),
    GoldenPlace.SIDE: gettext_lazy("beside the image, equally large"),
    GoldenPlace.BLINK: gettext_lazy("blinking in the image's place"),
}
ZOOM = {
    ZoomStart.KEPT: gettext_lazy("as the image before was left"),
    ZoomStart.FIT: gettext_lazy("the whole image"),
    ZoomStart.ACTUAL: gettext_lazy("one to one, from the middle"),
}


class LoopForm(forms.Form):
    """What a line's loop starts from. Every key of the loop still does what it does; R comes back to this."""

    loop_golden = forms.ChoiceField(label=gettext_lazy("Golden image"), choices=[*GOLDEN.items()])
    loop_zoom = forms.ChoiceField(label=gettext_lazy("Each image comes up"), choices=[*ZOOM.items()])
    view_order = forms.CharField(
        label=gettext_lazy("Order of the views of a part"), help_text=gettext_lazy("All of them, with commas between.")
    )
    vigilance_min = forms.IntegerField(
        label=gettext_lazy("Offer a break after so many minutes of looking"), min_value=10, max_value=60
    )
    second_opinion = forms.BooleanField(
        label=gettext_lazy("Show a call that came too late to whoever rules on its image"), required=False
    )
    practice_size = forms.IntegerField(
        label=gettext_lazy("Images of a round of practice"),
        min_value=6,
        max_value=200,
        help_text=gettext_lazy("Half of them defects; fewer where the line has fewer."),
    )
    practice_aim = forms.FloatField(
        label=gettext_lazy("Right calls that practice aims at (%)"), min_value=50, max_value=100
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line
        for name, field in self.fields.items():
            field.initial = getattr(line, name, "")
        self.fields["view_order"].initial = ", ".join(line.ordered_views)
        self.fields["practice_aim"].initial = f"{line.practice_aim * 100:g}"
        if len(line.views) == 1:
            del self.fields["view_order"]

    def clean_view_order(self) -> list[str] | None:
        named = [view.strip() for view in self.cleaned_data["view_order"].split(",")]
        if sorted(named) != sorted(self._line.views):
            raise forms.ValidationError(_("Name each view of the line once: %s.") % ", ".join(self._line.views))
        # An order that nobody changed goes on as what it was, also as none.
        return self._line.view_order if named == self._line.ordered_views else named

    def clean_practice_aim(self) -> float:
        return round(self.cleaned_data["practice_aim"] / 100, 8)

    def settings(self) -> dict[str, Any]:
        """Return the settings of a valid form by the names they have on the line."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}


@login_required
@require_http_methods(["GET", "POST"])
def loop_page(request: PersonRequest, slug: str) -> HttpResponse:
    """How the loop of the line opens; a change counts for whoever opens it from then on."""
    line = line_for_leads(request.user, slug)
    form = LoopForm(request.POST or None, line=line)
    if request.method == "GET" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "review/loop.html", {"line": line, "form": form}, status=status)

    reason = form.cleaned_data["reason"]
    changed = line_settings.put(line, form.settings(), by=request.user, reason=reason, now=now())
    said = _("Kept, for every loop that is opened from now on.") if changed else _("Nothing was changed.")
    messages.success(request, said)
    return redirect("loop", slug)
