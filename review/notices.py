"""Mail to people whose deed is asked for."""

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from inspection.models import LevelProposal, Membership, User
from inspection.rules.words import Level, Role
from review import sentences


def tell_signatories(proposal: LevelProposal) -> int:
    """Write to every QA lead of the line, each in their language. Return how many were written to."""
    leads = _leads_of(proposal)
    for lead in leads:
        with translation.override(lead.language or settings.LANGUAGE_CODE):
            _write(proposal, lead)
    return len(leads)


def _leads_of(proposal: LevelProposal) -> list[User]:
    leads = Membership.objects.filter(role=Role.QA_LEAD.value).in_force().on_line(proposal.line)
    people = User.objects.filter(pk__in=leads.values("user")).exclude(email="")
    return list(people.order_by("pk"))


def _write(proposal: LevelProposal, lead: User) -> None:
    facts = {
        "line": proposal.line.local_name,
        "level": sentences.level_name(Level(proposal.to_level)),
        "hash": proposal.evidence_hash[:8],
        "address": settings.PUBLIC_URL + reverse("automation", args=[proposal.line.slug]),
    }
    send_mail(
        _("%(line)s: a step up to %(level)s waits for two signatures") % facts,
        _(
            "The gate of %(line)s to %(level)s is open. The evidence is frozen as %(hash)s for 24 hours. "
            "Two QA leads sign it, each with their own password:\n%(address)s"
        )
        % facts,
        None,
        [lead.email],
    )
