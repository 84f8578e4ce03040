"""Who did what on a line, newest first: one list over the rows that keep its history. Nothing here is ever edited."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db.models import Exists, Min, OuterRef, QuerySet

from inspection.models import (
    Campaign,
    Changeover,
    DeploymentChange,
    Freeze,
    GateLimits,
    GoldenReference,
    Hold,
    LevelChange,
    LevelProposal,
    Line,
    Lot,
    Membership,
    OfflineAllowance,
    Receipt,
    ScopeSignature,
    StationChange,
    Waiver,
)
from inspection.rules.words import ReceiptKind
from review.audit_sources import MORE, SEALED, Source
from review.models import (
    Adjudication,
    AuditFinding,
    BandsChange,
    ContainedRun,
    Containment,
    Decision,
    DecisionFate,
    Export,
    RetrainingRule,
    Training,
)
from review.rules.auditing import Kind
from review.style_models import AssistStyleChange

PAGE = 100
SORTED = "sorted after an escape"
FOUNDING = "made at set-up: counts at once"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One deed. `who` is empty where the product did it by itself; `change` reads before → after.

    `role` names the roles that the person had then. `sealed` is what its receipt speaks of, None for deeds that have
    none; `receipt` is its number once it is sealed.
    """

    at: datetime
    action: str
    who: str
    role: str = ""
    thing: str = ""
    change: str = ""
    reason: str = ""
    sealed: tuple[ReceiptKind, str] | None = None
    receipt: int | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the log is asked for: one action or all, one person or all, and up to a moment (exclusive).

    `with_sealed` where whoever asks may know what is mixed into people's work.
    """

    action: str = ""
    who: str = ""
    before: datetime | None = None
    with_sealed: bool = False


@dataclass(frozen=True)
class Page:
    """Entries newest first, and the moment before which the next page begins (None on the last)."""

    entries: list[Entry]
    older: datetime | None


def page(line: Line, asked: Asked) -> Page:
    """Return about a hundred entries asked for: one query a table, however long the history.

    Entries of one moment are not parted, so that the next page misses none.
    """
    found = chain.from_iterable(_read(line, action, asked) for action in _actions(asked))
    newest = nlargest(PAGE + 1, found, key=attrgetter("at"))
    if len(newest) <= PAGE:
        return Page(_in_full(line, newest), None)
    whole = [entry for entry in newest if entry.at > newest[-1].at] or newest[:PAGE]
    return Page(_in_full(line, whole), whole[-1].at)


def entries(line: Line, asked: Asked) -> Iterator[Entry]:
    """Yield all entries asked for, a page at a time."""
    found = page(line, asked)
    yield from found.entries
    while found.older is not None:
        found = page(line, replace(asked, before=found.older))
        yield from found.entries


def also(action: str, source: Source) -> None:
    """Tell the deeds of a higher storey in the same list."""
    _SOURCES[action] = source


def _actions(asked: Asked) -> list[str]:
    told = [action for action in ACTIONS if asked.with_sealed or action not in SEALED]
    return [action for action in told if asked.action in ("", action)]


def _read(line: Line, action: str, asked: Asked) -> Iterable[Entry]:
    source = _SOURCES[action]
    rows = source.rows(line).filter(**{f"{source.at}__isnull": False})
    if source.who:
        rows = rows.select_related(source.who)
    if asked.before is not None:
        rows = rows.filter(**{f"{source.at}__lt": asked.before})
    if asked.who:
        rows = rows.filter(**{f"{source.who}__username": asked.who}) if source.who else rows.none()
    for row in rows.order_by(f"-{source.at}", "-pk")[: PAGE + 1]:
        yield Entry(
            at=_reach(row, source.at),
            action=action,
            who=str(_reach(row, source.who) or "") if source.who else "",
            sealed=_sealed(source, row),
            **source.told(row),
        )


def _in_full(line: Line, told: list[Entry]) -> list[Entry]:
    """Return the entries with the roles of the people then and the numbers of their receipts. Two queries."""
    sealed = [entry.sealed for entry in told if entry.sealed]
    kinds, subjects = {kind.value for kind, _ in sealed}, {subject for _, subject in sealed}
    found = Receipt.objects.filter(line=line, kind__in=kinds, subject__in=subjects)
    numbers = {(kind, subject): n for kind, subject, n in found.values_list("kind", "subject", "n")}
    held = list(Membership.objects.on_line(line).select_related("user").order_by("-role"))
    return [
        replace(entry, role=_roles(held, entry), receipt=numbers.get(entry.sealed) if entry.sealed else None)
        for entry in told
    ]


def _roles(held: Iterable[Membership], entry: Entry) -> str:
    """Name what the person was on the line at that moment; a founder's role holds from the line's first day."""
    then = (
        one.role
        for one in held
        if one.user.username == entry.who
        and (one.is_founding or one.granted_at <= entry.at)
        and (one.revoked_at is None or entry.at < one.revoked_at)
    )
    return " ".join(dict.fromkeys(then))


def _sealed(source: Source, row: Any) -> tuple[ReceiptKind, str] | None:
    subject = _reach(row, source.subject)
    return (source.sealed, str(subject)) if source.sealed and subject is not None else None


def _reach(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _closed(rows: QuerySet[Any], item: str) -> QuerySet[Any]:
    """Leave out what was said of images that still wait for a ruling: who gives it must not read it here first."""
    return rows.filter(~Exists(Adjudication.objects.filter(item=OuterRef(item), ruled_at=None)))


def _on(line: Line) -> QuerySet[Any]:
    """Return a correction's own decision if it is of the line: asked so, the few corrections are gone through first."""
    return Decision.objects.filter(pk=OuterRef("decision"), task__line=line)


