"""What a rollout sees of its two versions, run by run, and the evidence that adds up to.

Every fact is a row of its own, inserted by whoever learns it: no counter is shared, and writing twice changes nothing.
What people said of a run may change with a later ruling: a further row takes the one before it back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef

from inspection import arm_counts
from inspection.models import ArmEvent, Item, Line, ModelVersion, Outbox, Prediction, RolloutStep, Routing, Run
from inspection.models.rollout import ASKED, DROPPED, OVERRULED, READ, SEEN
from inspection.rules.rollouts import OF_READERS, UNANSWERED_MAX, Arm, Evidence, Guard, Phase, Tally, compared
from inspection.rules.words import Call, Label, Level

SILENT = "item.silent"
"""Topic of the looks that nobody waits for."""
LATENCY_WINDOW = timedelta(hours=24)
LATENCY_SAMPLE = 5000
ASKED_WITHIN = timedelta(hours=8)
ASKED_MAX = 100
"""On how many runs at most people are asked in that time because the two versions differ."""

# What hangs on rulings, which may still come and may change.
_RULED = frozenset({Guard.RULINGS, Guard.ESCAPES})

Failures = Mapping[Arm, Collection[Guard]]


@dataclass(frozen=True)
class Answer:
    """What a version said about one image, and how long it took."""

    call: Call
    ms: float


@dataclass(frozen=True, kw_only=True)
class ImageRead:
    """What people have said about one image: the first call, and the ruling where there is one, or is to come."""

    item: UUID
    first: Label
    ruled: Label | None = None
    awaits_ruling: bool = False


# Facts ----------------------------------------------------------------------------------------------------------


def note_spoken(
    run: Run, step: RolloutStep | None, *, speaker: int | None, answer: Answer | None, now: datetime
) -> None:
    """Keep how the version that speaks for a run of a canary did. `answer` is None where it gave none."""
    if step is None or step.phase != Phase.CANARY or not _is_of(step, run):
        return
    arms = [arm for arm, version in step.rollout.versions.items() if version == speaker]
    _keep(step, run, {arm: _of_answer(step, answer) for arm in arms}, seen=SEEN, now=now)


def note_pair(run: Run, step: RolloutStep, *, looked_at: UUID, now: datetime) -> bool:
    """Keep how both versions did on a run that both see, once the last of its views was looked at.

    A run of which a look was dropped was not seen: what nobody asked for is no missing answer. Returns whether people
    are to be asked which of the two is right.
    """
    if len(run.views_expected) > 1:
        # Of two views that are looked at at once, the second one sees the first.
        Run.objects.select_for_update(no_key=True).values_list("pk").get(pk=run.pk)
    items = list(run.items.values_list("pk", flat=True))
    others = [item for item in items if item != looked_at]
    if len(items) < len(run.views_expected) or not _is_of(step, run) or _lacks_a_look(run, step, others):
        return False
    answers = _answers(run, step)
    failures = {arm: {guard for item in items for guard in _of_answer(step, answers[arm].get(item))} for arm in answers}
    _keep(step, run, failures, seen=SEEN, now=now)
    return _asks(run, step, answers, items=items, now=now)


def _asks(
    run: Run, step: RolloutStep, answers: Mapping[Arm, Mapping[UUID, Answer]], *, items: Sequence[UUID], now: datetime
) -> bool:
    """Note that people are asked about a run that the line may have decided alone, where the two versions differ.

    Whether somebody reads it anyway plays no part: which runs are compared must not hang on how sure a version was.
    """
    calls = [{found[item].call for found in answers.values() if item in found} for item in items]
    is_whole = len(answers) == len(Arm) and all(len(found) == len(items) for found in answers.values())
    if not is_whole or all(len(said) == 1 for said in calls) or _is_sampled(run):
        return False
    asked = step.events.filter(arm=Arm.CANDIDATE.value, kind=ASKED, seen_at__gt=now - ASKED_WITHIN)
    if asked.count() >= ASKED_MAX:
        return False
    event = ArmEvent(step=step, run=run, arm=Arm.CANDIDATE.value, kind=ASKED, seen_at=now)
    ArmEvent.objects.bulk_create([event], ignore_conflicts=True)
    return True


def note_dropped(run: Run, step: RolloutStep, *, now: datetime) -> None:
    """Count a run that nobody had time to look at silently."""
    event = ArmEvent(step=step, run=run, arm=Arm.CANDIDATE.value, kind=DROPPED, seen_at=now)
    ArmEvent.objects.bulk_create([event], ignore_conflicts=True)


def note_readings(images: Mapping[Run, Sequence[ImageRead]], *, now: datetime) -> None:
    """Set what people said about runs, each read whole, against the versions that saw them, in the step they did.

    At `partial` and `full` drawn runs count, since of the others people see more of a version that may not decide; and
    the rulings on runs about which they were asked because the two differ, each of which one version had wrong.
    Rulings of a run count once none of its images waits for its own, and a later one corrects what was counted.
    Called under the runs' locks. Runs that no rollout saw cost one statement together.
    """
    noted: dict[UUID, list[ArmEvent]] = defaultdict(list)
    kinds = (SEEN, READ, ASKED, OVERRULED, *(guard.value for guard in OF_READERS))
    found = ArmEvent.objects.filter(run__in=list(images), kind__in=kinds).select_related("step__rollout")
    for event in found.order_by("n"):
        noted[event.run_id].append(event)
    for run, read in images.items():
        _note_reading(run, read, noted[run.pk], now=now)


def _note_reading(run: Run, images: Sequence[ImageRead], noted: Sequence[ArmEvent], *, now: datetime) -> None:
    steps = {event.step.pk: event.step for event in noted if event.kind == SEEN}
    arms = {(event.step_id, event.arm) for event in noted if event.kind == SEEN}
    judged = [image for image in images if image.first != Label.CANNOT_JUDGE]
    if not steps or not judged:
        return
    is_sampled, awaits = _is_sampled(run), any(image.awaits_ruling for image in images)
    left_open = _RULED if awaits else frozenset()
    for step in steps.values():
        mine = [event for event in noted if event.step_id == step.pk]
        answers = {arm: said for arm, said in _answers(run, step).items() if (step.pk, arm) in arms}
        failures = {arm: _of_reading(run, judged, said) - left_open for arm, said in answers.items()}
        if is_sampled:
            rows = _rows(step, run, failures, seen=READ, now=now)
        elif not awaits and any(event.kind == ASKED for event in mine):
            rows = _overruled(step, run, failures, now=now)
        else:
            continue
        before = [event for event in mine if event.kind not in {SEEN, ASKED, *left_open}]
        ArmEvent.objects.bulk_create(_changes(before, rows, now=now), ignore_conflicts=True)


def _overruled(step: RolloutStep, run: Run, failures: Failures, *, now: datetime) -> list[ArmEvent]:
    """Return which version was overruled on a run that people were asked about, where it was one of the two."""
    arms = [arm for arm, failed in failures.items() if Guard.RULINGS in failed]
    kept = compared(Guard.RULINGS, Phase(step.phase), {arm: arm in arms for arm in failures}, position=0.0)
    return [ArmEvent(step=step, run=run, arm=arm.value, kind=OVERRULED, is_compared=True, seen_at=now) for arm in kept]


def _changes(noted: Iterable[ArmEvent], rows: Iterable[ArmEvent], *, now: datetime) -> Iterator[ArmEvent]:
    """Return what must be written so that `rows` hold where `noted` was written, in its order."""
    newest = {(event.arm, event.kind): event for event in noted}
    wanted = {(event.arm, event.kind): event for event in rows}
    for key in {**newest, **wanted}:
        last, row = newest.get(key), wanted.get(key)
        n = last.n + 1 if last else 0
        if last and last.weight > 0:
            if row and row.is_compared == last.is_compared:
                continue
            arm, kind, counts = last.arm, last.kind, last.is_compared
            yield ArmEvent(
                step=last.step, run_id=last.run_id, arm=arm, kind=kind, is_compared=counts, n=n, weight=-1, seen_at=now
            )
            n += 1
        if row:
            row.n = n
            yield row


def _is_of(step: RolloutStep, run: Run) -> bool:
    """Say whether the run came when the step had begun: what was in flight belongs to neither."""
    return run.opened_at >= step.began_at


def _lacks_a_look(run: Run, step: RolloutStep, others: Sequence[UUID]) -> bool:
    """Say whether one of the other views still waits for a look, live or silent, or will never have its silent one.

    A view whose file cannot be decoded, or that stepped aside for fresher ones, is never ordered to be looked at.
    """
    looked_at = Outbox.objects.filter(topic=SILENT, key__in=[str(item) for item in others]).exclude(done_at=None)
    return looked_at.count() < len(others) or step.events.filter(run=run, kind=DROPPED).exists()


def _is_sampled(run: Run) -> bool:
    levels = Routing.objects.filter(item__run=run).values_list("level", flat=True)
    is_drawn = run.drawn_truth or run.drawn_audit or run.drawn_control
    return is_drawn or all(Level(level).rung <= Level.ASSIST.rung for level in levels)


def _of_answer(step: RolloutStep, answer: Answer | None) -> set[Guard]:
    if answer is None:
        return {Guard.ERRORS}
    failures = {Guard.LATENCY} if answer.ms > step.latency_limit_ms else set()
    return failures | ({Guard.CALLS} if answer.call == Call.DEFECT else set())


def _of_reading(run: Run, images: Iterable[ImageRead], said: Mapping[UUID, Answer]) -> set[Guard]:
    failures = set()
    for image in images:
        answer = said.get(image.item)
        if answer is None:
            continue
        if answer.call.value != image.first.value:
            failures.add(Guard.OVERTURNS)
        if image.ruled in (Label.PASS, Label.DEFECT) and answer.call.value != image.ruled.value:
            failures.add(Guard.RULINGS)
        # Only what is ruled on alike for both versions: a person saw the defect, or the run was drawn for the truth.
        was_looked_for = image.first == Label.DEFECT or run.drawn_truth
        if answer.call == Call.PASS and image.ruled == Label.DEFECT and was_looked_for:
            failures.add(Guard.ESCAPES)
    return failures


def _answers(run: Run, step: RolloutStep) -> dict[Arm, dict[UUID, Answer]]:
    versions = step.rollout.versions
    said: dict[Arm, dict[UUID, Answer]] = {arm: {} for arm in versions}
    arms = {version: arm for arm, version in versions.items()}
    predictions = Prediction.objects.filter(item__run=run, model_version__in=arms)
    for item, version, call, ms in predictions.values_list("item", "model_version", "call", "ms"):
        said[arms[version]][item] = Answer(Call(call), ms)
    return said


def _keep(step: RolloutStep, run: Run, failures: Failures, *, seen: str, now: datetime) -> None:
    ArmEvent.objects.bulk_create(_rows(step, run, failures, seen=seen, now=now), ignore_conflicts=True)


def _rows(step: RolloutStep, run: Run, failures: Failures, *, seen: str, now: datetime) -> list[ArmEvent]:
    phase = Phase(step.phase)
    rows = []
    for arm, failed in failures.items():
        rows.append(ArmEvent(step=step, run=run, arm=arm.value, kind=seen, seen_at=now))
        for guard in failed:
            others = {other: guard in found for other, found in failures.items()}
            counts = arm in compared(guard, phase, others, position=run.canary_position)
            rows.append(ArmEvent(step=step, run=run, arm=arm.value, kind=guard.value, is_compared=counts, seen_at=now))
    return rows


# Evidence -------------------------------------------------------------------------------------------------------


def evidence_of(step: RolloutStep, *, now: datetime) -> Evidence:
    """Return all that the step has shown so far."""
    found = arm_counts.counted(step)
    return Evidence(
        candidate=_tally(found, Arm.CANDIDATE),
        incumbent=_tally(found, Arm.INCUMBENT),
        hours=((step.ended_at or now) - step.began_at).total_seconds() / 3600,
        unanswered=_unanswered(step),
    )


def dropped(step: RolloutStep) -> int:
    """Return how many runs the candidate should have seen silently and did not."""
    return step.events.filter(kind=DROPPED).count()


def latency_limit(line: Line, version: ModelVersion | None, *, now: datetime) -> float:
    """Return the time above which an answer is slow: the version's own p95 of the last day, or the takt if longer."""
    said = Prediction.objects.filter(item__line=line, model_version=version, created_at__gte=now - LATENCY_WINDOW)
    return max(_p95(said.order_by("-pk").values_list("ms", flat=True)[:LATENCY_SAMPLE]) or 0.0, line.takt_s * 1000)


