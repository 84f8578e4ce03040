"""Alarms over their life: values are held against the rules, people acknowledge and shelve, the line is acted on.

What happens is written down in AlarmChange before anybody is told; delivery reads from there and can lose nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from inspection.models import Line, User
from monitoring import alarm_settings, consequences, readings
from monitoring.models import Alarm, AlarmChange
from monitoring.rules import alarms as rules
from monitoring.rules.alarm_rules import BY_CODE, Rule
from monitoring.rules.alarms import Event, Moved, NotPossible, State

LINE_HELD = "line-held"

# By the clock ---------------------------------------------------------------------------------------------------


def evaluate_all(*, now: datetime) -> None:
    """Hold the newest values of the installation and of every running line against the rules."""
    shared = evaluate(None, now=now)
    for line in Line.objects.filter(is_active=True):
        evaluate(line, now=now, shared=shared)


@transaction.atomic
def evaluate(line: Line | None, *, now: datetime, shared: Mapping[str, Alarm] | None = None) -> dict[str, Alarm]:
    """Move the alarms of one line, or of the installation, by the newest values; act where one is raised.

    Return by rule those that are on. `shared` are the installation's, which may explain a line's: read if not given.
    """
    if shared is None:
        shared = {alarm.rule: alarm for alarm in Alarm.objects.filter(line=None, is_on=True)} if line else {}
    standing = alarm_settings.in_force(line)
    values = readings.values(line, standing, now=now)
    alarms = {alarm.rule: alarm for alarm in Alarm.objects.select_for_update(of=("self",)).filter(line=line)}
    for rule in standing:
        value = values.get(rule.code)
        moved = rules.measured(rule.limits, _of(alarms, rule), value, at=now)
        if moved.standing != _of(alarms, rule):
            alarm = alarms.setdefault(rule.code, Alarm(line=line, rule=rule.code))
            alarm.be_as_loud_as(rule)
            _take(alarm, moved, value=value, now=now)
        elif rule.code in alarms and value is not None:
            _keep_value(alarms[rule.code], rule, value)
    _follow_settings(alarms.values(), {rule.code: rule for rule in standing}, now=now)
    on = {rule: alarm for rule, alarm in alarms.items() if alarm.is_on}
    _settle(alarms.values(), {**shared, **on}, now=now)
    return on


# By people ------------------------------------------------------------------------------------------------------


@transaction.atomic
def acknowledge(alarm: Alarm, *, by: User, now: datetime) -> Alarm:
    """Say that somebody has seen it. Raises NotPossible."""
    alarm = _locked(alarm)
    return _by_person(alarm, rules.acknowledge(alarm.standing), by=by, now=now)


@transaction.atomic
def shelve(alarm: Alarm, *, minutes: int, reason: str, by: User, now: datetime, one_shot: bool = False) -> Alarm:
    """Put it aside for a while. Raises NotPossible for too long, or without a reason."""
    if not reason.strip():
        raise NotPossible("A shelf wants a reason.")
    alarm = _locked(alarm)
    until = now + timedelta(minutes=minutes)
    moved = rules.shelve(alarm.standing, until=until, at=now, priority=alarm.priority, one_shot=one_shot)
    alarm.shelf_reason = reason[:300]
    return _by_person(alarm, moved, by=by, now=now, reason=reason)


@transaction.atomic
def unshelve(alarm: Alarm, *, by: User, now: datetime) -> Alarm:
    """Take it back from the shelf. Raises NotPossible."""
    alarm = _locked(alarm)
    return _by_person(alarm, rules.unshelve(alarm.standing), by=by, now=now)


@transaction.atomic
def retire(alarm: Alarm, *, reason: str, by: User, now: datetime) -> Alarm:
    """Take it out of service. Raises NotPossible."""
    alarm = _locked(alarm)
    return _by_person(alarm, rules.retire(alarm.standing), by=by, now=now, reason=reason)


@transaction.atomic
def restore(alarm: Alarm, *, by: User, now: datetime) -> Alarm:
    """Put it back into service. Raises NotPossible."""
    alarm = _locked(alarm)
    return _by_person(alarm, rules.restore(alarm.standing), by=by, now=now)


@transaction.atomic
def judge(alarm: Alarm, *, is_real: bool, cause: str, by: User, now: datetime) -> Alarm:
    """Say whether the last time it came had a cause worth an alarm, and which. The last word on it counts.

    Raises NotPossible for an alarm that never came, or without a cause.
    """
    alarm = _locked(alarm)
    if alarm.raised_at is None or not cause.strip():
        raise NotPossible("An alarm that came is judged, and by its cause.")
    event = Event.FOUND_REAL if is_real else Event.FOUND_FALSE
    _write(alarm, event, value=alarm.worst, by=by, reason=cause, now=now)
    return alarm


# Helpers --------------------------------------------------------------------------------------------------------


def _follow_settings(alarms: Iterable[Alarm], in_force: Mapping[str, Rule], *, now: datetime) -> None:
    """Let alarms be as loud as people set them, and go where their rule was switched off."""
    for alarm in alarms:
        if alarm.rule not in in_force:
            _rest(alarm, now=now)
        elif alarm.be_as_loud_as(in_force[alarm.rule]):
            alarm.save(update_fields=["set_priority"])


def _rest(alarm: Alarm, *, now: datetime) -> None:
    if alarm.state != State.OUT_OF_SERVICE and alarm.standing != rules.Standing():
        event = Event.CLEARED if alarm.is_on else None
        _take(alarm, Moved(rules.Standing(), event), value=alarm.value, now=now)


def _settle(alarms: Iterable[Alarm], causes: Mapping[str, Alarm], *, now: datetime) -> None:
    """Take back what lay on the shelf long enough, and put aside what another alarm explains."""
    for alarm in alarms:
        shelf = rules.expired(alarm.standing, at=now)
        if shelf.event:
            _take(alarm, shelf, value=alarm.value, now=now)
        cause = _cause(alarm, causes)
        moved = rules.suppressed(alarm.standing, by_cause=cause is not None)
        if moved.event:
            alarm.suppressed_by = cause
            _take(alarm, moved, value=alarm.value, now=now)
        elif alarm.state == State.SUPPRESSED and cause is not None and alarm.suppressed_by_id != cause.pk:
            alarm.suppressed_by = cause
            alarm.save(update_fields=["suppressed_by"])


def _cause(alarm: Alarm, causes: Mapping[str, Alarm]) -> Alarm | None:
    """Return the first of the alarms that are on which explains this one, a hold only to what placed it."""
    found = [causes[code] for code in BY_CODE[alarm.rule].under if code in causes]
    if found and alarm.rule == LINE_HELD and alarm.line is not None:
        return found[0] if consequences.explains_holds(alarm.line, causes.keys()) else None
    return found[0] if found else None


def _take(alarm: Alarm, moved: Moved, *, value: float | None, now: datetime) -> None:
    """Write where the alarm stands now and, when something happened, that it did and what it led to."""
    alarm.stand(moved.standing)
    alarm.value = value
    if moved.event == Event.RAISED:
        alarm.raised_at, alarm.worst, alarm.told_at, alarm.handled_by = now, value, None, None
    if moved.event in (Event.RAISED, Event.CLEARED):
        alarm.is_end_untold = moved.event == Event.CLEARED and alarm.told_at is not None
    alarm.save()
    if moved.event is None:
        return
    deed = ""
    if alarm.line is not None and moved.event in (Event.RAISED, Event.CLEARED):
        deed = consequences.of(moved.event, alarm.line, BY_CODE[alarm.rule], value=value, now=now)
    _write(alarm, moved.event, value=value, deed=deed, now=now)


def _by_person(alarm: Alarm, moved: Moved, *, by: User, now: datetime, reason: str = "") -> Alarm:
    alarm.stand(moved.standing)
    alarm.handled_by = by
    alarm.save()
    if moved.event is not None:
        _write(alarm, moved.event, value=alarm.value, by=by, reason=reason, now=now)
    return alarm


def _write(
    alarm: Alarm,
    event: Event,
    *,
    value: float | None,
    now: datetime,
    by: User | None = None,
    reason: str = "",
    deed: str = "",
) -> None:
    AlarmChange.objects.create(
        alarm=alarm,
        event=event.value,
        state=alarm.state,
        value=value,
        by=by,
        reason=reason[:300],
        deed=deed[:200],
        changed_at=now,
    )


def _keep_value(alarm: Alarm, rule: Rule, value: float) -> None:
    """Remember the newest and the worst value of an alarm that is on."""
    if not alarm.is_on or alarm.value == value:
        return
    worse = max if rule.limits.is_above else min
    alarm.value, alarm.worst = value, value if alarm.worst is None else worse(alarm.worst, value)
    alarm.save(update_fields=["value", "worst"])


def _of(alarms: dict[str, Alarm], rule: Rule) -> rules.Standing:
    return alarms[rule.code].standing if rule.code in alarms else rules.Standing()


def _locked(alarm: Alarm) -> Alarm:
    return Alarm.objects.select_for_update(of=("self",)).select_related("line").get(pk=alarm.pk)
