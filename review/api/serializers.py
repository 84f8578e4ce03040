"""What goes out, field by field: nothing that is not named here leaves the server.

There is one form of a task for blind readings and another for those that stand beside the prediction.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers

from inspection.models import DefectClass, GoldenReference, Line, Prediction
from inspection.rules.words import Call, Level, Phase, Role
from review import adjudications, sights
from review.api.inputs import CALLS, LABELS
from review.decisions import Recorded, Undone
from review.gold_models import PlantedCall
from review.models import Adjudication, Decision, DecisionFate, ReviewTask
from review.pictures import references_of, upright_size
from review.queues import Waiting
from review.rules import blindness
from review.rules.blindness import Sight

ALONGSIDE = "alongside"
PHASES = [Phase.INITIAL.value, Phase.FINAL.value, ALONGSIDE]


class LineShown(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    product = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    waiting = serializers.IntegerField()
    leased_by_others = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(allow_null=True)
    level = serializers.CharField(allow_null=True, help_text="null where the reader may not know it")


class LinesShown(serializers.Serializer):
    results = LineShown(many=True)


class ItemShown(serializers.Serializer):
    id = serializers.UUIDField()
    image_url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    serial = serializers.CharField()
    view = serializers.CharField()
    captured_at = serializers.DateTimeField()
    reference_url = serializers.CharField(allow_null=True)


class ClassShown(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    key = serializers.IntegerField()


class PredictionShown(serializers.Serializer):
    label: Any = serializers.ChoiceField(CALLS)
    probability_band = serializers.ChoiceField(["low", "medium", "high"])
    defect_class = serializers.CharField(allow_null=True)
    heatmap_url = serializers.CharField(allow_null=True)


class BlindTask(serializers.Serializer):
    """A task as every reader gets it who must not see a prediction: at any level, for whatever purpose."""

    id = serializers.UUIDField()
    lease_token = serializers.IntegerField()
    lease_until = serializers.DateTimeField()
    item = ItemShown()
    classes = ClassShown(many=True)
    level_phase = serializers.ChoiceField(PHASES)


class AlongsideTask(BlindTask):
    prediction = PredictionShown()


class Claimed(serializers.Serializer):
    tasks = AlongsideTask(many=True, help_text="`prediction` only where `level_phase` is `alongside`")
    waiting = serializers.IntegerField()
    leased_by_others = serializers.IntegerField()
    waits_for_reveal = serializers.BooleanField(
        required=False, help_text="only where the answer to a first call may show the prediction"
    )


class RecordedShown(serializers.Serializer):
    decision_id = serializers.UUIDField()
    final_at = serializers.DateTimeField()
    reveal = PredictionShown(allow_null=True)


class UndoneShown(serializers.Serializer):
    decision_id = serializers.UUIDField()
    task = AlongsideTask(allow_null=True)
    reveal = PredictionShown(allow_null=True)


class LeaseShown(serializers.Serializer):
    lease_until = serializers.DateTimeField()


class MineShown(serializers.Serializer):
    decision_id = serializers.UUIDField()
    task = serializers.UUIDField()
    line = serializers.CharField()
    serial = serializers.CharField()
    view = serializers.CharField()
    image_url = serializers.CharField()
    label: Any = serializers.ChoiceField(LABELS)
    defect_class = serializers.CharField(allow_null=True)
    comment = serializers.CharField()
    phase = serializers.ChoiceField([phase.value for phase in Phase])
    state = serializers.ChoiceField(["provisional", DecisionFate.FINAL, DecisionFate.UNDONE, DecisionFate.AMENDED])
    decided_at = serializers.DateTimeField()
    final_at = serializers.DateTimeField()


class AllMineShown(serializers.Serializer):
    results = MineShown(many=True)


class AmendedShown(serializers.Serializer):
    decision_id = serializers.UUIDField()
    amends = serializers.UUIDField()
    state = serializers.CharField()


class CallShown(serializers.Serializer):
    label: Any = serializers.ChoiceField(LABELS)
    defect_class = serializers.CharField(allow_null=True)
    regions = serializers.ListField(child=serializers.DictField())
    comment = serializers.CharField()


class CaseShown(serializers.Serializer):
    """An open case: the image, and the calls A and B only where two people differ. Nothing says why it is open."""

    id = serializers.UUIDField()
    line = serializers.CharField()
    opened_at = serializers.DateTimeField()
    item = ItemShown()
    classes = ClassShown(many=True)
    calls = CallShown(many=True, help_text="A, then B, in random order; empty where the image stands alone")


class CasesShown(serializers.Serializer):
    results = CaseShown(many=True)


class ModelShown(serializers.Serializer):
    model = serializers.CharField()
    label: Any = serializers.ChoiceField(CALLS)
    probability = serializers.FloatField()
    defect_class = serializers.CharField(allow_null=True)


class RuledShown(serializers.Serializer):
    id = serializers.UUIDField()
    label: Any = serializers.ChoiceField(LABELS)
    defect_class = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    ruled_at = serializers.DateTimeField()
    models = ModelShown(many=True)


class HeatmapShown(serializers.Serializer):
    columns = serializers.IntegerField()
    rows = serializers.IntegerField()
    cells = serializers.ListField(child=serializers.IntegerField(), help_text="0 to 255, row by row")


# Filling --------------------------------------------------------------------------------------------------------


def line_shown(found: Waiting, roles: Collection[Role]) -> dict[str, Any]:
    """Fill a line; its level only for whom the rule allows it."""
    line = found.line
    told = blindness.tells_level(Level(line.level), roles)
    facts = {
        "slug": line.slug,
        "name": line.local_name,
        "product": line.product.sku,
        "roles": sorted(role.value for role in roles),
        "level": line.level if told else None,
    }
    counted = {name: getattr(found, name) for name in ("waiting", "leased_by_others", "oldest_at")}
    return LineShown(facts | counted).data


def tasks_shown(tasks: list[ReviewTask], line: Line, *, phase: str = Phase.INITIAL.value) -> list[dict[str, Any]]:
    """Fill leased tasks of one line, each in the form that its sight allows."""
    if not tasks:
        return []
    classes, golden = classes_shown(line), references_of(line)
    said = _beside([task for task in tasks if sights.of(task) == Sight.ALONGSIDE])
    return [_task_shown(task, line, phase, classes, golden, said.get(task.item_id)) for task in tasks]


def _beside(tasks: list[ReviewTask]) -> dict[UUID, Prediction | PlantedCall]:
    """Return by item what stands beside the images; both kinds are always looked up, so that neither takes longer."""
    if not tasks:
        return {}
    items = {task.pk: task.item_id for task in tasks}
    planted = {items[one.pk]: one for one in sights.planted_of(items)}
    return {one.item_id: one for one in sights.showable_of(items.values())} | planted


def _task_shown(
    task: ReviewTask,
    line: Line,
    phase: str,
    classes: list[dict[str, Any]],
    golden: Mapping[str, GoldenReference],
    prediction: Prediction | PlantedCall | None,
) -> dict[str, Any]:
    facts = {
        "id": task.pk,
        "lease_token": task.lease_token,
        "lease_until": task.lease_until,
        "item": item_facts(task, line, golden, image_url=reverse("api-task-image", args=[task.pk])),
        "classes": classes,
        "level_phase": phase,
    }
    if prediction is None:
        return BlindTask(facts).data
    beside = {"level_phase": ALONGSIDE, "prediction": prediction_facts(prediction, task)}
    return AlongsideTask(facts | beside).data


def item_facts(
    row: ReviewTask | Adjudication, line: Line, golden: Mapping[str, GoldenReference], *, image_url: str
) -> dict[str, Any]:
    """Return what is told about an image; its address belongs to the task or case, not to the image."""
    item = row.item
    width, height = upright_size(item)
    reference = golden.get(item.view)
    return {
        "id": item.pk,
        "image_url": image_url,
        "width": width,
        "height": height,
        "serial": row.run.part.serial,
        "view": item.view,
        "captured_at": item.captured_at,
        "reference_url": reverse("api-reference", args=[line.slug, item.view]) if reference else None,
    }


def classes_shown(line: Line) -> list[dict[str, Any]]:
    in_use = DefectClass.objects.filter(line=line, retired_at=None).order_by("key")
    return [{"code": one.code, "name": one.local_name, "key": one.key} for one in in_use]


def prediction_facts(prediction: Prediction | PlantedCall, task: ReviewTask) -> dict[str, Any]:
    """Return the words in which a reader hears of a prediction: no score, no digits."""
    call = Call(prediction.call)
    return {
        "label": call.value,
        "probability_band": blindness.probability_band(prediction.probability, call),
        "defect_class": prediction.defect_class or None,
        "heatmap_url": reverse("api-task-heatmap", args=[task.pk]) if prediction.heatmap_columns else None,
    }


def recorded_shown(recorded: Recorded, task: ReviewTask) -> dict[str, Any]:
    reveal = recorded.reveal
    facts = {
        "decision_id": recorded.decision.pk,
        "final_at": recorded.decision.final_at,
        "reveal": prediction_facts(reveal, task) if reveal else None,
    }
    return RecordedShown(facts).data


def undone_shown(undone: Undone, *, decision_id: UUID) -> dict[str, Any]:
    """Fill the task that is leased again, with the prediction where it was revealed before."""
    task, reveal = undone.task, undone.reveal
    phase = Phase.FINAL if undone.reopens_final else Phase.INITIAL
    return {
        "decision_id": str(decision_id),
        "task": tasks_shown([task], task.line, phase=phase.value)[0] if task else None,
        "reveal": PredictionShown(prediction_facts(reveal, task)).data if task and reveal else None,
    }


def mine_shown(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    return [_mine_shown(decision) for decision in decisions]


def _mine_shown(decision: Decision) -> dict[str, Any]:
    task = decision.task
    facts = {
        "decision_id": decision.pk,
        "task": task.pk,
        "line": task.line.slug,
        "serial": task.run.part.serial,
        "view": task.item.view,
        "image_url": reverse("api-task-image", args=[task.pk]),
        "label": decision.label,
        "defect_class": decision.defect_class or None,
        "comment": decision.comment,
        "phase": decision.phase,
        "state": decision.fate.fate if hasattr(decision, "fate") else "provisional",
        "decided_at": decision.decided_at,
        "final_at": decision.final_at,
    }
    return MineShown(facts).data


def cases_shown(cases: Iterable[Adjudication]) -> list[dict[str, Any]]:
    """Fill open cases; classes and references are looked up once a line."""
    by_line: dict[int, tuple[list[dict[str, Any]], dict[str, GoldenReference]]] = {}
    filled = []
    for case in cases:
        if case.line_id not in by_line:
            by_line[case.line_id] = (classes_shown(case.line), references_of(case.line))
        filled.append(_case_shown(case, *by_line[case.line_id]))
    return filled


def _case_shown(
    case: Adjudication, classes: list[dict[str, Any]], golden: Mapping[str, GoldenReference]
) -> dict[str, Any]:
    calls = [
        {
            "label": call.label,
            "defect_class": call.defect_class or None,
            "regions": call.regions,
            "comment": call.comment,
        }
        for call in adjudications.shown(case)
    ]
    facts = {
        "id": case.pk,
        "line": case.line.slug,
        "opened_at": case.opened_at,
        "item": item_facts(case, case.line, golden, image_url=reverse("api-case-image", args=[case.pk])),
        "classes": classes,
        "calls": calls,
    }
    return CaseShown(facts).data


def ruled_shown(case: Adjudication) -> dict[str, Any]:
    """Fill a case that is ruled: only now with what the models said."""
    facts = {
        "id": case.pk,
        "label": case.label,
        "defect_class": case.defect_class or None,
        "reason": case.reason,
        "ruled_at": case.ruled_at,
        "models": [
            {
                "model": str(one.model_version),
                "label": one.call,
                "probability": one.probability,
                "defect_class": one.defect_class or None,
            }
            for one in adjudications.predictions_after(case)
        ],
    }
    return RuledShown(facts).data
