"""Where people are reached: channels and what did not arrive, for administrators."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import permissions, zones
from inspection.models import Line
from inspection.rules.words import Priority
from monitoring import delivery, notices
from monitoring.models import Channel, Notice

SHOWN_NOTICES = 30


class ChannelForm(forms.Form):
    """A new way to reach people. The address is sealed and never shown again."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[
            (Channel.APPRISE, gettext_lazy("mail, chat or pager (Apprise address)")),
            (Channel.WEBHOOK, gettext_lazy("signed webhook")),
        ],
    )
    address = forms.CharField(label=gettext_lazy("Address"), max_length=500)
    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Signs the body of a webhook, 16 characters or more."),
    )
    line = forms.ModelChoiceField(
        label=gettext_lazy("Line"),
        queryset=Line.objects.filter(is_active=True).order_by("slug"),
        required=False,
        empty_label=gettext_lazy("all lines"),
    )
    least = forms.ChoiceField(
        label=gettext_lazy("From priority"), choices=[(word.value, word.value) for word in Priority], initial="P2"
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of its messages"), choices=settings.LANGUAGES, initial=get_language
    )

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if Channel.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is a channel of this name."))
        return name

    def clean(self) -> dict:
        facts = super().clean() or {}
        if facts.get("kind") == Channel.WEBHOOK and len(facts.get("secret", "")) < 16:
            self.add_error("secret", _("A webhook wants a secret of 16 characters or more."))
        if facts.get("kind") and facts.get("address"):
            try:
                delivery.check_address(facts["kind"], facts["address"])
            except delivery.AddressRefused:
                self.add_error(
                    "address", _("Messages may not be sent there: a known service, or https on port 443 or 8443.")
                )
        return facts


@login_required
@require_GET
def channels(request: HttpRequest) -> HttpResponse:
    """The channels, and the last messages with what became of them."""
    _administers(request)
    return _page(request, ChannelForm())


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Make a channel."""
    _administers(request)
    form = ChannelForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)

    delivery.add(now=now(), **form.cleaned_data)
    messages.success(request, _("The channel is there. Send a test."))
    return redirect("channels")


@login_required
@require_POST
def channel_deed(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Send a test, or switch a channel off or on."""
    _administers(request)
    act = _DEEDS.get(deed)
    if act is None:
        raise PermissionDenied
    messages.success(request, act(request, get_object_or_404(Channel, pk=pk)))
    return redirect("channels")


@login_required
@require_POST
def revive(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a dead message again."""
    _administers(request)
    delivery.revive(get_object_or_404(Notice, pk=pk), now=now())
    messages.success(request, _("It is tried again."))
    return redirect("channels")


def _page(request: HttpRequest, form: ChannelForm, *, status: int = 200) -> HttpResponse:
    context = {
        "channels": Channel.objects.select_related("line").order_by("name"),
        "notices": Notice.objects.select_related("channel__line").order_by("-pk")[:SHOWN_NOTICES],
        "form": form,
        "site_zone": zones.of_site(),
    }
    return render(request, "monitoring/channels.html", context, status=status)


def _test(request: HttpRequest, channel: Channel) -> str:
    notices.test(channel, by=permissions.person(request), now=now())
    return _("A test is on its way.")


def _switch(request: HttpRequest, channel: Channel) -> str:
    channel.is_active = not channel.is_active
    channel.save(update_fields=["is_active"])
    return _("The channel is on.") if channel.is_active else _("The channel is off.")


_DEEDS: dict[str, Callable[[HttpRequest, Channel], str]] = {"test": _test, "switch": _switch}


def _administers(request: HttpRequest) -> None:
    if not permissions.may_administer(request.user):
        raise PermissionDenied
