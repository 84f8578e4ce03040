"""What the wizard's pages show beside their forms: the five steps, the sheet of risks, the measured baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from inspection import permissions, scopes
from inspection.models import Baseline, FailureWatch, Line, LineScope, Membership, User
from inspection.rules.ladder import Gate
from inspection.rules.words import Decider, Level, Role, Stream
from review import counts, figures, plan_sentences, plans, risk_words
from review.figures import Rate
from review.sentences import NBSP

SHOWN = 7


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One step at the head of the wizard. Without an address it cannot be reached yet."""

    n: int
    word: str
    address: str
    is_done: bool
    is_current: bool

    @property
    def shape(self) -> str:
        return "ring-tick" if self.is_done else "half" if self.is_current else "ring-dashed"


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """One failure as the sheet shows it."""

    watch: FailureWatch
    metric: str
    action: str

    @property
    def failure(self) -> str:
        return self.watch.failure_mode.local_failure

    @property
    def code(self) -> str:
        return self.watch.failure_mode.code


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How well somebody judged parts of known truth."""

    judge: str
    missed: Rate
    rejected: Rate
    method: str


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Whether the scope may be signed now, by this person, and if not, every reason why.

    `is_due` when the day has come by which it was to be certified again.
    """

    version: int
    signed_by: str
    signed_at: datetime | None
    is_current: bool
    is_due: bool
    may_sign: bool
    reasons: Sequence[str]


def page_of(line: Line, step: str, done: scopes.Steps) -> dict[str, Any]:
    """Return what every step of a line's wizard shows around its form."""
    return {"line": line, "tabs": tabs(line, step, done)}


def tabs(line: Line | None, current: str, done: scopes.Steps | None) -> list[Tab]:
    return [
        Tab(
            n=n,
            word=str(word),
            address=reverse(risk_words.STEP_PAGES[step], args=[line.slug]) if line else "",
            is_done=done is not None and getattr(done, step),
            is_current=step == current,
        )
        for n, (step, word) in enumerate(risk_words.STEPS.items(), start=1)
    ]


# Gates ----------------------------------------------------------------------------------------------------------


def days_under(
    line: Line, asked: Mapping[Level, Gate], typed: Mapping[Level, Gate] | None, *, now: datetime
) -> list[tuple[Level, str, str]]:
    """Return how long each rung takes at the line's rates: under the limits in force, and under those typed.

    Empty while the line's rates are unknown.
    """
    ours, theirs = (plans.of_line(line, now=now, gates=dict(gates)).normal for gates in (asked, typed or asked))
    if ours is None or theirs is None:
        return []
    rungs = zip(ours.rungs, theirs.rungs, strict=True)
    return [
        (one.level, plan_sentences.days(one.days), plan_sentences.days(other.days))
        for one, other in rungs
        if one.level in asked
    ]


# Signature ------------------------------------------------------------------------------------------------------


def signing(user: User, line: Line, done: scopes.Steps, *, now: datetime) -> Signing:
    last = scopes.last_signature(line)
    may_sign = permissions.may_sign_levels(user, line, now=now)
    today = now.astimezone(ZoneInfo(line.time_zone)).date()
    return Signing(
        version=last.version if last else 0,
        signed_by=last.signed_by.username if last else "",
        signed_at=last.signed_at if last else None,
        is_current=last is not None and last.content_hash == scopes.hash_of(scopes.as_plain(line)),
        is_due=line.recertify_by is not None and line.recertify_by <= today,
        may_sign=may_sign and not done.missing,
        reasons=_reasons(done, may_sign=may_sign),
    )


def _reasons(done: scopes.Steps, *, may_sign: bool) -> list[str]:
    unfinished = [
        _("Step %(step)s is not done.") % {"step": risk_words.STEPS[name]} for name in done.missing if name != "risks"
    ]
    if not done.risks:
        unfinished.append(_("Choose a metric for each amber failure, or accept it by name."))
    if not may_sign:
        unfinished.append(_("A QA lead of this line signs."))
    return unfinished


# Risks ----------------------------------------------------------------------------------------------------------


