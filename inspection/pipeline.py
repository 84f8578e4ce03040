"""One image through the prediction service: examined outside any transaction, recorded and routed in one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from inspection import arms, automation, certificates, dispositions, outbox, registry, stages
from inspection.arms import Answer
from inspection.models import (
    Bands,
    Deployment,
    Hold,
    Item,
    Line,
    Measures,
    ModelVersion,
    Prediction,
    RolloutStep,
    Routing,
    StageRun,
)
from inspection.rules import routing, traffic
from inspection.rules.envelope import EMBEDDING, HELD_AFTER, departures
from inspection.rules.rollouts import Phase
from inspection.rules.routing import SENTENCES, Band, Routed, RunFacts
from inspection.rules.words import DecidedBy, Level, Outcome, Policy, PredictionRole, Route, Stage, Verdict
from inspection.stages import Opinion, Seen, StageDone
from inspection.stations import IMPORTER
from vision.decode import DECODER_ID
from vision.embedding import Reference, distance, packed
from vision.measures import near

# A stuck camera shows what it has just shown: among the line's last images, its own last few are compared.
LOOK_BACK = 40
LAST_OF_CAMERA = 5

DECIDING = (Level.PARTIAL, Level.FULL)
OUTSIDE = "outside-envelope"
# Reasons of a routing that speak of the image, not of the part.
IMAGE_FAULTS = frozenset({OUTSIDE, "blank", "camera-stuck"})
_VERDICTS = {Route.AUTO_PASS: Verdict.PASS, Route.AUTO_REJECT: Verdict.REJECT}


@dataclass(frozen=True, kw_only=True)
class Examined:
    """All that the stages found out. `undecodable` is the code of what is wrong with the file, empty if nothing."""

    stages: tuple[StageDone, ...]
    seen: Seen | None
    opinions: tuple[Opinion, ...]
    undecodable: str


def examine(item: Item, *, now: datetime, versions: Sequence[ModelVersion] | None = None) -> Examined:
    """Decode, measure, predict, calibrate and explain. Writes no row; pictures for people are kept as files.

    The models are those whose answer is waited for, or the given `versions` on trial. A model that fails is an
    outcome of its stage, and so is a file that gives no pixels.
    """
    log = stages.Log(began_at=now)
    picture, undecodable = stages.decode(item, log)
    if picture is None:
        return Examined(stages=log.complete(), seen=None, opinions=(), undecodable=undecodable)
    seers = seers_of(item) if versions is None else [(version, PredictionRole.SHADOW) for version in versions]
    with stages.keeping(picture, sha256=item.sha256):
        seen = stages.look(picture, size_bytes=item.size_bytes, patch=item.line.reference_patch, log=log)
        opinions = stages.ask(seers, picture, line=item.line, log=log)
    return Examined(stages=log.complete(), seen=seen, opinions=opinions, undecodable="")


@transaction.atomic
def record(item: Item, examined: Examined, *, now: datetime) -> Routing:
    """Write what was found, and route the item by the level, model and bands in force now.

    A verdict that needs no person goes to the run at once. An item that has its routing (the model deadline
    gave it to people, or this is a second delivery) keeps it: the rest is added, what was said too late as
    a shadow. Doing it twice does no harm.
    """
    earlier = Routing.objects.filter(item=item).first()
    _write_stages(item, examined)
    _write_measures(item, examined)
    _write_predictions(item, examined.opinions, is_late=earlier is not None, now=now)
    if examined.seen is None:
        return quarantine(item, reason=examined.undecodable, now=now)
    line = _present(item)
    routed = earlier or _route(item, line, examined, examined.seen, now=now)
    if earlier is None or earlier.model_version_id is None:
        _follow_rollout(item, line, examined, is_overdue=earlier is not None, now=now)
    return routed


@transaction.atomic
def record_silently(item: Item, examined: Examined, *, now: datetime) -> None:
    """Keep what was said silently, beside what was said aloud; no answer is kept as that."""
    _write_predictions(item, examined.opinions, is_late=False, now=now)
    step = _step(_present(item))
    if step is not None and Phase(step.phase).is_paired:
        arms.note_pair(item.run, step, looked_at=item.pk, now=now)


@transaction.atomic
def pass_over_silently(item: Item, *, now: datetime) -> None:
    """Count that nobody had time for an item's silent look."""
    step = _step(_present(item))
    if step is not None:
        arms.note_dropped(item.run, step, now=now)


