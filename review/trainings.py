"""Trainings: wished for by a person or a rule, run one at a time in a child process, ending in a candidate in shadow.

Nothing here puts a model into service. A worker that dies leaves a training that fails with a sentence.
"""

import importlib.util
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Subquery

from inspection import fitter, outbox, registry, rollouts
from inspection.fitter import Answer, FittingFailed, Unwanted
from inspection.learning import backbone_file, classes_of
from inspection.models import Line, ModelVersion, Rollout, User
from inspection.rules.words import Origin, RolloutStrategy
from review import bank, errors, snapshots
from review.rules.trainings import Cause, State
from review.training_models import HeldBack, Snapshot, SnapshotImage, Training
from vision.architectures import ARCHITECTURES
from vision.dataset import Sample
from vision.model_files import ModelRefused
from vision.serving import CARD_FILE, ModelMissing

TOPIC = "training.asked"
MINUTES, MINUTES_MAX = 10, 240
# A worker writes a sign of life every two seconds, unless the database is busy.
SHOWN_EVERY = timedelta(seconds=2)
SILENT_AFTER = timedelta(seconds=90)
BATCH = 500
WAITS = "Another rollout is open on the line; the version waits in the registry."

Fit = Callable[..., list[Answer]]
Clock = Callable[[], datetime]


class UnknownArchitecture(Exception):
    """The architecture is none of the allow-list."""


class WithoutTorch(Exception):
    """Nothing can be trained on this machine: torch is not installed."""


class AlreadyAsked(Exception):
    """The line has a training that waits or runs."""


class SealedSince(Exception):
    """Images of the snapshot were sealed since it was taken; a new one leaves them out."""


class IsOver(Exception):
    """The training has ended."""


# Asking ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    snapshot: Snapshot, *, architecture: str, minutes: int, cause: Cause, by: User | None, now: datetime
) -> Training:
    """Wish for a model from a snapshot. A worker takes the wish up when no other training runs.

    Raises UnknownArchitecture, WithoutTorch, AlreadyAsked or SealedSince.
    """
    line = Line.objects.select_for_update().get(pk=snapshot.line_id)
    if architecture not in ARCHITECTURES:
        raise UnknownArchitecture(f"There is no architecture {architecture!r}.")
    if importlib.util.find_spec("torch") is None:
        raise WithoutTorch("Training needs torch.")
    if of_line(line).filter(state__in=(State.WAITING.value, State.RUNNING.value)).exists():
        raise AlreadyAsked(f"{line} has a training that waits or runs.")
    if snapshots.leaks(line, snapshot):
        raise SealedSince(f"{snapshot} holds images that were sealed since.")
    training = Training.objects.create(
        snapshot=snapshot,
        architecture=architecture,
        minutes=minutes,
        cause=cause.value,
        parent=registry.serving(line),
        asked_by=by,
        asked_at=now,
    )
    outbox.ask(TOPIC, training.pk, now=now)
    return training


def cancel(training: Training, *, by: User, now: datetime) -> None:
    """End a training that waits or runs; its child is gone within seconds. Raises IsOver."""
    if not training.move(to=State.CANCELLED, cancelled_by=by, ended_at=now):
        raise IsOver(f"Training {training.pk} is over.")


def of_line(line: Line) -> Any:
    """Return the trainings of a line."""
    return Training.objects.filter(snapshot__line=line)


def sweep(*, now: datetime) -> int:
    """Fail the training whose worker has shown no sign of life. Return how many."""
    silent = Training.objects.filter(state=State.RUNNING.value, seen_at__lt=now - SILENT_AFTER)
    message = "The worker ended while it was learning. Nothing was registered; start it again."
    return sum(training.move(to=State.FAILED, message=message, ended_at=now) for training in silent)


def follow_waiting(*, now: datetime) -> int:
    """Put versions that waited for another rollout to end beside their lines. Return how many.

    Of several trainings of a line only the last one counts: a version that somebody has put on the line waits no more.
    """
    newest = Training.objects.filter(state=State.DONE.value, snapshot__line=OuterRef("snapshot__line"))
    waiting = Training.objects.filter(
        ~Exists(Rollout.objects.filter(candidate=OuterRef("version"))),
        state=State.DONE.value,
        message=WAITS,
        pk=Subquery(newest.order_by("-ended_at", "-pk").values("pk")[:1]),
    )
    put = 0
    for training in waiting.select_related("version", "snapshot__line", "asked_by"):
        # The database lets none be done without its version.
        rollout, message = _into_shadow(training, cast("ModelVersion", training.version), now=now)
        Training.objects.filter(pk=training.pk).update(rollout=rollout, message=message)
        put += rollout is not None
    return put


# Running --------------------------------------------------------------------------------------------------------


def run(key: str, *, clock: Clock, fit: Fit = fitter.fit) -> Training | None:
    """Take up a training and bring it to its end. None where it is over already, or another one runs."""
    training = _take_up(int(key), now=clock())
    if training is None:
        return None
    try:
        _learn(training, clock=clock, fit=fit)
    except Unwanted:
        training.refresh_from_db()
    except (FittingFailed, ModelRefused, ModelMissing) as failure:
        training.move(to=State.FAILED, message=str(failure)[:300], ended_at=clock())
    return training


def is_waiting(key: str) -> bool:
    """Say whether a training has not begun."""
    return Training.objects.filter(pk=int(key), state=State.WAITING.value).exists()


def fail(key: str, *, now: datetime) -> None:
    """Close a training that met an error nobody foresaw."""
    for training in Training.objects.filter(pk=int(key)):
        training.move(
            to=State.FAILED, message="An unexpected error; the log of the training worker says which.", ended_at=now
        )


