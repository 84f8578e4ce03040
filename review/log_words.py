"""The audit log's codes in the reader's words. Files keep the codes: they are read by machines."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inspection.models import Hold
from inspection.rules.gates import HARM
from inspection.rules.words import Label, Level, PersonDeed, ProposalStatus, Role
from review.audit_log import Entry
from review.containment_doors import FOUND_WORDS
from review.origin_words import ORIGINS
from review.reason_words import reason_word

WORDS: dict[str, Promise] = {
    Level.HUMAN: _("human"),
    Level.SHADOW: _("shadow"),
    Level.ASSIST: _("assist"),
    Level.PARTIAL: _("partial"),
    Level.FULL: _("full"),
    Label.PASS: _("pass"),
    Label.DEFECT: _("defect"),
    Label.CANNOT_JUDGE: _("cannot judge"),
    Role.INSPECTOR: _("inspector"),
    Role.QA_LEAD: _("QA lead"),
    Role.ADMINISTRATOR: _("administrator"),
    PersonDeed.INVITED: _("invited"),
    PersonDeed.LINK_GIVEN: _("new link given"),
    PersonDeed.FACTOR_REMOVED: _("second factor removed"),
    PersonDeed.DISABLED: _("disabled"),
    PersonDeed.ENABLED: _("enabled again"),
    PersonDeed.UNLOCKED: _("sign-in unlocked"),
    ProposalStatus.OPEN: _("open"),
    ProposalStatus.APPROVED: _("approved"),
    ProposalStatus.REJECTED: _("rejected"),
    ProposalStatus.VOID: _("void"),
    HARM: _("assistance bias"),
    **ORIGINS,
    Hold.STOP: _("STOP"),
    Hold.ALARM: _("alarm"),
    Hold.CAMERA: _("camera"),
    Hold.CHALLENGE: _("challenge part"),
}


def in_words(entry: Entry, classes: Mapping[str, str]) -> Entry:
    """Return an entry as a person reads it: known codes as words, classes by their names, the rest as it is."""
    known = {**{str(code): str(word) for code, word in WORDS.items()}, **_found(), **classes}
    thing, change = _told(entry.thing, known), _told(entry.change, known)
    role = ", ".join(known.get(part, part) for part in entry.role.split())
    reason = reason_word(entry.reason, classes)
    return replace(entry, thing=thing, change=change, role=role, reason=reason)


def _found() -> dict[str, str]:
    return {str(code): str(word) for code, word in FOUND_WORDS.items()}


def _told(text: str, known: Mapping[str, str]) -> str:
    return " ".join(known.get(part, part) for part in text.split(" "))