def sheet(watches: Sequence[FailureWatch]) -> dict[str, Any]:
    """Return the sheet: what nobody watches first, then the rest, of which the page shows some and folds some."""
    rows = [_row(watch) for watch in watches]
    return {
        "rows": rows[:SHOWN],
        "folded": rows[SHOWN:],
        "amber": sum(watch.is_amber for watch in watches),
        "watched": sum(watch.is_watched for watch in watches),
        "total": len(rows),
    }


def past(changes: Sequence[FailureWatch]) -> list[tuple[datetime, str]]:
    """Return the changes of the sheet in words, newest first."""
    return [(change.changed_at, _sentence(change)) for change in changes]


def owners(line: Line) -> list[User]:
    """Return who may answer for a failure: the line's leads and administrators."""
    roles = [Role.QA_LEAD.value, Role.ADMINISTRATOR.value]
    members = Membership.objects.filter(role__in=roles).in_force().on_line(line)
    return list(User.objects.filter(pk__in=members.values("user")).order_by("username"))


def _row(watch: FailureWatch) -> RiskRow:
    return RiskRow(
        watch=watch,
        metric=str(risk_words.METRICS.get(watch.metric, watch.metric)),
        action=str(risk_words.ACTIONS.get(watch.action, watch.action)),
    )


def _sentence(change: FailureWatch) -> str:
    facts = {
        "failure": change.failure_mode.local_failure,
        "metric": risk_words.METRICS.get(change.metric, change.metric),
        "who": change.changed_by.username if change.changed_by else "–",
        "reason": change.reason,
    }
    if change.is_watched:
        return _("%(failure)s: %(metric)s watches (%(who)s: %(reason)s)") % facts
    if change.accepted:
        return _("%(failure)s: accepted unwatched (%(who)s: %(reason)s)") % facts
    return _("%(failure)s: nothing watches (%(who)s: %(reason)s)") % facts


# Baselines ------------------------------------------------------------------------------------------------------


def judged(line: Line) -> list[Judged]:
    """Return the baselines as recorded, newest first, and the older system as the line's own truth has met it."""
    rows = [_as_judged(one) for one in line.baselines.order_by("-measured_on", "-pk")]
    return [*_incumbent(line), *rows]


def _as_judged(one: Baseline) -> Judged:
    return Judged(
        judge=str(risk_words.DECIDERS[Decider(one.judge)]),
        missed=figures.rate(one.missed, one.defects),
        rejected=figures.rate(one.rejected, one.good),
        method=f"{one.method}, {one.measured_on:%Y-%m-%d}",
    )


def _incumbent(line: Line) -> list[Judged]:
    if line.epoch is None:
        return []
    met = counts.sums(line.epoch, Stream.INCUMBENT)
    if not met.s + met.f:
        return []
    return [
        Judged(
            judge=str(risk_words.DECIDERS[Decider.SYSTEM]),
            missed=figures.rate(met.pd, met.pd + met.dd),
            rejected=figures.rate(met.dp, met.pp + met.dp),
            method=_("measured here, against the verdicts of record"),
        )
    ]


# Money ----------------------------------------------------------------------------------------------------------


def worth(scope: LineScope) -> list[tuple[str, str, str]]:
    """Return what the targets mean a day: what, how many parts, how much money."""
    if scope.target_escape_ppm is None or scope.target_overkill_share is None or not scope.parts_per_day:
        return []
    escapes = scope.parts_per_day * scope.target_escape_ppm / 1e6
    overkills = scope.parts_per_day * scope.target_overkill_share
    return [
        (_("Escapes"), _a_day(escapes), _money(escapes, scope.cost_escape, scope.currency)),
        (_("Good parts rejected"), _a_day(overkills), _money(overkills, scope.cost_overkill, scope.currency)),
        (_("Readings"), _a_day(scope.parts_per_day), _money(scope.parts_per_day, scope.cost_reading, scope.currency)),
    ]


def _a_day(parts: float) -> str:
    return _("%(n)s a day") % {"n": f"{parts:,.1f}".removesuffix(".0")}


def _money(parts: float, cost: Any, currency: str) -> str:
    return "–" if cost is None else f"{parts * float(cost):,.0f}{NBSP}{currency}"