def _take_up(pk: int, *, now: datetime) -> Training | None:
    """Take a waiting training for this worker. The database lets one run at a time."""
    waiting = Training.objects.filter(pk=pk, state=State.WAITING.value)
    try:
        with transaction.atomic():
            taken = waiting.update(state=State.RUNNING.value, started_at=now, seen_at=now)
    except IntegrityError:
        return None
    return Training.objects.select_related("snapshot__line", "parent", "asked_by").get(pk=pk) if taken else None


def _learn(training: Training, *, clock: Clock, fit: Fit) -> None:
    with snapshots.samples(training.snapshot) as lent, tempfile.TemporaryDirectory(prefix="tollgate-model-") as folder:
        order = _order(training, [sample for _, sample in lent], now=clock())
        watch = _Watch(training, clock)
        answers = fit(order, Path(folder), is_wanted=watch)
        held_back = _matched(answers, lent)
        _tell_slices(Path(folder), training, held_back)
        # Its files are checked for some seconds without a sign of life.
        if not watch(None):
            raise Unwanted
        registry.register(
            Path(folder),
            name=order["card"]["name"],
            origin=Origin.TRAINING,
            by=training.asked_by,
            then=lambda version: _close(training, version, [member for member, _ in lent], held_back, now=clock()),
            now=clock(),
        )


def _order(training: Training, samples: Sequence[Sample], *, now: datetime) -> dict[str, Any]:
    """Return the order for the child, with all that the model's card shall say of where it came from."""
    snapshot, line = training.snapshot, training.snapshot.line
    architecture = ARCHITECTURES[training.architecture]
    card = {
        "name": f"{line.slug}-{training.architecture}",
        "line": line.slug,
        "source": "labels of the line",
        "snapshot": f"{line.slug}/{snapshot}",
        "snapshot_sha256": snapshot.sha256,
        "parent": str(training.parent or ""),
        "trained_at": now.isoformat(),
    }
    return {
        "samples": [{**asdict(sample), "path": str(sample.path)} for sample in samples],
        "architecture": training.architecture,
        "classes": classes_of(line, samples, parent=training.parent, good_only=architecture.good_only),
        "minutes": training.minutes,
        "backbone": str(backbone_file()),
        "seed": snapshots.SEED,
        "card": card,
    }


class _Watch:
    """Keeps the row in step with the child, and says whether the training is still wanted."""

    def __init__(self, training: Training, clock: Clock) -> None:
        self._training = training
        self._clock = clock
        self._shown_at: datetime | None = None

    def __call__(self, told: Mapping[str, Any] | None) -> bool:
        now = self._clock()
        is_epoch = told is not None and told["stage"] == "train"
        if told is not None:
            self._note(told)
        if not is_epoch and self._shown_at is not None and now - self._shown_at < SHOWN_EVERY:
            return True
        self._shown_at = now
        one = self._training
        facts = {"stage": one.stage, "done": one.done, "total": one.total, "curve": one.curve, "seen_at": now}
        return bool(Training.objects.filter(pk=one.pk, state=State.RUNNING.value).update(**facts))

    def _note(self, told: Mapping[str, Any]) -> None:
        one = self._training
        one.stage, one.done, one.total = told["stage"], told["done"], told["total"]
        if told.get("held_back_loss") is not None:
            one.curve = [*one.curve, [round(told["loss"], 5), round(told["held_back_loss"], 5)]]


Lent = Sequence[tuple[SnapshotImage, Sample]]
Matched = list[tuple[SnapshotImage, float]]


def _matched(answers: Sequence[Answer], lent: Lent) -> Matched:
    members = {str(sample.path): member for member, sample in lent}
    return [(members[answer.path], answer.probability) for answer in answers]


def _tell_slices(folder: Path, training: Training, held_back: Matched) -> None:
    """Write into the card how good the model is on each class, station, shift and light of its test images."""
    shown = errors.shown(training.snapshot.line, held_back)
    told = [one.plain() for one in errors.slices_of(training.snapshot.line, shown)]
    card = folder / CARD_FILE
    card.write_text(json.dumps({**json.loads(card.read_text()), "slices": told}, indent=1, ensure_ascii=False) + "\n")


def _close(
    training: Training, version: ModelVersion, members: Sequence[SnapshotImage], held_back: Matched, *, now: datetime
) -> None:
    """Keep what the version learned from and says of the rest, and let it watch in shadow.

    Raises Unwanted where the training has ended while its files were checked: then the version is not registered.
    """
    if not training.move(to=State.DONE, version=version, ended_at=now):
        raise Unwanted
    bank.note_training(version, ((member.sha256, str(member.item.run.part_id)) for member in members))
    rows = (HeldBack(training=training, member=member, probability=p) for member, p in held_back)
    HeldBack.objects.bulk_create(rows, batch_size=BATCH)
    rollout, message = _into_shadow(training, version, now=now)
    Training.objects.filter(pk=training.pk).update(rollout=rollout, message=message)


def _into_shadow(training: Training, version: ModelVersion, *, now: datetime) -> tuple[Rollout | None, str]:
    """Put the version beside what serves the line, where it decides nothing. Return why not, where it cannot."""
    try:
        with transaction.atomic():
            return rollouts.start(
                training.snapshot.line,
                version,
                strategy=RolloutStrategy.SHADOW,
                by=training.asked_by,
                reason=f"trained on {training.snapshot}",
                now=now,
            ), ""
    except rollouts.RolloutOpen:
        return None, WAITS
    except rollouts.ClassMissing:
        return None, "It does not know every class of the serving version; it waits in the registry."
