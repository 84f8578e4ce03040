"""What a person chooses for the review loop: keys, glove size, more time. Theme and language are chosen in the menu."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from inspection.permissions import person
from review.rules import keys, patience

ACTION_WORDS = {
    "pass": gettext_lazy("pass"),
    "defect": gettext_lazy("defect"),
    "cannot-judge": gettext_lazy("cannot judge"),
    "undo": gettext_lazy("undo the last call"),
    "golden": gettext_lazy("golden image"),
    "limits": gettext_lazy("limit samples; in a ruling also past ones"),
    "heat": gettext_lazy("heat map"),
    "ask": gettext_lazy("ask for the model's opinion"),
    "comment": gettext_lazy("comment"),
    "point": gettext_lazy("point"),
    "box": gettext_lazy("box"),
    "invert": gettext_lazy("invert"),
    "reset": gettext_lazy("reset all tools"),
    "pause": gettext_lazy("pause, or end the session"),
    "skip": gettext_lazy("give back an image that cannot be shown"),
    "zoom-in": gettext_lazy("zoom in"),
    "zoom-out": gettext_lazy("zoom out"),
    "fit": gettext_lazy("fit the image"),
    "actual": gettext_lazy("one to one"),
    "darker": gettext_lazy("darker"),
    "brighter": gettext_lazy("brighter"),
    "flatter": gettext_lazy("less contrast"),
    "steeper": gettext_lazy("more contrast"),
    "help": gettext_lazy("list of keys"),
}


class PreferencesForm(forms.Form):
    """A key for each action of the loop; the same letter twice is refused."""

    off = forms.BooleanField(label=gettext_lazy("Switch all single keys off; buttons stay"), required=False)
    more_time = forms.BooleanField(
        label=gettext_lazy("More time: undo, the wait at an untouched image and a reveal last ten times as long"),
        required=False,
    )
    glove = forms.BooleanField(label=gettext_lazy("Glove size: everything pressed is larger"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for action, word in ACTION_WORDS.items():
            choices = [(key, key or _("off")) for key in keys.choices(action)]
            self.fields[action] = forms.ChoiceField(label=word, choices=choices, required=False)

    def letters(self) -> list[forms.BoundField]:
        """Return the fields of the letters, in the order of the loop."""
        return [self[action] for action in ACTION_WORDS]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for letter, actions in keys.clashes({action: given.get(action, "") for action in ACTION_WORDS}).items():
            named = ", ".join(str(ACTION_WORDS[action]) for action in actions)
            self.add_error(
                actions[-1], _("%(letter)s is wanted twice: %(actions)s.") % {"letter": letter, "actions": named}
            )
        return given

    def kept(self) -> dict[str, Any]:
        """Return what is kept of a valid form."""
        letters = {action: self.cleaned_data[action] for action in ACTION_WORDS}
        return {
            "keys": keys.changed(letters),
            "keys_off": self.cleaned_data["off"],
            "glove": self.cleaned_data["glove"],
            "more_time": self.cleaned_data["more_time"],
        }


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show what I chose, or keep it. It goes with my account to every station."""
    me = person(request)
    now = keys.of(me.preferences)
    ticked = {"off": now.off, "glove": now.glove, "more_time": patience.factor(me.preferences) > 1}
    form = PreferencesForm(request.POST or None, initial={**now.letters, **ticked})
    if request.method == "GET" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "review/preferences.html", {"form": form}, status=status)

    me.preferences = {**me.preferences, **form.kept()}
    me.save(update_fields=["preferences"])
    messages.success(request, _("Kept. It counts from the next image on."))
    return redirect("preferences")