def p95_ms(step: RolloutStep) -> dict[Arm, float | None]:
    """Return for each version within which time it gave 95 of 100 answers on the newest runs that count for it."""
    found: dict[Arm, float | None] = dict.fromkeys(Arm)
    for arm, version in step.rollout.versions.items():
        seen = step.events.filter(arm=arm.value, kind=SEEN).order_by("-pk")
        newest = seen.values("run")[:LATENCY_SAMPLE]
        said = Prediction.objects.filter(item__run__in=newest, model_version=version)
        found[arm] = _p95(said.values_list("ms", flat=True))
    return found


def _p95(times: Iterable[float]) -> float | None:
    ordered = sorted(times)
    return ordered[int(0.95 * (len(ordered) - 1))] if ordered else None


def _tally(found: Mapping[tuple[str, str, bool], int], arm: Arm) -> Tally:
    def count(kind: str, *of: bool) -> int:
        return sum(found.get((arm.value, kind, is_compared), 0) for is_compared in of)

    counted = {guard: count(guard.value, True) for guard in Guard}
    return Tally(
        seen=count(SEEN, False),
        read=count(READ, False),
        failures={guard: count(guard.value, True, False) for guard in Guard},
        compared={**counted, Guard.RULINGS: counted[Guard.RULINGS] + count(OVERRULED, True)},
    )


