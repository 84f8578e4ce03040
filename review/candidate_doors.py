"""The deeds on a candidate's certificate as a door asks for them: who may, and how a refusal is said."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from inspection import permissions
from inspection.models import Rollout, User
from review import band_doors, bands, bank_doors, candidate_bands, candidate_boards, retro, signing
from review.band_models import BandsChange, Certification

REFUSALS: dict[type[Exception], Callable[[Exception], str]] = {
    **dict.fromkeys(band_doors.REFUSALS, lambda refusal: band_doors.REFUSALS[type(refusal)]()),
    candidate_bands.NoCandidate: lambda _refusal: _("No candidate stands beside the serving model now."),
    candidate_bands.NotReady: lambda refusal: _("Not yet: %(needs)s.") % {"needs": _told(refusal)},
    bank_doors.NotAllowed: lambda _refusal: band_doors.REFUSALS[band_doors.NotAllowed](),
    retro.NothingArchived: lambda _refusal: _("No part of the truth draw is ruled on yet."),
}


def certify(rollout: Rollout, *, by: User, now: datetime) -> Certification:
    """Certify the candidate of a rollout. Leads who may sign only."""
    band_doors.check_signs(by, rollout.line, now=now)
    return candidate_bands.certify(rollout, by=by, now=now)


def put_in_force(
    request: HttpRequest, rollout: Rollout, *, by: User, password: str, code: str, now: datetime
) -> BandsChange:
    """Sign the newest certificate of the rollout, whoever signs having said again who they are."""
    band_doors.check_signs(by, rollout.line, now=now)
    signing.confirm(request, password=password, code=code)
    made = rollout.certifications.select_related("bands").order_by("-pk").first()
    if made is None or made.bands is None:
        raise bands.NotCertified(f"{rollout.candidate} has no certificate to sign.")
    return bands.put_in_force(rollout.line, made.bands, by=by, now=now)


def withdraw(rollout: Rollout, *, by: User, reason: str, now: datetime) -> BandsChange:
    """Take the candidate's bands away. Leads and administrators."""
    if not permissions.may_lower(by, rollout.line):
        raise band_doors.NotAllowed
    return bands.withdraw(rollout.line, by=by, reason=reason, version=rollout.candidate, now=now)


def _told(refusal: Exception) -> str:
    """Say each thing that is missing, with how much of it there is."""
    needs: list[candidate_bands.Need] = getattr(refusal, "needs", [])
    return ", ".join(_told_need(need) for need in needs)


def _told_need(need: candidate_bands.Need) -> str:
    word = str(candidate_boards.NEEDS[need.code])
    if need.code in candidate_boards.YES_OR_NO:
        return _("%(word)s: no") % {"word": word}
    return _("%(word)s: %(have)s of %(wanted)s") % {
        "word": word,
        "have": f"{need.have:,}",
        "wanted": f"{need.wanted:,}",
    }