@transaction.atomic
def quarantine(item: Item, *, reason: str, now: datetime) -> Routing:
    """Hold the part: nobody can say anything about this image, also where it was given to people before."""
    line = Line.objects.get(pk=item.line_id)
    earlier = Routing.objects.filter(item=item).first()
    routed = Routed(route=Route.QUARANTINE, reason=reason, detail="")
    standing = earlier or _write_routing(item, line, routed, speaker=None, opinion=None, bands=None, now=now)
    dispositions.settle_view(
        item, verdict=Verdict.HOLD, decided_by=DecidedBy.FAILSAFE, level=Level(line.level), reason=reason, at=now
    )
    return standing


def warm_up() -> None:
    """Start the decoder and load every model that stands on a line, so that the first item does not wait for them."""
    deployments = Deployment.objects.filter(line__is_active=True).values_list("serving", "candidate", "standby")
    versions = ModelVersion.objects.filter(pk__in={pk for three in deployments for pk in three if pk is not None})
    stages.warm_up(list(versions))


def keep_warm(line: Line) -> None:
    """Load what stands beside the line's model and this process has not loaded, before it may be switched to."""
    for version in (line.deployment.candidate_id, line.deployment.standby_id) if hasattr(line, "deployment") else ():
        if version is not None:
            stages.keep_warm(registry.of_id(version))


# Routing --------------------------------------------------------------------------------------------------------


def _present(item: Item) -> Line:
    """Return the item's line as it stands now, with all that routing asks of it."""
    beside = ("epoch__model_version", "bands", "deployment__step__rollout")
    item.line = Line.objects.select_related(*beside).get(pk=item.line_id)
    return item.line


def _route(item: Item, line: Line, examined: Examined, seen: Seen, *, now: datetime) -> Routing:
    # Chosen again: between looking and routing the level may have fallen, or the model been rolled back.
    speaker = _traffic(item, line).speaker
    opinion = next((opinion for opinion in examined.opinions if opinion.version.pk == speaker), None)
    bands = certificates.standing(line, speaker)
    facts = _facts(item, line, seen, speaker=speaker, opinion=opinion, bands=bands, now=now)
    written = _write_routing(
        item,
        line,
        routing.decide(facts),
        policy=routing.policy(facts),
        speaker=speaker,
        opinion=opinion,
        bands=bands,
        now=now,
    )
    if written.route in _VERDICTS:
        _conclude(written, verdict=_VERDICTS[Route(written.route)], now=now)
    elif line.level in DECIDING and written.reason in IMAGE_FAULTS:
        _hold_if_it_goes_on(written, line, now=now)
    return written


def _hold_if_it_goes_on(written: Routing, line: Line, *, now: datetime) -> None:
    """Hold the line when its last images in a row could not be decided on: somebody must look at lamp and camera."""
    routed = Item.objects.filter(line=line, routing__isnull=False).select_related("routing", "measures")
    last = list(routed.order_by("-received_at", "-pk")[:HELD_AFTER])
    if len(last) == HELD_AFTER and all(_image_fails(item, written.bands) for item in last):
        sentence = (written.detail or SENTENCES[written.reason]).partition(";")[0]
        automation.place_hold(line, kind=Hold.CAMERA, reason=f"{HELD_AFTER} images in a row. {sentence}", now=now)


def _image_fails(item: Item, bands: Bands | None) -> bool:
    reason = item.routing.reason
    if reason != OUTSIDE or bands is None:
        return reason in IMAGE_FAULTS
    measures = {name: getattr(item.measures, name) for name in bands.envelope}
    return any(departure.is_far for departure in departures(measures, band_of(bands).envelope))