def _unanswered(step: RolloutStep) -> int:
    """Return how many of the candidate's last runs in a row had no answer, up to the number that matters.

    An answer that came too late is none of these: the worker may have been away. Nor is one where the other version,
    which saw the same run, failed on it as well: what failed is not the candidate. Both count as errors all the same.
    """
    mine = step.events.filter(arm=Arm.CANDIDATE.value)
    last = list(mine.filter(kind=SEEN).order_by("-pk").values_list("run", flat=True)[:UNANSWERED_MAX])
    errors = step.events.filter(kind=Guard.ERRORS.value, run__in=last).values_list("arm", "run")
    failed = {run for arm, run in errors if arm == Arm.CANDIDATE.value}
    if Phase(step.phase).is_paired:
        failed -= {run for arm, run in errors if arm == Arm.INCUMBENT.value}
    failed &= _never_answered(step, failed)
    return next((n for n, run in enumerate(last) if run not in failed), len(last))


def _never_answered(step: RolloutStep, runs: Collection[UUID]) -> set[UUID]:
    """Return the runs with an image of which the candidate has said nothing, not even too late."""
    if not runs:
        return set()
    said = Prediction.objects.filter(item=OuterRef("pk"), model_version=step.rollout.candidate_id)
    return set(Item.objects.filter(~Exists(said), run__in=runs).values_list("run", flat=True))
