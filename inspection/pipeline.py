"""One image through the prediction service: examined outside any transaction, recorded and routed in one."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction

from inspection import arms, cameras, certificates, claims, dispositions, outbox, registry, sightings, stages
from inspection.arms import Answer
from inspection.models import (
    Bands,
    Deployment,
    Item,
    Line,
    ModelVersion,
    OfflineDecision,
    RolloutStep,
    Routing,
    StationGrant,
)
from inspection.present import Present
from inspection.rules import traffic
from inspection.rules.reconciling import CLAIM_REFUSED, DECIDED_OFFLINE, OFFLINE_AUDIT, Standing
from inspection.rules.rollouts import Phase
from inspection.rules.words import DECIDING, DecidedBy, Level, Outcome, Policy, PredictionRole, Route, Stage, Verdict
from inspection.sightings import Examined, Sighting
from inspection.stages import Opinion, Seen
from vision import offline, routing
from vision.embedding import distance
from vision.envelope import EMBEDDING
from vision.offline import VERDICTS
from vision.routing import Routed, RunFacts

_OFFLINE = {verdict: route for route, verdict in VERDICTS.items()}


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


def record(item: Item, examined: Examined, *, now: datetime) -> Routing:
    """Write and route one item as `record_all` does."""
    return record_all([(item, examined)], now=now)[0]


@transaction.atomic(savepoint=False)
def record_all(found: Sequence[Sighting], *, now: datetime) -> list[Routing]:
    """Write what was found, and route each item, in the order given, by the level, model and bands in force now.

    A verdict that needs no person goes to the run at once. An item that has its routing (the model deadline
    gave it to people, or this is a second delivery) keeps it: the rest is added, what was said too late as
    a shadow. Doing it twice does no harm. The items are of different parts.
    """
    items = [item for item, _ in found]
    earlier = {routing.item_id: routing for routing in Routing.objects.filter(item__in=items)}
    sightings.keep(found, late=earlier.keys(), now=now)
    present = Present(items)
    routings = [_standing(item, examined, earlier.get(item.pk), present, now=now) for item, examined in found]
    present.write(now=now)
    return routings


@transaction.atomic
def record_late(item: Item, examined: Examined, *, now: datetime) -> Routing:
    """Write what was found out about an item that stepped aside for fresher ones, and route it where nobody has yet.

    What the models said counts neither for a rollout's versions nor against them: nobody had asked them in time.
    """
    earlier = Routing.objects.filter(item=item).first()
    sightings.keep([(item, examined)], late=[item.pk] if earlier else (), now=now)
    if examined.seen is None:
        return quarantine(item, reason=examined.undecodable, now=now)
    present = Present([item])
    routed = earlier or _route(item, present.line_of(item), examined, examined.seen, present, now=now)
    present.write(now=now)
    return routed


def _standing(item: Item, examined: Examined, earlier: Routing | None, present: "Present", *, now: datetime) -> Routing:
    """Return the routing that the item has, or is given now."""
    if examined.seen is None:
        return quarantine(item, reason=examined.undecodable, now=now)
    line = present.line_of(item)
    decision = claims.of(item)
    if decision is not None:
        # What a station decided alone is no matter of a rollout: it could not know whose turn it was.
        return earlier or _confirm(item, line, decision, examined, examined.seen, present, now=now)
    routed = earlier or _route(item, line, examined, examined.seen, present, now=now)
    if earlier is None or earlier.model_version_id is None:
        _follow_rollout(item, line, examined, is_overdue=earlier is not None, now=now)
    return routed


@transaction.atomic(savepoint=False)
def record_silently(item: Item, examined: Examined, *, now: datetime) -> bool:
    """Keep what was said silently, beside what was said aloud; no answer is kept as that.

    Returns whether people are to be asked about the run, because the two versions differ.
    """
    sightings.keep_opinions([(item, examined)], now=now)
    step = _step_now(item)
    if step is None or not Phase(step.phase).is_paired:
        return False
    return arms.note_pair(item.run, step, looked_at=item.pk, now=now)


@transaction.atomic(savepoint=False)
def pass_over_silently(item: Item, *, now: datetime) -> None:
    """Count that nobody had time for an item's silent look."""
    step = _step_now(item)
    if step is not None and Phase(step.phase).is_paired:
        arms.note_dropped(item.run, step, now=now)


