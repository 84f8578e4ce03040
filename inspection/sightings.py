"""What the stages found out, kept: each stage with its time, the measures, and what every model said.

Rows that are there stay as they are, so keeping twice does no harm. Each kind costs the same number of statements
for one image and for many.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from inspection.models import Item, Measures, Prediction, StageRun
from inspection.rules.words import PredictionRole, Stage
from inspection.stages import Opinion, Seen, StageDone
from vision.decode import DECODER_ID
from vision.embedding import packed


@dataclass(frozen=True, kw_only=True)
class Examined:
    """All that the stages found out. `undecodable` is the code of what is wrong with the file, empty if nothing."""

    stages: tuple[StageDone, ...]
    seen: Seen | None
    opinions: tuple[Opinion, ...]
    undecodable: str


Sighting = tuple[Item, Examined]


def keep(sightings: Sequence[Sighting], *, late: Collection[UUID] = (), now: datetime) -> None:
    """Keep all that was found out about some images. Of those that are `late` the models speak as shadows."""
    _keep_stages(sightings)
    measured = [_measures(item, examined.seen) for item, examined in sightings if examined.seen is not None]
    Measures.objects.bulk_create(measured, ignore_conflicts=True)
    keep_opinions(sightings, late=late, now=now)


def keep_opinions(sightings: Iterable[Sighting], *, late: Collection[UUID] = (), now: datetime) -> None:
    """Keep what the models said."""
    rows = [
        _prediction(item, opinion, is_late=item.pk in late, now=now)
        for item, examined in sightings
        for opinion in examined.opinions
    ]
    Prediction.objects.bulk_create(rows, ignore_conflicts=True)


def _keep_stages(sightings: Sequence[Sighting]) -> None:
    # Every attempt begins with the decoder.
    begun = StageRun.objects.filter(item__in=[item for item, _ in sightings], stage=Stage.DECODE.value)
    attempts = Counter(begun.values_list("item", flat=True))
    rows = [
        StageRun(
            item=item,
            attempt=1 + attempts[item.pk],
            stage=done.stage.value,
            outcome=done.outcome.value,
            ms=done.ms,
            detail=done.detail,
            finished_at=done.finished_at,
        )
        for item, examined in sightings
        for done in examined.stages
    ]
    StageRun.objects.bulk_create(rows, ignore_conflicts=True)


def _measures(item: Item, seen: Seen) -> Measures:
    kept = packed(seen.embedding) if seen.embedding is not None else None
    return Measures(item=item, fingerprint=seen.fingerprint, embedding=kept, **asdict(seen.measures))


def _prediction(item: Item, opinion: Opinion, *, is_late: bool, now: datetime) -> Prediction:
    return Prediction(
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
