"""Accounts and what a person may choose for themselves. An administrator makes accounts; nobody signs up."""

from collections.abc import Callable
from datetime import timedelta

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import AddEmailForm, ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from inspection.models import User

THEMES = ("", "light", "dark")
THEME_COOKIE = "theme"
COOKIE_AGE = 365 * 24 * 3600
SHARED_IDLE_S = 5 * 60
ENDS = "ends_at"
LEFT_HEADER = "X-Session-Left"
MFA = "allauth.mfa"
WRONG = _("Employee ID and password do not match. Check both and try again.")
NEW_PASSWORD = {"password1": _("New password"), "password2": _("New password again")}


class ClosedAdapter(DefaultAccountAdapter):
    """One answer for a wrong name and a wrong password; no sign-up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": WRONG,
        "email_password_mismatch": WRONG,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Whoever sets up a first second factor right after signing in is not asked for the password again."""
        user = self.request.user
        if app == MFA and not is_mfa_enabled(user) and user.last_login is not None:
            return now() - user.last_login > timedelta(seconds=app_settings.REAUTHENTICATION_TIMEOUT)
        return super().is_reauthentication_required(app=app, **kwargs)


class SignInForm(LoginForm):
    """Employee ID, user name or e-mail, a password, and whether others use this station too."""

    shared_station = forms.BooleanField(label=_("Shared station: end after 5 min idle"), required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Employee ID or e-mail")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        self.fields["login"].error_messages["required"] = _("Enter your employee ID or e-mail.")
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}
        self.fields["password"].error_messages["required"] = _("Enter your password.")

    def clean_login(self) -> str:
        """Let an employee ID stand for the user name."""
        login = super().clean_login()
        known = User.objects.filter(employee_id=login).exclude(employee_id="").first()
        return known.username if known else login

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url)
        if self.cleaned_data["shared_station"]:
            request.session["shared_station"] = True
            request.session.set_expiry(SHARED_IDLE_S)
        return response


class PasswordForm(ChangePasswordForm):
    """The present password, and a new one twice."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        _say(self, oldpassword=_("Present password"), **NEW_PASSWORD)


class MailedPasswordForm(ResetPasswordKeyForm):
    """A new password twice, behind the link of a mail."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        _say(self, **NEW_PASSWORD)

    def save(self) -> None:
        """Keep the password. Where an administrator may have given the link, the day without signing begins now."""
        super().save()
        person, moment = self.user, now()
        lasts = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        if person.let_in_at is not None and person.let_in_at > moment - lasts:
            person.let_in_at = moment
            person.save(update_fields=["let_in_at"])


class ForgottenForm(ResetPasswordForm):
    """The address that a link goes to."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        _say(self, email=_("E-mail"))


class AddressForm(AddEmailForm):
    """One more address of a person."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        _say(self, email=_("E-mail"))


def _say(form: forms.Form, **labels: Promise) -> None:
    """Give fields of allauth the product's words. The label says all: no placeholder repeats it."""
    for name, label in labels.items():
        form.fields[name].label = str(label)
        form.fields[name].widget.attrs.pop("placeholder", None)


def session_end(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say with every answer how long the session lasts, so that no page has to ask for it.

    On a shared station every request made by a person starts the five minutes anew; polling does not.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.session.get("shared_station") and "X-Background" not in request.headers:
            _begin_anew(request)
        response = get_response(request)
        # What is kept in a session starts its time anew too.
        if request.user.is_authenticated and request.session.modified:
            _begin_anew(request)
        left = seconds_left(request)
        if left is not None:
            response[LEFT_HEADER] = str(left)
        return response

    return middleware


def seconds_left(request: HttpRequest) -> int | None:
    """Seconds until the session ends unless somebody does something; None where nobody is signed in."""
    user = getattr(request, "user", None)
    ends = request.session.get(ENDS) if user is not None and user.is_authenticated else None
    return None if ends is None else max(0, round(ends - now().timestamp()))


def _begin_anew(request: HttpRequest) -> None:
    request.session[ENDS] = now().timestamp() + request.session.get_expiry_age()


@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Let the session of whoever is still there begin its time anew. Nobody signed in: that is told, not sent away."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    request.session.modified = True
    return HttpResponse(status=204)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice of theme or language: for a person in the account, and for this browser in a cookie."""
    response = HttpResponseRedirect(_safe_way_back(request))
    theme, language = request.POST.get("theme"), request.POST.get("language")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=COOKIE_AGE, samesite="Lax", secure=request.is_secure())
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=COOKIE_AGE, samesite="Lax", secure=request.is_secure()
        )
    _remember(request.user, theme, language)
    return response


def theme_of(request: HttpRequest) -> str:
    """The chosen theme, empty for "as the system has it"."""
    user = getattr(request, "user", None)
    chosen = user.preferences.get("theme") if user is not None and user.is_authenticated else None
    theme = request.COOKIES.get(THEME_COOKIE, "") if chosen is None else chosen
    return theme if theme in THEMES else ""


def _remember(user, theme: str | None, language: str | None) -> None:
    if not user.is_authenticated:
        return
    if theme in THEMES:
        user.preferences = {**user.preferences, "theme": theme}
    if language in dict(settings.LANGUAGES):
        user.language = language
    user.save(update_fields=["preferences", "language"])


def _safe_way_back(request: HttpRequest) -> str:
    way = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(
        way, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return way if allowed else "/"