@transaction.atomic
def quarantine(item: Item, *, reason: str, now: datetime) -> Routing:
    """Hold the part: nobody can say anything about this image, also where it was given to people before."""
    line = Line.objects.get(pk=item.line_id)
    earlier = Routing.objects.filter(item=item).first()
    routed = Routed(route=Route.QUARANTINE, reason=reason, detail="")
    standing = earlier or _routing(item, line, routed, speaker=None, opinion=None, bands=None, now=now)
    if earlier is None:
        standing.save(force_insert=True)
    dispositions.settle_view(
        item, verdict=Verdict.HOLD, decided_by=DecidedBy.FAILSAFE, level=Level(line.level), reason=reason, at=now
    )
    return standing


def warm_up() -> None:
    """Start the decoder and load every model that stands on a line, so that the first item does not wait for them."""
    stages.warm_up(list(registry.standing()))


def keep_warm(line: Line) -> None:
    """Load what stands beside the line's model and this process has not loaded, before it may be switched to."""
    for version in (line.deployment.candidate_id, line.deployment.standby_id) if hasattr(line, "deployment") else ():
        if version is not None:
            stages.keep_warm(registry.of_id(version))


# Routing --------------------------------------------------------------------------------------------------------


def _route(item: Item, line: Line, examined: Examined, seen: Seen, present: Present, *, now: datetime) -> Routing:
    # Chosen again: between looking and routing the level may have fallen, or the model been rolled back.
    speaker = _traffic(item, line).speaker
    opinion = next((opinion for opinion in examined.opinions if opinion.version.pk == speaker), None)
    bands = certificates.standing(line, speaker)
    facts = _facts(item, line, seen, present, speaker=speaker, opinion=opinion, bands=bands, now=now)
    routed = _routing(
        item,
        line,
        routing.decide(facts),
        policy=routing.policy(facts),
        speaker=speaker,
        opinion=opinion,
        bands=bands,
        now=now,
    )
    present.add(routed)
    if line.level in DECIDING and routed.reason in cameras.IMAGE_FAULTS:
        present.hold_if_it_goes_on(routed, now=now)
    return routed


def _confirm(
    item: Item,
    line: Line,
    decision: OfflineDecision,
    examined: Examined,
    seen: Seen,
    present: Present,
    *,
    now: datetime,
) -> Routing:
    """Route an item that a station says it decided alone: as it did where it was allowed to, else to people.

    The run's verdict is then what the line was told, whatever the server would say now; what follows from the
    difference hangs on the standing.
    """
    # A grant names what serves. That a canary would have spoken for the run is nothing that a station could know.
    grant, serving = decision.grant, line.deployment.serving_id if hasattr(line, "deployment") else None
    asked = grant.model_version_id if grant else serving
    opinion = next((opinion for opinion in examined.opinions if opinion.version.pk == asked), None)
    today = _today(item, line, seen, present, speaker=serving, opinion=opinion, is_other=serving != asked, now=now)
    judged = claims.judged(decision, _as_seen(seen, opinion), today)
    if grant is None or judged.standing == Standing.REFUSED:
        refused = Routed(route=Route.HUMAN, reason=CLAIM_REFUSED, detail=routing.SENTENCES[CLAIM_REFUSED])
        routed = _routing(item, line, refused, speaker=asked, opinion=opinion, bands=None, now=now)
    else:
        routed = _as_decided(item, decision, grant, opinion, now=now)
    present.add(routed)
    return routed


def _today(
    item: Item,
    line: Line,
    seen: Seen,
    present: Present,
    *,
    speaker: int | None,
    opinion: Opinion | None,
    is_other: bool,
    now: datetime,
) -> Routed:
    """Return what the line would do with the image now, draws and deadlines aside; `is_other`: another model serves."""
    if is_other:
        return Routed(route=Route.HUMAN, reason="model-changed", detail=routing.SENTENCES["model-changed"])
    bands = certificates.standing(line, speaker)
    facts = _facts(item, line, seen, present, speaker=speaker, opinion=opinion, bands=bands, now=now)
    return routing.decide(replace(facts, is_late=False, drawn_truth=False, drawn_audit=False, drawn_control=False))


def _as_seen(seen: Seen, opinion: Opinion | None) -> offline.Seen:
    """Return what was found out about an image as the station's rule takes it.

    Whether the part came before or its image repeats another's is left out: a station cannot know all of that.
    """
    return offline.Seen(
        measures=asdict(seen.measures),
        is_blank=seen.measures.blank,
        embedding=seen.embedding,
        probability=opinion.probability if opinion else None,
        defect_class=opinion.defect_class if opinion else "",
    )


