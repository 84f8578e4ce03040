"""The page behind the one-time link of a clean install."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from config import first_admin

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class FounderForm(forms.Form):
    username = forms.SlugField(label=_("Name to sign in with"), max_length=60)
    email = forms.EmailField(label=_("E-mail"))
    password = forms.CharField(
        label=_("Password"), min_length=15, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password)
        return password


def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Let the owner make the first administrator, once."""
    if not first_admin.is_valid(token):
        raise Http404
    form = FounderForm(request.POST or None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "account/set_up.html", {"form": form}, status=status)
    user = first_admin.create(token, now=now(), **form.cleaned_data)
    login(request, user, backend=BACKEND)
    return redirect("admin:index")
