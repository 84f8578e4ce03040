"""More truth for a while: a campaign raises a line's truth draw between two dates that are logged beforehand.

Not until a gate opens, and not after a look. Source: Tollgate's statistics, sections 1.3 (e) and 2.7.
"""

from datetime import datetime

from django.db import transaction

from inspection.models import Campaign, Line, User


class NotBeforehand(Exception):
    """The dates do not lie ahead, in order, or the share draws no more than the line draws anyway."""


class CampaignStands(Exception):
    """A campaign is announced or runs already; it ends first."""


class NoCampaign(Exception):
    """No campaign is announced and none runs."""


@transaction.atomic
def announce(
    line: Line, *, share: float, starts_at: datetime, ends_at: datetime, reason: str, by: User, now: datetime
) -> Campaign:
    """Log that the line's truth draw is `share` between two moments to come. It begins and ends by itself.

    Raises NotBeforehand, CampaignStands.
    """
    line = Line.objects.select_for_update().get(pk=line.pk)
    if line.campaign_stands(now):
        raise CampaignStands(f"A campaign of {line} stands until {line.campaign_ends_at}.")
    if not (now < starts_at < ends_at and line.truth_share < share <= 1):
        raise NotBeforehand(f"{share} from {starts_at} to {ends_at} is no campaign of {line} to come.")
    Line.objects.filter(pk=line.pk).update(campaign_share=share, campaign_starts_at=starts_at, campaign_ends_at=ends_at)
    return Campaign.objects.create(
        line=line,
        share=share,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason[:300],
        announced_by=by,
        announced_at=now,
    )


@transaction.atomic
def end(line: Line, *, reason: str, by: User, now: datetime) -> Campaign:
    """End the campaign early, from the next part on: an entry of its own. Raises NoCampaign."""
    ended = Line.objects.filter(pk=line.pk, campaign_ends_at__gt=now).update(
        campaign_share=None, campaign_starts_at=None, campaign_ends_at=None
    )
    if not ended:
        raise NoCampaign(f"{line} has no campaign that stands.")
    return Campaign.objects.create(line=line, reason=reason[:300], announced_by=by, announced_at=now)


def standing(line: Line, *, now: datetime) -> Campaign | None:
    """Return the announcement of the campaign that is to come or runs, None where none stands."""
    if not line.campaign_stands(now):
        return None
    return line.campaigns.exclude(share=None).select_related("announced_by").order_by("-pk").first()
