"""The scope of a line, from its first name to a signature: step by step, and kept as it was signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from inspection import epochs, line_settings, risks, salts
from inspection.models import (
    Baseline,
    DefectClass,
    GateLimits,
    Item,
    LimitSample,
    Line,
    LineScope,
    PlannedChange,
    Product,
    ScopeSignature,
    User,
)
from inspection.rules.words import ChangeKind, Decider, Limit, RiskClass

DESCRIBED = ("definition", "parts_per_day", "defect_rate_low", "defect_rate_high", "pace", "recertify_by")
TARGETS = (
    "target_escape_ppm",
    "target_overkill_share",
    "currency",
    "cost_escape",
    "cost_overkill",
    "cost_reading",
    "lot_release",
)
ON_THE_LINE = tuple(name for name in TARGETS if name != "currency")
PLACE = ("name", "name_ko", "takt_s", "time_zone")
LIMIT_WORDS = ("still_good", "already_bad", "kept_as")


class ScopeIncomplete(Exception):
    """Steps that are not done, or failures that nothing watches and nobody answers for. `missing` names them."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(f"Not ready to be signed: {', '.join(missing)}.")
        self.missing = missing


@dataclass(frozen=True)
class Steps:
    """Which steps of the wizard are done."""

    scope: bool
    classes: bool
    targets: bool
    today: bool
    risks: bool

    @property
    def missing(self) -> list[str]:
        return [name for name, done in vars(self).items() if not done]


# Steps ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def found(*, slug: str, sku: str, facts: Mapping[str, Any], by: User, now: datetime) -> Line:
    """Make a line at `human` with its sheet of risks. It collects nothing before its scope is signed."""
    product, _ = Product.objects.get_or_create(sku=sku, defaults={"name": sku})
    place = {name: facts[name] for name in PLACE}
    line = Line.objects.create(slug=slug, product=product, created_at=now, **place)
    salts.rotate(line, now=now)
    epochs.enter(line, None, cause="the line was founded", now=now)
    _keep(line, {name: facts[name] for name in DESCRIBED}, by=by, now=now)
    risks.preload(line, by=by, now=now)
    return line


@transaction.atomic
def describe(line: Line, *, facts: Mapping[str, Any], by: User, now: datetime) -> None:
    """Keep the first step: what the line makes, how much of it, and how fast that changes."""
    Line.objects.filter(pk=line.pk).update(**{name: facts[name] for name in PLACE})
    _keep(line, {name: facts[name] for name in DESCRIBED}, by=by, now=now)


@transaction.atomic
def keep_class(line: Line, *, code: str, facts: Mapping[str, Any], by: User, now: datetime) -> DefectClass:
    """Add a class or change it, with its limit samples. A changed list on a running line is another epoch."""
    kept, _ = DefectClass.objects.update_or_create(
        line=line,
        code=code,
        defaults={
            "name": facts["name"],
            "name_ko": facts["name_ko"],
            "risk_class": RiskClass(facts["risk_class"]).value,
            "key": facts["key"],
            "retired_at": None,
        },
    )
    _approve_limits(kept, {name: facts[name] for name in LIMIT_WORDS}, by=by, now=now)
    epochs.follow(line, cause=f"class {code} changed by {by}", now=now)
    return kept


def picture_limit(kept: DefectClass, *, side: Limit, image: Item | None, by: User, now: datetime) -> LimitSample:
    """Approve the picture of one side of a class's limit samples, or that it has none. Words and other side stay."""
    return _approve_limits(kept, {f"{side}_image": image}, by=by, now=now)


@transaction.atomic
def retire_class(kept: DefectClass, *, by: User, now: datetime) -> None:
    """Take a class out of use. Decisions keep referring to it."""
    DefectClass.objects.filter(pk=kept.pk, retired_at=None).update(retired_at=now)
    epochs.follow(kept.line, cause=f"class {kept.code} retired by {by}", now=now)


def aim(line: Line, *, facts: Mapping[str, Any], by: User, now: datetime) -> None:
    """Keep the targets. They bind the line once the scope is signed."""
    _keep(line, {name: facts[name] for name in TARGETS}, by=by, now=now)


def say_who_decides(line: Line, *, decider: Decider, system_name: str, by: User, now: datetime) -> None:
    """Keep who decides about parts today."""
    _keep(line, {"decides_today": decider.value, "system_name": system_name}, by=by, now=now)


def measure(line: Line, *, facts: Mapping[str, Any], by: User, now: datetime) -> Baseline:
    """Keep how well parts are judged today, as counted."""
    return Baseline.objects.create(line=line, recorded_by=by, recorded_at=now, **facts)


def plan_change(line: Line, *, kind: ChangeKind, due_on: date, what: str, by: User, now: datetime) -> PlannedChange:
    """Note a change that is known beforehand."""
    return PlannedChange.objects.create(
        line=line, kind=kind.value, due_on=due_on, what=what, planned_by=by, planned_at=now
    )


def withdraw_change(change: PlannedChange, *, by: User, now: datetime) -> None:
    """Say that a planned change does not come. Its row stays."""
    PlannedChange.objects.filter(pk=change.pk, withdrawn_at=None).update(withdrawn_by=by, withdrawn_at=now)


# Signature ------------------------------------------------------------------------------------------------------