def _as_decided(
    item: Item, decision: OfflineDecision, grant: StationGrant, opinion: Opinion | None, *, now: datetime
) -> Routing:
    after = f"{grant.station.name}, grant {grant.name}, {decision.age_s:.0f} s after its last heartbeat"
    return Routing(
        item=item,
        route=_OFFLINE[Verdict(decision.verdict)].value,
        reason=OFFLINE_AUDIT if item.run.drawn_audit else DECIDED_OFFLINE,
        detail=after[: routing.DETAIL_LENGTH],
        level=grant.level,
        epoch_id=grant.epoch_id,
        model_version_id=grant.model_version_id,
        bands_id=grant.bands_id,
        call=opinion.call.value if opinion else "",
        policy=Policy(decision.verdict).value,
        routed_at=now,
    )


def _facts(
    item: Item,
    line: Line,
    seen: Seen,
    present: Present,
    *,
    speaker: int | None,
    opinion: Opinion | None,
    bands: Bands | None,
    now: datetime,
) -> RunFacts:
    run = item.run
    return RunFacts(
        level=line.level,
        is_held=present.is_held(line),
        call_threshold=line.call_threshold,
        measures={**asdict(seen.measures), **_embedded(seen, bands)},
        is_blank=seen.measures.blank,
        is_repeat=present.is_repeat(item, seen),
        # A challenge part is known to be bad and comes again and again: each time the model is asked anew.
        is_rework=run.part.ever_rejected_or_held and not run.part.is_challenge,
        is_late=now > run.model_due_at,
        drawn_truth=run.drawn_truth,
        drawn_audit=run.drawn_audit,
        drawn_control=run.drawn_control,
        probability=opinion.probability if opinion else None,
        band=certificates.band_of(bands) if bands else None,
        is_mixed=_is_mixed(item, speaker),
    )


def _is_mixed(item: Item, speaker: int | None) -> bool:
    """Whether another model has spoken for an earlier view of the run."""
    if len(item.run.views_expected) < 2:
        return False
    views = Routing.objects.filter(item__run=item.run_id, model_version__isnull=False).exclude(item=item)
    return views.exclude(model_version=speaker).exists()


def _embedded(seen: Seen, bands: Bands | None) -> dict[str, float]:
    """Return how far the image lies from the certified ones, where both are known."""
    known = certificates.embedding_of(bands)
    return {} if known is None or seen.embedding is None else {EMBEDDING: distance(seen.embedding, known)}


def _routing(
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
    return Routing(
        item=item,
        route=routed.route.value,
        reason=routed.reason,
        detail=routed.detail,
        level=line.level,
        epoch_id=item.run.epoch_id,
        **({"model_version": opinion.version} if opinion else {"model_version_id": speaker}),
        bands=bands,
        call=opinion.call.value if opinion else "",
        policy=policy.value if policy else "",
        routed_at=now,
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
    """Return the versions whose answer about the item is waited for, each with its part in it.

    What a station decided alone is looked at again by the model that it decided with.
    """
    decision = claims.of(item)
    if decision is not None and decision.grant is not None:
        return [(registry.of_id(decision.grant.model_version_id), PredictionRole.SERVING)]
    return [(registry.of_id(seer.version), seer.role) for seer in _traffic(item, item.line).live]


def silent_seers_of(item: Item) -> list[ModelVersion]:
    """Return the versions that look at the item once it has its answer, by the line as it was read with the item."""
    return [registry.of_id(seer.version) for seer in _traffic(item, item.line).silent]


def _step(line: Line) -> RolloutStep | None:
    return line.deployment.step if hasattr(line, "deployment") else None


def _step_now(item: Item) -> RolloutStep | None:
    """Return the step of the item's line at this moment: a look that nobody waits for asks for nothing else of it."""
    deployment = Deployment.objects.select_related("step__rollout").filter(line=item.line_id).first()
    return deployment.step if deployment else None


def _follow_rollout(item: Item, line: Line, examined: Examined, *, is_overdue: bool, now: datetime) -> None:
    """Ask for the looks that nobody waits for, and keep how the version that spoke did."""
    chosen = _traffic(item, line)
    if chosen.silent:
        outbox.ask(arms.SILENT, item.pk, now=now)
    said = next((opinion for opinion in examined.opinions if opinion.version.pk == chosen.speaker), None)
    has_failed = any(done.stage == Stage.PREDICT and done.outcome == Outcome.FAILED for done in examined.stages)
    # One that was never asked, because the models changed while the item was looked at, did not fail.
    if said is not None or has_failed:
        answer = Answer(said.call, said.ms) if said and not is_overdue else None
        arms.note_spoken(item.run, _step(line), speaker=chosen.speaker, answer=answer, now=now)
