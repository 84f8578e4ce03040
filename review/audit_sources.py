"""Deeds that the audit log tells beside those of the ladder: on what measures people and models, the plan, the models.

`SEALED` are hidden from a person who inspects on the line: they would tell what is mixed into their own work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from inspection.models import (
    DeploymentChange,
    FailureWatch,
    Line,
    Membership,
    ModelVersion,
    PersonChange,
    PlannedChange,
    RolloutMove,
    SettingChange,
)
from inspection.risks import FIRST_REASON
from inspection.rules.words import ReceiptKind
from review.models import (
    Adjudication,
    BankDefect,
    Certification,
    ChallengeCalendar,
    ChallengePart,
    Download,
    GaugeStudy,
    GoldRule,
    PhysicalFinding,
    RetroTrial,
)

# How the sheets of gauge studies are named: they too would tell.
GAUGE = "gauge-"


@dataclass(frozen=True)
class Source:
    """One table of deeds: its rows for a line, which column holds the moment, which the person, and how it is told.

    No column holds a person where only the product does it. `sealed` is the kind of its receipts, which name the row
    in `subject`.
    """

    rows: Callable[[Line], QuerySet[Any]]
    at: str
    who: str
    told: Callable[[Any], dict[str, Any]]
    sealed: ReceiptKind | None = None
    subject: str = "pk"


def _banked(row: BankDefect) -> dict[str, str]:
    return {"thing": str(row), "change": f"→ {row.defect_class}", "reason": row.found_by}


def _bank(line: Line) -> QuerySet[BankDefect]:
    return BankDefect.objects.filter(line=line)


def _challenge(row: ChallengePart) -> dict[str, str]:
    return {"thing": str(row.defect)}


def _challenges(line: Line) -> QuerySet[ChallengePart]:
    return ChallengePart.objects.filter(line=line).select_related("defect")


def _calendar(row: ChallengeCalendar) -> dict[str, str]:
    chosen = {"shift": row.at_shift_start, "changeover": row.at_changeover, f"{row.every_h} h": bool(row.every_h)}
    occasions = ", ".join(name for name, is_chosen in chosen.items() if is_chosen)
    return {"thing": occasions or "–", "change": f"→ {row.parts}"}


def _gold(row: GoldRule) -> dict[str, str]:
    return {"thing": f"{row.wanted_share * 100:g} %", "change": "→ on" if row.is_on else "→ off"}


def _gauge(row: GaugeStudy) -> dict[str, str]:
    return {"thing": f"#{row.pk} {row.model_version or ''}".strip(), "change": f"→ {row.trials}"}


def _gauges(line: Line) -> QuerySet[GaugeStudy]:
    return GaugeStudy.objects.filter(line=line).select_related("model_version")


def _findings(line: Line) -> QuerySet[PhysicalFinding]:
    """Leave out what was found of parts that still wait for a ruling: who gives it must not read it here first."""
    waiting = Adjudication.objects.filter(run=OuterRef("run"), ruled_at=None)
    return PhysicalFinding.objects.filter(~Exists(waiting), line=line).select_related("run__part")


def _finding(row: PhysicalFinding) -> dict[str, str]:
    change = f"→ {row.found} {row.defect_class}".strip()
    return {"thing": row.run.part.serial, "change": change, "reason": row.note or row.how}


def _watches(line: Line) -> QuerySet[FailureWatch]:
    changes = FailureWatch.objects.filter(failure_mode__line=line).exclude(reason=FIRST_REASON)
    return changes.select_related("failure_mode", "owner")


def _watch(row: FailureWatch) -> dict[str, str]:
    watching = " ".join([row.metric, row.threshold, row.priority]) if row.is_watched else "–"
    change = f"→ {watching}" if not row.accepted else f"→ – {row.owner}"
    return {"thing": row.failure_mode.code, "change": change, "reason": row.reason}


def _planned(row: PlannedChange) -> dict[str, str]:
    return {"thing": row.kind, "change": f"→ {row.due_on.isoformat()}", "reason": row.what}


def _trial(row: RetroTrial) -> dict[str, str]:
    return {"thing": str(row.model_version), "change": f"→ {row.answer}" if row.answer else ""}


def _certificate(row: Certification) -> dict[str, str]:
    return {"thing": str(row.model_version), "change": f"→ #{row.bands_id}" if row.bands_id else "→ –"}


def _move(row: RolloutMove) -> dict[str, str]:
    return {"thing": str(row.rollout.candidate), "change": f"→ {row.deed}", "reason": row.cause}


def _stood(line: Line) -> QuerySet[ModelVersion]:
    """Return the versions that ever stood on the line. A version belongs to no line before."""
    changes = DeploymentChange.objects.filter(line=line)
    return ModelVersion.objects.filter(Q(pk__in=changes.values("serving")) | Q(pk__in=changes.values("candidate")))


def _registered(row: ModelVersion) -> dict[str, str]:
    sha256 = row.weights_sha256 or row.onnx_sha256
    return {"thing": str(row), "change": f"→ {row.origin or '–'}", "reason": f"sha256 {sha256[:16]}"}


def _setting(row: SettingChange) -> dict[str, str]:
    return {"thing": row.name, "change": f"{_shown(row.before)} → {_shown(row.after)}", "reason": row.reason}


def _accounts(line: Line) -> QuerySet[PersonChange]:
    """Return what was done to the accounts of those who have or had a role on the line."""
    roles = Membership.objects.on_line(line).filter(user=OuterRef("user"))
    return PersonChange.objects.filter(Exists(roles)).select_related("user")


def _account(row: PersonChange) -> dict[str, str]:
    return {"thing": row.user.username, "change": f"→ {row.deed}", "reason": row.reason}


def _downloads(line: Line) -> QuerySet[Download]:
    return Download.objects.filter(line=line)


def _download(row: Download) -> dict[str, str]:
    return {"thing": row.file, "reason": row.query}


def _shown(value: object) -> str:
    return "–" if value is None else str(value)


MORE = {
    "setting": Source(lambda line: SettingChange.objects.filter(line=line), "changed_at", "changed_by", _setting),
    "registered": Source(_stood, "created_at", "registered_by", _registered),
    "account": Source(_accounts, "done_at", "done_by", _account),
    "bank_added": Source(_bank, "added_at", "added_by", _banked),
    "bank_confirmed": Source(
        _bank, "confirmed_at", "confirmed_by", lambda row: {"thing": str(row), "reason": row.method}
    ),
    "bank_retired": Source(
        _bank, "retired_at", "retired_by", lambda row: {"thing": str(row), "reason": row.retired_reason}
    ),
    "challenge_calendar": Source(
        lambda line: ChallengeCalendar.objects.filter(line=line), "set_at", "set_by", _calendar
    ),
    "challenge_part": Source(_challenges, "marked_at", "marked_by", _challenge),
    "challenge_part_retired": Source(_challenges, "retired_at", "retired_by", _challenge),
    "gold": Source(lambda line: GoldRule.objects.filter(line=line), "set_at", "set_by", _gold),
    "gauge": Source(_gauges, "started_at", "started_by", _gauge),
    "gauge_stopped": Source(_gauges, "stopped_at", "stopped_by", _gauge),
    "gauge_download": Source(
        lambda line: _downloads(line).filter(file__startswith=GAUGE), "taken_at", "taken_by", _download
    ),
    "download": Source(
        lambda line: _downloads(line).exclude(file__startswith=GAUGE), "taken_at", "taken_by", _download
    ),
    "finding": Source(_findings, "found_at", "found_by", _finding, ReceiptKind.FINDING),
    "risk": Source(_watches, "changed_at", "changed_by", _watch),
    "planned": Source(lambda line: PlannedChange.objects.filter(line=line), "planned_at", "planned_by", _planned),
    "planned_withdrawn": Source(
        lambda line: PlannedChange.objects.filter(line=line), "withdrawn_at", "withdrawn_by", _planned
    ),
    "retro": Source(
        lambda line: RetroTrial.objects.filter(line=line).select_related("model_version"),
        "asked_at",
        "asked_by",
        _trial,
    ),
    "certificate": Source(
        lambda line: Certification.objects.filter(line=line).select_related("model_version"),
        "made_at",
        "made_by",
        _certificate,
    ),
    "rollout": Source(
        lambda line: RolloutMove.objects.filter(rollout__line=line).select_related("rollout__candidate"),
        "made_at",
        "made_by",
        _move,
    ),
}
SEALED = {name for name in MORE if name.startswith(("bank_", "challenge_", "gold", "gauge"))}