@transaction.atomic
def sign(line: Line, *, by: User, now: datetime) -> ScopeSignature:
    """Sign the scope as it stands: its targets bind the line, and images may come. Raises ScopeIncomplete."""
    locked = Line.objects.select_for_update().get(pk=line.pk)
    missing = steps(locked).missing
    if missing:
        raise ScopeIncomplete(missing)
    last = locked.scope_signatures.aggregate(last=Max("version"))["last"] or 0
    content = as_plain(locked)
    signature = ScopeSignature.objects.create(
        line=locked, version=last + 1, content=content, content_hash=hash_of(content), signed_by=by, signed_at=now
    )
    bound = {name: getattr(locked.scope, name) for name in (*ON_THE_LINE, "recertify_by")}
    reason = f"scope v{signature.version}"
    line_settings.put(locked, bound, by=by, reason=reason, now=now, signature=signature)
    Line.objects.filter(pk=line.pk, scope_signed_at=None).update(scope_signed_at=now)
    line.refresh_from_db()
    return signature


def last_signature(line: Line) -> ScopeSignature | None:
    return line.scope_signatures.select_related("signed_by").order_by("-version").first()


def steps(line: Line) -> Steps:
    """Say which steps are done."""
    scope = scope_of(line)
    return Steps(
        scope=bool(scope.definition and scope.parts_per_day and scope.defect_rate_high and scope.pace),
        classes=_classes_are_limited(line),
        targets=scope.target_escape_ppm is not None and scope.target_overkill_share is not None,
        today=bool(scope.decides_today),
        risks=_risks_are_answered(line),
    )


def scope_of(line: Line) -> LineScope:
    """Return what is being agreed about the line; an unsaved blank where nobody has begun."""
    found_scope = LineScope.objects.filter(line=line).first()
    return found_scope or LineScope(line=line, updated_at=line.created_at)


def classes_of(line: Line) -> list[tuple[DefectClass, LimitSample | None]]:
    """Return the classes in use with the limit samples that stand, in the order of their keys."""
    kept = list(line.defect_classes.filter(retired_at=None).order_by("key"))
    newest = LimitSample.objects.filter(defect_class=OuterRef("defect_class")).order_by("-version").values("version")
    samples = LimitSample.objects.filter(defect_class__in=kept, version=Subquery(newest[:1]))
    samples = samples.select_related("still_good_image", "already_bad_image")
    by_class = {sample.defect_class_id: sample for sample in samples}
    return [(one, by_class.get(one.pk)) for one in kept]


def changes_of(line: Line) -> list[PlannedChange]:
    return list(line.planned_changes.filter(withdrawn_at=None).order_by("due_on", "pk"))


def as_plain(line: Line) -> dict[str, Any]:
    """Return everything that a signature binds: gate limits too, where people chose any."""
    scope = scope_of(line)
    limits = {one.to_level: one.limits for one in GateLimits.objects.in_force(line)}
    return {
        "line": line.slug,
        "product": line.product.sku,
        "takt_s": line.takt_s,
        "time_zone": line.time_zone,
        **{name: _plain(getattr(scope, name)) for name in (*DESCRIBED, *TARGETS, "decides_today", "system_name")},
        "classes": [_class_plain(kept, sample) for kept, sample in classes_of(line)],
        "baselines": [_baseline_plain(one) for one in line.baselines.order_by("pk")],
        "planned_changes": [[one.kind, one.due_on.isoformat(), one.what] for one in changes_of(line)],
        "risks": risks.as_plain(risks.standing(line)),
        **({"gate_limits": limits} if limits else {}),
    }


def hash_of(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------------------


def _keep(line: Line, facts: Mapping[str, Any], *, by: User, now: datetime) -> None:
    stamped = {**facts, "updated_by": by, "updated_at": now}
    LineScope.objects.update_or_create(line=line, defaults=stamped)


def _approve_limits(kept: DefectClass, changed: Mapping[str, Any], *, by: User, now: datetime) -> LimitSample:
    """Write the next version of a class's limit samples; where nothing changes, the last one stands."""
    last = kept.limit_samples.order_by("-version").first()
    if last is not None and all(getattr(last, name) == value for name, value in changed.items()):
        return last
    names = (*LIMIT_WORDS, *(f"{side}_image" for side in Limit))
    standing = {name: getattr(last, name) for name in names} if last else {}
    version = last.version + 1 if last else 1
    return LimitSample.objects.create(
        defect_class=kept, version=version, approved_by=by, approved_at=now, **{**standing, **changed}
    )


def _classes_are_limited(line: Line) -> bool:
    kept = classes_of(line)
    return bool(kept) and all(sample is not None for _, sample in kept)


def _risks_are_answered(line: Line) -> bool:
    sheet = risks.standing(line)
    return bool(sheet) and not any(watch.is_amber for watch in sheet)


def _class_plain(kept: DefectClass, sample: LimitSample | None) -> dict[str, Any]:
    limits = [getattr(sample, name) for name in LIMIT_WORDS] if sample else None
    images = {side: getattr(sample, f"{side}_image") for side in Limit} if sample else {}
    pictures = {side.value: image.sha256 for side, image in images.items() if image}
    plain = {"code": kept.code, "risk_class": kept.risk_class, "limits": limits}
    # Named only where there are some: a scope without pictures keeps the content, and so the hash, under which it was
    # signed before there could be any. A picture is bound by its bytes, not by the row that holds it.
    return {**plain, "pictures": pictures} if pictures else plain


def _baseline_plain(one: Baseline) -> list[Any]:
    return [one.judge, one.defects, one.missed, one.good, one.rejected, one.method, one.measured_on.isoformat()]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)
