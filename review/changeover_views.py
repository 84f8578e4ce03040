"""The page of changeovers: another product or other optics, what that does to the evidence, and what is due."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inspection import changeovers
from inspection.models import Line
from review import risk_words
from review.permissions import PersonRequest, line_for_leads
from review.pictures import references_of

LISTED = 20


class ChangeoverForm(forms.Form):
    """What the line is to make, and with which optics."""

    sku = forms.SlugField(
        label=gettext_lazy("Product (SKU)"),
        max_length=40,
        help_text=gettext_lazy("One that the line made before, or a new one."),
        widget=forms.TextInput(attrs={"list": "products", "autocomplete": "off"}),
    )
    optics = forms.CharField(
        label=gettext_lazy("Declared optics"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("One a line: lens: 25 mm. Lens, light, camera, firmware."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        options["initial"] = {"sku": line.product.sku, "optics": _as_text(line.optics)}
        super().__init__(*args, **options)
        self._standing = line.optics

    def clean_optics(self) -> dict[str, Any]:
        rows = [row for row in self.cleaned_data["optics"].splitlines() if row.strip()]
        pairs = [(name.strip(), colon, value.strip()) for name, colon, value in (row.partition(":") for row in rows)]
        if not all(name and colon and value for name, colon, value in pairs):
            raise forms.ValidationError(_("Write each as name: value, one a line."))
        declared = {name: value for name, _colon, value in pairs}
        # What nobody touched keeps its type: numbers that came in otherwise are no other optics.
        return {
            name: self._standing.get(name) if str(self._standing.get(name)) == value else value
            for name, value in declared.items()
        }


@login_required
@require_GET
def changeover_page(request: PersonRequest, slug: str) -> HttpResponse:
    """What the line makes and with what, what is due, and the changeovers before."""
    line = line_for_leads(request.user, slug)
    return _shown(request, line, form=ChangeoverForm(line=line))


@login_required
@require_POST
def change(request: PersonRequest, slug: str) -> HttpResponse:
    """Say what a changeover does to the evidence; do it once that was read."""
    line = line_for_leads(request.user, slug)
    form = ChangeoverForm(request.POST, line=line)
    if not form.is_valid():
        return _shown(request, line, form=form, status=422)
    try:
        if "confirmed" not in request.POST:
            outlook = changeovers.outlook(line, **form.cleaned_data)
            return _shown(request, line, form=form, outlook=outlook)
        changeovers.change(line, **form.cleaned_data, by=request.user, now=now())
    except changeovers.NothingChanges:
        form.add_error(None, _("The line makes this product with these optics already."))
        return _shown(request, line, form=form, status=422)
    messages.success(request, _("Changed over: the next part counts in its epoch."))
    return redirect("changeover", slug)


@login_required
@require_POST
def done(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Say that a planned change was made."""
    line = line_for_leads(request.user, slug)
    changeovers.finish(get_object_or_404(line.planned_changes, pk=pk), by=request.user, now=now())
    messages.success(request, _("Kept."))
    return redirect("changeover", slug)


def _shown(request: PersonRequest, line: Line, *, status: int = 200, **given: Any) -> HttpResponse:
    past = line.changeovers.select_related("from_product", "to_product", "to_epoch", "changed_by")
    context = {
        "line": line,
        "optics": line.optics,
        "due": [(one, risk_words.CHANGES[one.kind]) for one in changeovers.due(line, now=now())],
        "products": sorted(set(line.epochs.values_list("product__sku", flat=True))),
        "past": past.order_by("-changed_at", "-pk")[:LISTED],
        "lacks_golden": not references_of(line),
    }
    return render(request, "review/changeover.html", {**context, **given}, status=status)


def _as_text(optics: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in optics.items())
