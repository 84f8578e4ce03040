"""The sheet of a gauge study, made from what people answered and what the model had said of the same images."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from inspection.models import Prediction
from inspection.rules.words import Call, Label
from review import sessions
from review.bank_models import BankScore
from review.gold_models import GaugeStudy
from review.rules import gauge
from review.rules.gauge import DEFECT, PASS, UNSURE, Index, Share, Sheet
from vision import routing

COLUMNS = (
    "measure", "appraiser", "against", "k", "n", "share", "low", "high",
    "kappa", "kappa_low", "kappa_high", "ac1", "ac1_low", "ac1_high",
)  # fmt: skip
_SAID = {Label.PASS: PASS, Label.DEFECT: DEFECT, Label.CANNOT_JUDGE: UNSURE}


def of(study: GaugeStudy) -> Sheet | None:
    """Return the sheet of a study that has ended; None while it runs, for its appraisers must stay blind to it."""
    if study.stopped_at is None:
        return None
    items = list(study.items.values_list("source", "defect"))
    standard = {str(source): DEFECT if defect else PASS for source, defect in items}
    calls = {name: dict(said) for name, said in sorted(_people(study).items())}
    said = _model(study)
    return gauge.sheet(standard, calls | ({str(study.model_version): said} if said else {}), trials=study.trials)


def rows(study: GaugeStudy) -> Iterator[dict[str, Any]]:
    """Yield the sheet as rows, one figure each: shares with their counts, indices with their intervals."""
    found = of(study)
    if found is None:
        return
    for one in found.appraisers:
        for measure in ("within", "effective", "missed", "alarmed"):
            yield _row(measure, one.name, share=getattr(one, measure))
        yield _row("agreement", one.name, against="standard", index=one.index)
    for one_name, other, index in found.pairs:
        yield _row("agreement", one_name, against=other, index=index)
    yield _row("all agree", "", share=found.all_agree)


def _row(
    measure: str, appraiser: str, *, against: str = "", share: Share | None = None, index: Index | None = None
) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"measure": measure, "appraiser": appraiser, "against": against}
    if share:
        row |= {"k": share.k, "n": share.n, "low": share.low, "high": share.high}
        row["share"] = share.k / share.n if share.n else None
    if index:
        names = ("n", "kappa", "kappa_low", "kappa_high", "ac1", "ac1_low", "ac1_high")
        row |= {name: getattr(index, name) for name in names}
    return row


def _people(study: GaugeStudy) -> dict[str, dict[str, list[int]]]:
    said: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in sessions.answers().filter(task__gold__study=study, blind=True).order_by("recorded_at", "pk"):
        said[one.person.username][str(one.task.gold.source_id)].append(_SAID[Label(one.label)])
    return said


def _model(study: GaugeStudy) -> dict[str, list[int]]:
    """Return what the model said of each image: a bank image's score, else its prediction. It says the same again."""
    version, sources = study.model_version_id, study.items.values("source")
    banked = BankScore.objects.filter(model_version=version, image__item__in=sources)
    predicted = Prediction.objects.filter(model_version=version, item__in=sources)
    scores: dict[UUID, float | None] = dict(predicted.values_list("item", "probability"))
    scores |= dict(banked.values_list("image__item", "probability"))
    return {str(item): [_call(p, study.call_threshold)] for item, p in scores.items()}


def _call(probability: float | None, threshold: float) -> int:
    if probability is None:
        return UNSURE
    return DEFECT if routing.call(probability, threshold=threshold) == Call.DEFECT else PASS
