"""What is brought to a gate: counts of final decisions, gathered and judged."""

from dataclasses import dataclass, replace
from datetime import datetime

from inspection import automation, certificates, waivers
from inspection.models import Freeze, GateEvaluation, GateLimits, HealthRun, Hold, LevelChange, Line
from inspection.rules.ladder import GATES, Evidence, Gate, Judgement, Target, judge
from inspection.rules.words import Level, Stream
from review import challenges, counts, estimates, proofs, reliances, retro, watches
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
    """Return the limits of one rung: the line's own newest version, or the defaults."""
    default = GATES[to_level]
    own = GateLimits.objects.filter(line=line, to_level=to_level.value).order_by("-version").first()
    if own is None:
        return default
    limits = dict(own.limits)
    if "targets" in limits:
        limits["targets"] = tuple(Target(**target) for target in limits["targets"])
    return replace(default, **limits)


def read(line: Line, to_level: Level, *, now: datetime, open_alarms: int = 0, ignore_stop: bool = False) -> Reading:
    """Judge the gate into `to_level` on the evidence of the line's present epoch.

    `ignore_stop` sets a STOP aside: the way back after it asks whether the gate stands but for the STOP itself.
    """
    gate = gate_for(line, to_level)
    if to_level == Level.ASSIST and _is_proven(line):
        gate = retro.confirming(gate)
    evidence = gather(line, gate, now=now, open_alarms=open_alarms)
    if ignore_stop:
        evidence = replace(evidence, holds=_holds(line).exclude(kind=Hold.STOP).count())
    return Reading(line=line, gate=gate, evidence=evidence, judgement=judge(gate, evidence))


def gather(line: Line, gate: Gate, *, now: datetime, open_alarms: int = 0) -> Evidence:
    """Collect the evidence of the line's present epoch: folded counts, their tail, and the bank. O(1) statements."""
    calm = {
        "open_alarms": open_alarms,
        "holds": _holds(line).count(),
        "freezes": Freeze.objects.in_force().filter(line=line).count(),
        "days_since_lowering": _days_since_lowering(line, now=now),
    }
    if gate.needs_health:
        return Evidence(health=_health(line), **calm)
    epoch = line.present_epoch
    bands = certificates.standing(line, epoch.model_version_id)
    ledger = counts.ledger(epoch)
    streams = {stream.value: ledger.sums(stream, bands=bands) for stream in GATED}
    agreement, natural, omission = streams["agreement"], streams[gate.detection], ledger.sums(Stream.OMISSION)
    chart = Chart.objects.filter(epoch=epoch, name=Chart.DISAGREEMENT).first()
    proven, watched = proofs.of(line, gate, ledger, bands), watches.calm(line, now=now)
    planted = reliances.harm(epoch)
    return Evidence(
        streams={name: (sums.s, sums.f) for name, sums in streams.items()},
        natural=(natural.s, natural.f),
        bank=proven.bank,
        leaked=proven.leaked,
        classes=proven.classes,
        waived=waivers.in_force(line, gate.to_level, now=now) if gate.proven_classes else (),
        escapes=_escapes(streams),
        target_ppm=line.target_escape_ppm,
        charts=watched.charts,
        quiet_days=watched.quiet_days,
        has_calendar=bool(gate.clean_shifts) and challenges.calendar_of(line) is not None,
        clean_shifts=challenges.clean_shifts(epoch) if gate.clean_shifts else 0,
        harm=_harm(omission, planted.given_up),
        omission=planted.omission,
        parts=agreement.s + agreement.f,
        defects=natural.s + natural.f + sum(proven.bank),
        days=agreement.days,
        shifts=agreement.shifts,
        people=agreement.people,
        accuracy=estimates.of(ledger).accuracy,
        chart=chart.w if chart else 0.0,
        bands_certified=bands is not None,
        **calm,
    )


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


def _holds(line: Line):
    return Hold.objects.in_force().filter(line=line)


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
