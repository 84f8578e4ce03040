"""What is brought to a gate: counts of final decisions, gathered and judged."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inspection import automation, certificates, waivers
from inspection.models import Bands, Freeze, GateEvaluation, GateLimits, HealthRun, Hold, LevelChange, Line
from inspection.rules.ladder import GATES, Evidence, Gate, Judgement, Target, judge
from inspection.rules.words import Level, Stream
from review import challenges, counts, estimates, proofs, reliances, retro, watches
from review.counts import Ledger
from review.models import Chart

GATED = (
    Stream.AGREEMENT,
    Stream.DETECTION,
    Stream.SPECIFICITY,
    Stream.POLICY_DETECTION,
    Stream.POLICY_SPECIFICITY,
)


@dataclass(frozen=True)
class Reading:
    """A gate as it stands now."""

    line: Line
    gate: Gate
    evidence: Evidence
    judgement: Judgement

    def keep(self, *, now: datetime) -> GateEvaluation:
        """Freeze the reading as a row."""
        return automation.record_evaluation(
            self.line, gate=self.gate, evidence=self.evidence, judgement=self.judgement, now=now
        )


def gate_for(line: Line, to_level: Level) -> Gate:
    """Return the limits of one rung: the line's own as they bind its present epoch, or the defaults."""
    default = GATES[to_level]
    own = GateLimits.objects.in_force(line).filter(to_level=to_level.value).last()
    if own is None:
        return default
    limits = dict(own.limits)
    if "targets" in limits:
        limits["targets"] = tuple(Target(**target) for target in limits["targets"])
    return replace(default, **limits)


def read(line: Line, to_level: Level, *, now: datetime, ignore_stop: bool = False) -> Reading:
    """Judge the gate into `to_level` on the evidence of the line's present epoch.

    `ignore_stop` sets a STOP aside: the way back after it asks whether the gate stands but for the STOP itself.
    """
    return ask(line, to_level, now=now, ignore_stop=ignore_stop).read(counts.ledger(line.present_epoch))


def ask(line: Line, to_level: Level, *, now: datetime, ignore_stop: bool = False) -> "Asked":
    """Return the gate with all that it asks of the line beside its streams."""
    gate = gate_for(line, to_level)
    if to_level == Level.ASSIST and _is_proven(line):
        gate = retro.confirming(gate)
    calm = _calm(line, now=now, ignore_stop=ignore_stop)
    if gate.needs_health:
        return Asked(line, gate, _Beside(Evidence(health=_health(line), **calm)))
    return Asked(line, gate, _beside(line, gate, calm, now=now))


@dataclass(frozen=True)
class _Beside:
    """What a gate asks of a line beside its streams: evidence without them, the bank, and what was planted.

    `proven` is None for a gate that asks for health alone: then the evidence is whole.
    """

    evidence: Evidence
    bands: Bands | None = None
    proven: proofs.Bank | None = None
    planted: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Asked:
    """A gate and all beside its streams as it stood at one moment: the streams may be read as often as they move."""

    line: Line
    gate: Gate
    beside: _Beside

    def read(self, ledger: Ledger) -> Reading:
        """Judge the gate on what was counted."""
        evidence = self.gather(ledger)
        return Reading(line=self.line, gate=self.gate, evidence=evidence, judgement=judge(self.gate, evidence))

    def gather(self, ledger: Ledger) -> Evidence:
        """Return the evidence of the line's present epoch: the counts given, and what stands beside them."""
        if self.beside.proven is None:
            return self.beside.evidence
        gate, bands = self.gate, self.beside.bands
        streams = {stream.value: ledger.sums(stream, bands=bands) for stream in GATED}
        agreement, natural, omission = streams["agreement"], streams[gate.detection], ledger.sums(Stream.OMISSION)
        proven = self.beside.proven.proofs(gate, ledger, bands)
        return replace(
            self.beside.evidence,
            streams={name: (sums.s, sums.f) for name, sums in streams.items()},
            natural=(natural.s, natural.f),
            bank=proven.bank,
            leaked=proven.leaked,
            classes=proven.classes,
            escapes=_escapes(streams),
            harm=_harm(omission, self.beside.planted),
            parts=agreement.s + agreement.f,
            defects=natural.s + natural.f + sum(proven.bank),
            days=agreement.days,
            shifts=agreement.shifts,
            people=agreement.people,
            accuracy=estimates.of(ledger).accuracy,
        )


def _calm(line: Line, *, now: datetime, ignore_stop: bool) -> dict[str, Any]:
    # An alarm that speaks against going up places a freeze or a hold: these stand, acknowledged or shelved.
    holds = Hold.objects.in_force().filter(line=line)
    return {
        "holds": (holds.exclude(kind=Hold.STOP) if ignore_stop else holds).count(),
        "freezes": Freeze.objects.in_force().filter(line=line).count(),
        "days_since_lowering": _days_since_lowering(line, now=now),
    }


def _beside(line: Line, gate: Gate, calm: dict[str, Any], *, now: datetime) -> _Beside:
    epoch = line.present_epoch
    bands = certificates.standing(line, epoch.model_version_id)
    chart = Chart.objects.filter(epoch=epoch, name=Chart.DISAGREEMENT).first()
    watched, planted = watches.calm(line, now=now), reliances.harm(epoch)
    evidence = Evidence(
        waived=waivers.in_force(line, gate.to_level, now=now) if gate.proven_classes else (),
        target_ppm=line.target_escape_ppm,
        charts=watched.charts,
        quiet_days=watched.quiet_days,
        has_calendar=bool(gate.clean_shifts) and challenges.calendar_of(line) is not None,
        clean_shifts=challenges.clean_shifts(epoch) if gate.clean_shifts else 0,
        omission=planted.omission,
        chart=chart.w if chart else 0.0,
        bands_certified=bands is not None,
        **calm,
    )
    return _Beside(evidence, bands, proofs.bank_of(line, gate, bands), planted.given_up)


def _is_proven(line: Line) -> bool:
    version = line.present_epoch.model_version
    return version is not None and retro.passed(line, version)


def _escapes(streams: dict[str, counts.Sums]) -> tuple[int, int]:
    """Return the defects of the truth draw that the bands pass, and all its other ruled parts."""
    found, spared = streams["policy_detection"], streams["policy_specificity"]
    return found.pd, found.dd + spared.pp + spared.dp


def _harm(live: counts.Sums, planted: tuple[int, int]) -> tuple[int, int]:
    """Return what wrong predictions made people give up: the model's own, and those planted on known defects."""
    return live.f + planted[0], live.s + live.f + planted[1]


def _health(line: Line) -> tuple[int, int, float, float] | None:
    """Return the last health run of the serving model: items, missing, p95 ms, deadline ms."""
    deployment = getattr(line, "deployment", None)
    if deployment is None or deployment.serving_id is None:
        return None
    runs = HealthRun.objects.filter(line=line, model_version=deployment.serving_id)
    run = runs.order_by("-finished_at").first()
    return (run.items, run.missing, run.p95_ms, line.model_deadline_s * 1000) if run else None


def _days_since_lowering(line: Line, *, now: datetime) -> float | None:
    last = LevelChange.objects.filter(line=line).order_by("-changed_at").first()
    if last is None or Level(last.to_level).rung > Level(last.from_level).rung:
        return None
    return (now - last.changed_at).total_seconds() / 86400