def _escape_of_lot() -> QuerySet[Any]:
    return AuditFinding.objects.filter(run__part__lot=OuterRef("pk"), kind=Kind.AUTO_PASS.value, is_bad=True)


# How each deed is told ------------------------------------------------------------------------------------------


def _proposal(row: LevelProposal) -> dict[str, str]:
    change = f"{row.from_level} → {row.to_level}"
    return {"thing": f"#{row.pk} {row.status}", "change": change, "reason": row.reason or row.status_reason}


def _waiver(row: Waiver) -> dict[str, str]:
    return {"thing": row.subject, "change": f"→ {row.to_level}", "reason": row.reason}


def _gate_limits(row: GateLimits) -> dict[str, str]:
    rates = ", ".join(f"{target['stream']} > {target['p0']:g}" for target in row.limits.get("targets", ()))
    route = f"{row.limits.get('route', '')}{' (closed list)' if row.limits.get('closed_list') else ''}"
    return {"thing": f"→ {row.to_level} v{row.version}", "change": "; ".join(filter(None, (rates, route)))}


def _ruling(row: Adjudication) -> dict[str, str]:
    said = f"{row.first.label} {row.first.defect_class}".strip()
    now = f"{row.label} {row.defect_class}".strip()
    return {"thing": row.run.part.serial, "change": f"{said} → {now}", "reason": row.reason}


def _golden(row: GoldenReference) -> dict[str, str]:
    chosen = row.source.run.part.serial if row.source else row.sha256[:12]
    return {"thing": f"{row.product} {row.view}", "change": f"→ rev {row.revision}", "reason": chosen}


def _correction(row: DecisionFate) -> dict[str, str]:
    call = row.decision
    now = f"{call.label} {call.defect_class}".strip()
    return {"thing": call.task.run.part.serial, "change": f"→ {now}", "reason": call.comment}


