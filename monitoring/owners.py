"""Who answers for an alarm, and which failures its metric watches: as the line's sheet says it."""

from collections.abc import Iterable

from inspection import risks
from inspection.models import FailureMode, Line, Membership, User
from inspection.rules.words import Role
from monitoring.models import Alarm
from monitoring.rules.alarm_rules import BY_CODE


def of(alarm: Alarm) -> list[User]:
    """Return who answers for an alarm."""
    return of_all([alarm])[alarm.pk]


def of_all(alarms: Iterable[Alarm]) -> dict[int, list[User]]:
    """Return who answers for each of some alarms, by the alarm's id.

    The person whom the sheet names for what its metric watches; where it names nobody, the leads of the line, who set
    its alarms and lift its holds. For machines, the administrators.
    """
    alarms = list(alarms)
    lines = {alarm.line_id: alarm.line for alarm in alarms if alarm.line is not None}
    named: dict[tuple[int | None, str], list[User]] = {
        (watch.failure_mode.line_id, watch.metric): [watch.owner]
        for watch in reversed(risks.standing_on(list(lines.values())))
        if watch.metric and watch.owner
    }
    roles = list(Membership.objects.in_force().select_related("user").order_by("user__username"))
    return {
        alarm.pk: named.get((alarm.line_id, BY_CODE[alarm.rule].metric)) or _in_charge(alarm.line_id, roles)
        for alarm in alarms
    }


def _in_charge(line: int | None, roles: Iterable[Membership]) -> list[User]:
    role = Role.ADMINISTRATOR if line is None else Role.QA_LEAD
    held = (one.user for one in roles if one.role == role and one.line_id in (line, None))
    return list(dict.fromkeys(held))


def named(people: Iterable[User]) -> str:
    """Return people as a page or a message names them."""
    return ", ".join(map(str, people))


def failures(line: Line) -> dict[str, list[FailureMode]]:
    """Return which failures of the line's sheet each metric watches."""
    found: dict[str, list[FailureMode]] = {}
    for watch in risks.standing(line):
        if watch.metric:
            found.setdefault(watch.metric, []).append(watch.failure_mode)
    return found
