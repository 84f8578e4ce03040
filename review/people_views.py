"""The pages of people: whom an administrator invites, what they may do where, and who is let out and in again."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inspection import people, permissions, zones
from inspection.models import Line, Membership, User
from inspection.rules.words import Role
from review import invitations, leaving, people_boards
from review.log_words import WORDS
from review.permissions import PersonRequest

REASON_MAX = 300


class ReasonForm(forms.Form):
    """Why: it stays in the log."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_MAX)


class RoleForm(ReasonForm):
    """One role on one line, or on every line for those who administer every line."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[("", "…"), *((role.value, WORDS[role]) for role in Role)],
        help_text=gettext_lazy("A QA lead signs a day after the role was given."),
    )
    line = forms.ModelChoiceField(label=gettext_lazy("Line"), queryset=Line.objects.none())

    field_order = ["role", "line", "reason"]

    def __init__(self, *given: Any, giver: User, **named: Any) -> None:
        super().__init__(*given, **named)
        everywhere = permissions.may_administer(giver)
        line: Any = self.fields["line"]
        line.queryset = permissions.lines_for(giver, Role.ADMINISTRATOR).order_by("slug")
        line.required, line.empty_label = not everywhere, str(_("every line")) if everywhere else "…"
        line.label_from_instance = lambda one: one.slug

    def facts(self) -> dict[str, Any]:
        """Return what `people.give_role` keeps."""
        given = self.cleaned_data
        return {"role": Role(given["role"]), "line": given["line"], "reason": given["reason"]}


class InviteForm(RoleForm):
    """Somebody new, with the role they come for."""

    # One word is no name: it is the address of the invitation itself.
    username = forms.RegexField(
        r"^(?!invite$)[-a-zA-Z0-9_]+\Z", label=gettext_lazy("Name to sign in with"), max_length=60
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        required=False,
        help_text=gettext_lazy("The link goes there where this server sends mail. Without one it is shown to you."),
    )
    employee_id = forms.CharField(label=gettext_lazy("Employee ID"), max_length=40, required=False)

    field_order = ["username", "email", "employee_id", "role", "line", "reason"]

    def newcomer(self) -> people.Newcomer:
        given = {name: self.cleaned_data[name] for name in ("username", "email", "employee_id")}
        return people.Newcomer(**given, language=get_language() or "")


@login_required
@require_GET
def people_page(request: PersonRequest) -> HttpResponse:
    """Who works on the lines of this administrator, with which roles."""
    _administers(request)
    return _list(request, InviteForm(giver=request.user))


@login_required
@require_POST
def invite(request: PersonRequest) -> HttpResponse:
    """Make an account with one role and hand its entrance over."""
    _administers(request)
    form = InviteForm(request.POST, giver=request.user)
    if form.is_valid():
        try:
            user, path = people.invite(form.newcomer(), **form.facts(), by=request.user, now=now())
        except people.NameTaken:
            form.add_error("username", _("Somebody has or had an account with this name, address or employee ID."))
        else:
            return _hand_over(request, user, path)
    return _list(request, form, status=422)


@login_required
@require_GET
def person_page(request: PersonRequest, username: str) -> HttpResponse:
    """One person: roles, and the state of the account."""
    person = _seen(request, username)
    return _shown(request, person, RoleForm(giver=request.user))


@login_required
@require_POST
def give_role(request: PersonRequest, username: str) -> HttpResponse:
    """Give a role on a line that this administrator keeps."""
    person = _seen(request, username)
    form = RoleForm(request.POST, giver=request.user)
    if form.is_valid():
        try:
            people.give_role(person, **form.facts(), by=request.user, now=now())
        except people.RoleHeld:
            form.add_error("role", _("This person has the role there already."))
        except people.OwnAccount as own:
            raise PermissionDenied(_("Nobody gives a role to themselves.")) from own
        else:
            messages.success(request, _("Given."))
            return redirect("person", username)
    return _shown(request, person, form, status=422)


@login_required
@require_POST
def take_role(request: PersonRequest, username: str, pk: int) -> HttpResponse:
    """Take a role away, on a line that this administrator keeps."""
    person = _seen(request, username)
    role = get_object_or_404(Membership.objects.select_related("line", "user"), pk=pk, user=person, revoked_at=None)
    if person == request.user or not permissions.may_administer(request.user, role.line):
        raise PermissionDenied(_("Another administrator of every line takes this role away."))
    people.take_role(role, reason=_reason(request), by=request.user, now=now())
    messages.success(request, _("Taken away. It may be given anew."))
    # Whoever lost their last role on these lines is not seen by this administrator any more.
    is_seen = permissions.people_for(request.user).filter(pk=person.pk).exists()
    return redirect("person", username) if is_seen else redirect("people")


@login_required
@require_POST
def account_deed(request: PersonRequest, username: str, deed: str) -> HttpResponse:
    """Close an account, open it, give it a new link, remove its second factor, or lift the lock of its sign-in."""
    person = _seen(request, username)
    if deed not in _DEEDS:
        raise Http404
    if not permissions.may_keep(request.user, person):
        raise PermissionDenied(_("Another administrator of every line keeps this account."))
    return _DEEDS[deed](request, person)


def _disable(request: PersonRequest, person: User) -> HttpResponse:
    # One click, also for whoever has no hand free: the reason may be left out.
    reason = request.POST.get("reason", "").strip()[:REASON_MAX]
    leaving.disable(person, reason=reason, by=request.user, now=now())
    messages.success(request, _("Disabled: every session of this account has ended, and its tokens are withdrawn."))
    return redirect("person", person.username)


def _enable(request: PersonRequest, person: User) -> HttpResponse:
    try:
        path = people.enable(person, reason=_reason(request), by=request.user, now=now())
    except people.IsOpen as is_open:
        raise Http404 from is_open
    return _hand_over(request, person, path)


def _link(request: PersonRequest, person: User) -> HttpResponse:
    if not person.is_active:
        raise Http404
    path = people.give_link(person, reason=_reason(request), by=request.user, now=now())
    return _hand_over(request, person, path)


def _factor(request: PersonRequest, person: User) -> HttpResponse:
    people.remove_second_factor(person, reason=_reason(request), by=request.user, now=now())
    messages.success(request, _("Removed. A lead or administrator sets up another one before anything else."))
    return redirect("person", person.username)


def _unlock(request: PersonRequest, person: User) -> HttpResponse:
    people.unlock(person, reason=_reason(request), by=request.user, now=now())
    messages.success(request, _("Unlocked. The password is the one from before."))
    return redirect("person", person.username)


_DEEDS: dict[str, Callable[[PersonRequest, User], HttpResponse]] = {
    "disable": _disable,
    "enable": _enable,
    "link": _link,
    "factor": _factor,
    "unlock": _unlock,
}


def _administers(request: PersonRequest) -> None:
    if Role.ADMINISTRATOR not in permissions.roles_of(request.user):
        raise PermissionDenied(_("Only administrators keep people and their roles."))


def _seen(request: PersonRequest, username: str) -> User:
    _administers(request)
    return get_object_or_404(permissions.people_for(request.user), username=username)


def _reason(request: PersonRequest) -> str:
    """Return the reason given. Raises PermissionDenied without one: the pages never send that."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise PermissionDenied(_("This wants a reason."))
    return form.cleaned_data["reason"]


def _hand_over(request: PersonRequest, user: User, path: str) -> HttpResponse:
    """Mail the entrance, or show it: by this answer alone, nothing keeps it."""
    if invitations.send(user, path):
        messages.success(request, _("The link is on its way to %(email)s.") % {"email": user.email})
        return redirect("person", user.username)
    return render(request, "review/entrance.html", {"person": user, "link": request.build_absolute_uri(path)})


def _list(request: PersonRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    context = {
        "rows": people_boards.rows(request.user, permissions.people_for(request.user)),
        "form": form,
        "zone": zones.of_site(),
    }
    return render(request, "review/people.html", context, status=status)


def _shown(request: PersonRequest, person: User, form: RoleForm, *, status: int = 200) -> HttpResponse:
    [row] = people_boards.rows(request.user, User.objects.filter(pk=person.pk))
    is_kept = permissions.may_keep(request.user, person)
    context = {
        "row": row,
        "form": form,
        "is_own": person == request.user,
        "is_kept": is_kept,
        "is_locked": is_kept and people.is_locked(person, now=now()),
        "done": people_boards.done_to(person) if is_kept else [],
        "zone": zones.of_site(),
    }
    return render(request, "review/person.html", context, status=status)