def _facts(
    item: Item,
    line: Line,
    seen: Seen,
    *,
    speaker: int | None,
    opinion: Opinion | None,
    bands: Bands | None,
    now: datetime,
) -> RunFacts:
    run = item.run
    return RunFacts(
        level=line.level,
        is_held=Hold.objects.in_force().filter(line=line).exists(),
        call_threshold=line.call_threshold,
        measures={**asdict(seen.measures), **_embedded(seen, bands)},
        is_blank=seen.measures.blank,
        is_repeat=_is_repeat(item, seen),
        # A challenge part is known to be bad and comes again and again: each time the model is asked anew.
        is_rework=run.part.ever_rejected_or_held and not run.part.is_challenge,
        is_late=now > run.model_due_at,
        drawn_truth=run.drawn_truth,
        drawn_audit=run.drawn_audit,
        drawn_control=run.drawn_control,
        probability=opinion.probability if opinion else None,
        band=band_of(bands) if bands else None,
        is_mixed=_is_mixed(item, speaker),
    )


def band_of(bands: Bands) -> Band:
    """Return what the bands let a model decide alone, as the routing rule takes it."""
    envelope = {name: (float(low), float(high)) for name, (low, high) in bands.envelope.items()}
    known = _embedding_of(bands)
    if known is not None:
        envelope[EMBEDDING] = (0.0, known.limit)
    return Band(t_lo=bands.t_lo, t_hi=bands.t_hi, envelope=envelope)


def _is_mixed(item: Item, speaker: int | None) -> bool:
    """Whether another model has spoken for an earlier view of the run."""
    if len(item.run.views_expected) < 2:
        return False
    views = Routing.objects.filter(item__run=item.run_id, model_version__isnull=False).exclude(item=item)
    return views.exclude(model_version=speaker).exists()


def _embedding_of(bands: Bands | None) -> Reference | None:
    """Return how the certified images lie, None for bands that were certified without."""
    kept = bands.certificates.get("embedding") if bands else None
    return Reference.of_plain(kept) if kept else None


def _embedded(seen: Seen, bands: Bands | None) -> dict[str, float]:
    """Return how far the image lies from the certified ones, where both are known."""
    known = _embedding_of(bands)
    return {} if known is None or seen.embedding is None else {EMBEDDING: distance(seen.embedding, known)}


def _is_repeat(item: Item, seen: Seen) -> bool:
    """Whether the same camera has just shown nearly the same image for another part.

    Images brought in by hand come from files, and may well repeat.
    """
    if item.station is None or item.station.name == IMPORTER:
        return False
    before = (
        Item.objects.real()
        .filter(line=item.line_id, received_at__lt=item.received_at)
        .exclude(run__part=item.run.part_id)
    )
    last = before.order_by("-received_at").values_list("station", "view", "measures__fingerprint")[:LOOK_BACK]
    same_camera = [print_ for station, view, print_ in last if (station, view) == (item.station_id, item.view)]
    prints = [print_ for print_ in same_camera[:LAST_OF_CAMERA] if print_]
    return any(near(int(other, 16), int(seen.fingerprint, 16)) for other in prints)


def _write_routing(
    item: Item,
    line: Line,
    routed: Routed,
    *,
    policy: Policy | None = None,
    speaker: int | None,
    opinion: Opinion | None,
    bands: Bands | None,
    now: datetime,
) -> Routing:
    return Routing.objects.create(
        item=item,
        route=routed.route.value,
        reason=routed.reason,
        detail=routed.detail,
        level=line.level,
        epoch_id=item.run.epoch_id,
        model_version_id=speaker,
        bands=bands,
        call=opinion.call.value if opinion else "",
        policy=policy.value if policy else "",
        routed_at=now,
    )


