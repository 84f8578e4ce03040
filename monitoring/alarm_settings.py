"""How the rules of alarms are set, on one line or on all: rows with a history over a catalogue that ships."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from inspection.models import Line, User
from inspection.rules.words import Priority
from monitoring import replays
from monitoring.models import AlarmThreshold
from monitoring.rules import alarm_settings as rules
from monitoring.rules.alarm_rules import BY_CODE, CATALOGUE, Rule
from monitoring.rules.alarm_settings import Setting
from review import audit_log

SIGN = {True: ">", False: "<"}
OF_LINES = [rule.code for rule in CATALOGUE if rule.of_line]


def in_force(line: Line | None) -> list[Rule]:
    """Return the rules that are on for a line, or for the machines, each as it is set."""
    rows = _kept(line)
    mine = [rule for rule in CATALOGUE if rule.of_line == (line is not None)]
    set_so = (rule if rule.code not in rows else _set(rule, rows[rule.code]) for rule in mine)
    return [rule for rule in set_so if rule is not None and (rule.is_shipped or rule.code in rows)]


def standing(line: Line | None) -> dict[str, AlarmThreshold]:
    """Return by rule the row that stands for a line: its own, else that of all lines; none where it is as shipped."""
    return {code: rows[-1] for code, rows in _kept(line).items()}


def setting_of(rule: Rule, row: AlarmThreshold | None) -> Setting:
    """Return how a rule is set by a row, as shipped without one."""
    if row is None:
        return rules.shipped(rule)
    return Setting(
        raise_at=row.raise_at,
        clear_at=row.clear_at,
        on_delay_s=rule.limits.on_delay_s if row.on_delay_s is None else row.on_delay_s,
        priority=Priority(row.priority) if row.priority else rule.priority,
        is_on=row.is_on,
    )


@transaction.atomic
def put(
    line: Line | None, code: str, setting: Setting, *, reason: str, review_on: date, by: User, now: datetime
) -> AlarmThreshold:
    """Set a rule on a line, or on all without one, from now on. Raises NotAllowed."""
    rule = BY_CODE[code]
    rules.check(rule, setting)
    was, after = setting_of(rule, standing(line).get(code)), rules.applied(rule, setting)
    # One that is added has no limits of before.
    before = rules.applied(rule, was) if was.is_on else after
    return _write(
        line,
        rule,
        setting,
        reason=reason,
        review_on=review_on,
        replay=replays.of(line, rule, before.limits, after.limits, now=now) if line else {},
        changed_by=by,
        changed_at=now,
    )


@transaction.atomic
def restore(line: Line | None, code: str, *, reason: str, by: User, now: datetime) -> AlarmThreshold:
    """Set a rule as shipped; on a line, as all lines have it."""
    rule = BY_CODE[code]
    return _write(
        line, rule, rules.shipped(rule), is_shipped=True, reason=reason, replay={}, changed_by=by, changed_at=now
    )


def _kept(line: Line | None) -> dict[str, list[AlarmThreshold]]:
    """Return by rule the rows of the place that stands for a line, the one that stands last."""
    kept: dict[int | None, dict[str, list[AlarmThreshold]]] = {}
    for row in AlarmThreshold.objects.filter(Q(line=line) | Q(line=None)).order_by("n"):
        kept.setdefault(row.line_id, {}).setdefault(row.rule, []).append(row)
    found: dict[str, list[AlarmThreshold]] = {}
    for place in dict.fromkeys((None, line.pk if line else None)):
        found |= {code: rows for code, rows in kept.get(place, {}).items() if not rows[-1].is_shipped}
    return found


def _set(rule: Rule, rows: Sequence[AlarmThreshold]) -> Rule | None:
    if not rows[-1].is_on:
        return None
    return replace(rules.applied(rule, setting_of(rule, rows[-1])), since=_on_since(rule, rows))


def _on_since(rule: Rule, rows: Sequence[AlarmThreshold]) -> datetime | None:
    """Return when a rule was last added or switched on, None for one that was always on."""
    since, was_on = None, rule.is_shipped
    for row in rows:
        is_on = rule.is_shipped if row.is_shipped else row.is_on
        if is_on and not was_on:
            since = row.changed_at
        was_on = is_on
    return since


def _of_line(line: Line) -> QuerySet[AlarmThreshold]:
    return AlarmThreshold.objects.filter(Q(line=line) | Q(line=None, rule__in=OF_LINES))


def _told(row: AlarmThreshold) -> dict[str, str]:
    """Say in the log of a line how a rule was set."""
    rule = BY_CODE[row.rule]
    if row.is_shipped or not row.is_on:
        change = "→ as shipped" if row.is_shipped else "→ off"
    else:
        setting = setting_of(rule, row)
        sign = SIGN[rule.limits.is_above]
        change = f"→ {sign} {setting.raise_at:g}, {setting.on_delay_s:g} s, {setting.priority.value}"
    return {"thing": row.rule if row.line_id else f"{row.rule} *", "change": change, "reason": row.reason}


def _write(line: Line | None, rule: Rule, setting: Setting, *, reason: str, **facts: object) -> AlarmThreshold:
    if line is not None:
        Line.objects.select_for_update().values_list("pk").get(pk=line.pk)
    last = AlarmThreshold.objects.filter(line=line, rule=rule.code).order_by("-n").first()
    return AlarmThreshold.objects.create(
        line=line,
        rule=rule.code,
        n=last.n + 1 if last else 1,
        raise_at=setting.raise_at,
        clear_at=setting.clear_at,
        on_delay_s=setting.on_delay_s,
        priority=setting.priority.value,
        is_on=setting.is_on,
        reason=reason[:300],
        **facts,
    )


# The log of a line tells them beside the deeds of its own storey.
audit_log.also("alarm_rule", audit_log.Source(_of_line, "changed_at", "changed_by", _told))
