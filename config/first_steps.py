"""The page behind the one-time link of a clean install."""

from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import first_admin

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NAME_MAX = 60


class FounderForm(forms.Form):
    """The first administrator, and up to two QA leads: other people, each with an address of their own."""

    username = forms.SlugField(label=gettext_lazy("Name to sign in with"), max_length=NAME_MAX)
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        min_length=15,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    first_lead = forms.SlugField(label=gettext_lazy("First QA lead"), max_length=NAME_MAX, required=False)
    first_email = forms.EmailField(label=gettext_lazy("E-mail of the first"), required=False)
    second_lead = forms.SlugField(label=gettext_lazy("Second QA lead"), max_length=NAME_MAX, required=False)
    second_email = forms.EmailField(label=gettext_lazy("E-mail of the second"), required=False)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password)
        return password

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        names = self._told("username", "first_lead", "second_lead")
        addresses = self._told("email", "first_email", "second_email")
        if len(set(names)) < len(names) or len(set(addresses)) < len(addresses):
            raise ValidationError(_("These are three people: give each a name and an e-mail address of their own."))
        for name, address in (("first_lead", "first_email"), ("second_lead", "second_email")):
            if bool(told.get(name)) != bool(told.get(address)) and not {name, address} & self.errors.keys():
                self.add_error(name, _("Give name and e-mail address, or leave both empty."))
        return told

    def facts(self) -> dict[str, Any]:
        """Return what was told, as the deed takes it."""
        told = self.cleaned_data
        named = [(told["first_lead"], told["first_email"]), (told["second_lead"], told["second_email"])]
        leads = [first_admin.Lead(name, email) for name, email in named if name]
        return {**{name: told[name] for name in ("username", "email", "password")}, "leads": leads}

    def _told(self, *fields: str) -> list[str]:
        return [self.cleaned_data[name].casefold() for name in fields if self.cleaned_data.get(name)]


def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Let the owner make the first administrator and the leads who count from the start, once."""
    if not first_admin.is_valid(token):
        raise Http404
    form = FounderForm(request.POST or None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "account/set_up.html", {"form": form}, status=status)

    founded = first_admin.create(token, now=now(), **form.facts())
    login(request, founded.founder, backend=BACKEND)
    if not founded.entrances:
        return redirect("queue-choice")
    # Shown by this answer alone: nothing keeps the links.
    entrances = [(lead.username, request.build_absolute_uri(path)) for lead, path in founded.entrances]
    return render(request, "account/set_up_done.html", {"entrances": entrances})