def _conclude(standing: Routing, *, verdict: Verdict, now: datetime) -> None:
    dispositions.settle_view(
        standing.item,
        verdict=verdict,
        decided_by=DecidedBy.MODEL,
        level=Level(standing.level),
        reason=standing.reason,
        at=now,
        model_version=standing.model_version,
    )


# Models ---------------------------------------------------------------------------------------------------------


def _traffic(item: Item, line: Line) -> traffic.Traffic:
    deployment = line.deployment if hasattr(line, "deployment") else Deployment(line=line)
    deployed = traffic.Deployed(
        serving=deployment.serving_id,
        candidate=deployment.candidate_id,
        strategy=deployment.strategy,
        share=deployment.share,
    )
    return traffic.choose(deployed, level=line.level, canary_position=item.run.canary_position)


def seers_of(item: Item) -> list[tuple[ModelVersion, PredictionRole]]:
    """Return the versions whose answer about the item is waited for, each with its part in it."""
    return [(registry.of_id(seer.version), seer.role) for seer in _traffic(item, item.line).live]


def silent_seers_of(item: Item) -> list[ModelVersion]:
    """Return the versions that look at the item once it has its answer, as the line stands now."""
    return [registry.of_id(seer.version) for seer in _traffic(item, _present(item)).silent]


def _step(line: Line) -> RolloutStep | None:
    return line.deployment.step if hasattr(line, "deployment") else None


def _follow_rollout(item: Item, line: Line, examined: Examined, *, is_overdue: bool, now: datetime) -> None:
    """Ask for the looks that nobody waits for, and keep how the version that spoke did."""
    chosen = _traffic(item, line)
    if chosen.silent:
        outbox.ask(arms.SILENT, item.pk, now=now)
    said = next((opinion for opinion in examined.opinions if opinion.version.pk == chosen.speaker), None)
    has_failed = any(done.stage == Stage.PREDICT and done.outcome == Outcome.FAILED for done in examined.stages)
    # One that was never asked, because the models changed while the item was looked at, did not fail.
    if said is not None or has_failed or is_overdue:
        answer = Answer(said.call, said.ms) if said and not is_overdue else None
        arms.note_spoken(item.run, _step(line), speaker=chosen.speaker, answer=answer, now=now)


# Rows -----------------------------------------------------------------------------------------------------------


def _write_stages(item: Item, examined: Examined) -> None:
    attempt = 1 + StageRun.objects.filter(item=item, stage=examined.stages[0].stage).count()
    rows = [
        StageRun(
            item=item,
            attempt=attempt,
            stage=done.stage.value,
            outcome=done.outcome.value,
            ms=done.ms,
            detail=done.detail,
            finished_at=done.finished_at,
        )
        for done in examined.stages
    ]
    StageRun.objects.bulk_create(rows, ignore_conflicts=True)


def _write_measures(item: Item, examined: Examined) -> None:
    if examined.seen is None:
        return
    seen = examined.seen
    kept = packed(seen.embedding) if seen.embedding is not None else None
    row = Measures(item=item, fingerprint=seen.fingerprint, embedding=kept, **asdict(seen.measures))
    Measures.objects.bulk_create([row], ignore_conflicts=True)


def _write_predictions(item: Item, opinions: Sequence[Opinion], *, is_late: bool, now: datetime) -> None:
    rows = [
        Prediction(
            item=item,
            model_version=opinion.version,
            # What came after the routing is kept beside it, never shown as what the model said in time.
            role=PredictionRole.SHADOW.value if is_late else opinion.role.value,
            decoder_id=DECODER_ID,
            preprocessing_id=opinion.version.preprocessing_id,
            raw_score=opinion.raw_score,
            probability=opinion.probability,
            call=opinion.call.value,
            defect_class=opinion.defect_class,
            uncertainty=opinion.uncertainty,
            heatmap=opinion.heatmap,
            heatmap_columns=opinion.heatmap_columns,
            ms=opinion.ms,
            created_at=now,
        )
        for opinion in opinions
    ]
    Prediction.objects.bulk_create(rows, ignore_conflicts=True)
