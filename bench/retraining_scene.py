"""The scene of `bench.retraining`: a line whose parts change, and the leads that train and move the rollout on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from sklearn.metrics import roc_auc_score

from inspection import rollouts
from inspection.models import Membership, ModelVersion, Prediction, RolloutStep, User
from inspection.rules.words import Level, Role
from monitoring.simulation.factory import Factory, Habits
from monitoring.simulation.parts import Made
from monitoring.simulation.scenarios import Scenario
from monitoring.simulation.world import World
from review import snapshots, trainings
from review.models import Training
from review.rules.trainings import Cause
from vision.dataset import OTHER

# Nobody may answer for more than a quarter of what a model learns: three readers are too few.
MORE_READERS = 3


class Kinds(Protocol):
    """What the scene asks of the shelf: kinds with their weights, and the kind of each part to learn from."""

    classes: dict[str, float]
    to_learn: list[str]


class OtherParts(Scenario):
    """First the parts to learn from, then the training, then parts that nobody has learned until the rollout ends."""

    name = "retraining"

    def __init__(self, shelf: Kinds, *, architecture: str, minutes: int, items: int) -> None:
        super().__init__(items=items, from_level=Level.SHADOW)
        self._shelf, self._architecture, self._minutes = shelf, architecture, minutes
        self._training: Training | None = None

    def factory(self) -> Factory:
        return Factory(
            defect_rate=0.5,
            # What the serving model says is a class of the line too; no part shows it.
            classes={**self._shelf.classes, OTHER: 0.0},
            # Labels of two readers: what the truth draw takes is sealed from training.
            truth_share=0.05,
            overlap_share=1.0,
            bank=0,
            inspectors=Habits(miss=0.005, false_alarm=0.0, cannot_judge=0.0),
            parts_per_tick=48,
        )

    def begin(self, world: World) -> None:
        for n in range(MORE_READERS):
            user = User.objects.create_user(f"reader-{n}")
            Membership.objects.create(user=user, role=Role.INSPECTOR, is_founding=True, granted_at=world.now)
            world.inspectors.users.append(user)

    def make(self, world: World, made: Made) -> Made:
        if made.index >= len(self._shelf.to_learn):
            return made
        kind = self._shelf.to_learn[made.index]
        return replace(made, is_defect=bool(kind), defect_class=kind)

    def after(self, world: World) -> None:
        if self._training is None and len(world.made) >= len(self._shelf.to_learn):
            world.settle()
            self._train(world)

    def _train(self, world: World) -> None:
        snapshot = snapshots.take(world.line, query="", by=world.leads.first, now=world.now)
        self._training = trainings.ask(
            snapshot,
            architecture=self._architecture,
            minutes=self._minutes,
            cause=Cause.PERSON,
            by=world.leads.first,
            now=world.now,
        )
        trainings.run(str(self._training.pk), clock=lambda: world.now)
        self._training.refresh_from_db()

    def is_over(self, world: World) -> bool:
        return self._training is not None and not rollouts.open_rollouts()

    def figures(self, world: World) -> dict[str, Any]:
        training = self._training
        if training is None or training.rollout is None:
            return {"outcome": training.message if training else "no training"}
        steps = RolloutStep.objects.filter(rollout=training.rollout).order_by("began_at")
        unseen = [made for made in world.made if made.index >= len(self._shelf.to_learn)]
        return {
            "snapshot": f"{training.snapshot.images} images, {training.snapshot.defects} defects",
            "left out of it": training.snapshot.left_out,
            "held back in training": _card(training.version),
            "serving before, on unseen parts": _told(world, unseen, training.parent),
            "candidate, on unseen parts": _told(world, unseen, training.version),
            "steps, at part": [f"{step.phase} {step.share:.0%} at {world.index_at(step.began_at)}" for step in steps],
            "outcome": training.rollout.outcome,
            "serves at the end": str(world.line.epoch.model_version),
        }


def _card(version: ModelVersion) -> dict[str, float]:
    found = version.card["figures"]
    return {name: round(found[name], 4) for name in ("auc", "auc_low", "auc_high")}


def _told(world: World, parts: Sequence[Made], version: ModelVersion) -> dict[str, Any]:
    """Return how a version judged the parts that it saw: pictures come again, so this is no evidence of its own."""
    truths = {made.serial: made.is_defect for made in parts}
    rows = Prediction.objects.filter(model_version=version)
    rows = rows.values_list("item__run__part__serial", "probability", "call")
    said = [(truths[serial], p, call) for serial, p, call in rows if serial in truths]
    bad = [call for is_defect, _, call in said if is_defect]
    good = [call for is_defect, _, call in said if not is_defect]
    return {
        "parts": len(said),
        "auc": round(roc_auc_score([is_defect for is_defect, *_ in said], [p for _, p, _ in said]), 4),
        "escaped": round(bad.count("pass") / len(bad), 4),
        "rejected": round(good.count("defect") / len(good), 4),
    }