_MINUTE = "%Y-%m-%d %H:%M%z"
_SOURCES = {
    **MORE,
    "level": Source(
        lambda line: LevelChange.objects.filter(line=line),
        "changed_at",
        "changed_by",
        lambda row: {"change": f"{row.from_level} → {row.to_level}", "reason": row.cause},
        ReceiptKind.LEVEL,
    ),
    "proposed": Source(
        lambda line: LevelProposal.objects.filter(line=line),
        "proposed_at",
        "proposer",
        _proposal,
        ReceiptKind.PROPOSAL,
    ),
    "approved": Source(
        lambda line: LevelProposal.objects.filter(line=line),
        "approved_at",
        "approver",
        _proposal,
        ReceiptKind.PROPOSAL,
    ),
    "waiver_asked": Source(
        lambda line: Waiver.objects.filter(line=line),
        "first_at",
        "first_by",
        _waiver,
        ReceiptKind.WAIVER,
    ),
    "waiver_signed": Source(
        lambda line: Waiver.objects.filter(line=line),
        "second_at",
        "second_by",
        _waiver,
        ReceiptKind.WAIVED,
    ),
    "freeze": Source(
        lambda line: Freeze.objects.filter(line=line),
        "placed_at",
        "",
        lambda row: {"reason": row.reason},
        ReceiptKind.FREEZE,
    ),
    "thaw": Source(
        lambda line: Freeze.objects.filter(line=line),
        "lifted_at",
        "lifted_by",
        lambda row: {"reason": row.reason},
        ReceiptKind.THAW,
    ),
    "hold": Source(
        lambda line: Hold.objects.filter(line=line),
        "placed_at",
        "placed_by",
        lambda row: {"thing": row.kind, "reason": row.reason},
        ReceiptKind.HOLD,
    ),
    "lift": Source(
        lambda line: Hold.objects.filter(line=line),
        "lifted_at",
        "lifted_by",
        lambda row: {"thing": row.kind, "reason": row.reason},
        ReceiptKind.LIFT,
    ),
    "bands": Source(
        lambda line: BandsChange.objects.filter(line=line).select_related("model_version"),
        "put_at",
        "put_by",
        lambda row: {
            "thing": f"#{row.bands_id}" if row.bands_id else "–",
            "change": str(row.model_version or ""),
            "reason": row.reason,
        },
        ReceiptKind.BANDS,
    ),
    "model": Source(
        lambda line: DeploymentChange.objects.filter(line=line).select_related("serving", "candidate"),
        "changed_at",
        "changed_by",
        lambda row: {"thing": str(row.serving or "–"), "change": str(row.candidate or ""), "reason": row.cause},
        ReceiptKind.DEPLOYMENT,
    ),
    "training": Source(
        lambda line: Training.objects.filter(snapshot__line=line).select_related("snapshot"),
        "asked_at",
        "asked_by",
        lambda row: {"thing": f"#{row.pk} {row.snapshot} {row.architecture}", "change": row.state, "reason": row.cause},
    ),
    "retraining": Source(
        lambda line: RetrainingRule.objects.filter(line=line),
        "set_at",
        "set_by",
        lambda row: {"thing": row.architecture, "change": "→ on" if row.is_on else "→ off"},
    ),
    "offline": Source(
        lambda line: OfflineAllowance.objects.filter(station__line=line).select_related("station"),
        "allowed_at",
        "allowed_by",
        lambda row: {"thing": row.station.name, "change": f"→ {row.minutes} min"},
    ),
    "changeover": Source(
        lambda line: Changeover.objects.filter(line=line).select_related("from_product", "to_product", "to_epoch"),
        "changed_at",
        "changed_by",
        lambda row: {
            "thing": f"epoch {row.to_epoch.n}",
            "change": f"{row.from_product} → {row.to_product}",
            "reason": ""
            if row.from_optics == row.to_optics
            else ", ".join(f"{k}: {v}" for k, v in row.to_optics.items()),
        },
    ),
    "station": Source(
        lambda line: StationChange.objects.filter(station__line=line).select_related("station"),
        "done_at",
        "done_by",
        lambda row: {"thing": row.station.name, "change": row.deed, "reason": row.key_id},
    ),
    "scope": Source(
        lambda line: ScopeSignature.objects.filter(line=line),
        "signed_at",
        "signed_by",
        lambda row: {"thing": f"v{row.version}", "reason": row.content_hash[:12]},
    ),
    "assist_style": Source(
        lambda line: AssistStyleChange.objects.filter(line=line),
        "changed_at",
        "changed_by",
        lambda row: {"change": f"{row.from_style} → {row.to_style}", "reason": row.reason},
    ),
    "campaign": Source(
        lambda line: Campaign.objects.filter(line=line),
        "announced_at",
        "announced_by",
        lambda row: {
            "thing": f"{row.share:g}" if row.share is not None else "–",
            "change": f"{row.starts_at:{_MINUTE}} → {row.ends_at:{_MINUTE}}" if row.share is not None else "→ off",
            "reason": row.reason,
        },
    ),
    "gate_limits": Source(
        lambda line: GateLimits.objects.filter(line=line),
        "created_at",
        "created_by",
        _gate_limits,
    ),
    "golden": Source(
        lambda line: GoldenReference.objects.filter(line=line).select_related("product", "source__run__part"),
        "created_at",
        "set_by",
        _golden,
    ),
    "ruling": Source(
        lambda line: _closed(Adjudication.objects.filter(line=line), "item").select_related("first", "run__part"),
        "ruled_at",
        "ruled_by",
        _ruling,
        ReceiptKind.RULING,
    ),
    "question": Source(
        lambda line: _closed(Adjudication.objects.filter(line=line, asked_by__isnull=False), "item").select_related(
            "run__part"
        ),
        "opened_at",
        "asked_by",
        lambda row: {"thing": row.run.part.serial, "reason": row.asked_for},
    ),
    "correction": Source(
        lambda line: _closed(
            DecisionFate.objects.filter(Exists(_on(line)), fate=DecisionFate.AMENDED), "decision__task__item"
        ).select_related("decision__task__run__part"),
        "at",
        "decision__person",
        _correction,
    ),
    "containment": Source(
        lambda line: Containment.objects.filter(line=line).annotate(first_reach=Min("reaches")),
        "opened_at",
        "opened_by",
        lambda row: {"thing": str(row), "reason": row.cause},
        ReceiptKind.CONTAINMENT,
        "first_reach",
    ),
    "containment_closed": Source(
        lambda line: Containment.objects.filter(line=line),
        "closed_at",
        "closed_by",
        lambda row: {"thing": str(row), "reason": row.cause},
        ReceiptKind.CONTAINED,
    ),
    "contained": Source(
        lambda line: ContainedRun.objects.filter(containment__line=line).select_related("run__part"),
        "closed_at",
        "closed_by",
        lambda row: {"thing": row.run.part.serial, "change": row.found, "reason": row.note},
        ReceiptKind.PART_CLOSED,
    ),
    "lot": Source(
        lambda line: Lot.objects.filter(line=line).annotate(is_sorted=Exists(_escape_of_lot())),
        "released_at",
        "released_by",
        lambda row: {"thing": row.code, "reason": SORTED if row.is_sorted else ""},
    ),
    "export": Source(
        lambda line: Export.objects.filter(line=line),
        "asked_at",
        "asked_by",
        lambda row: {"thing": row.query or "–", "change": f"{row.total}", "reason": row.sha256[:12]},
    ),
    "role": Source(
        lambda line: Membership.objects.on_line(line).select_related("user"),
        "granted_at",
        "granted_by",
        lambda row: {
            "thing": row.user.username,
            "change": f"→ {row.role}",
            "reason": FOUNDING if row.is_founding else row.reason,
        },
    ),
    "role_ended": Source(
        lambda line: Membership.objects.on_line(line).select_related("user"),
        "revoked_at",
        "revoked_by",
        lambda row: {"thing": row.user.username, "change": f"{row.role} →", "reason": row.revoked_reason},
    ),
}
ACTIONS = _SOURCES.keys()
