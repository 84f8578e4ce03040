"""A line at partial with a certified model, and a candidate that has or has not a certificate of its own."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from inspection import epochs, rollouts
from inspection.models import ArmEvent, Bands, Deployment, Line, ModelVersion, Prediction, Rollout, Run
from inspection.rules.words import Call, PredictionRole
from review import bank
from review.bank_models import BankScore
from review.retro_models import RetroScore
from review.rules.certifying import Limits
from tests.builders import NOON
from tests.inspection.models import make_bands
from tests.review.bank_scene import make_bank
from tests.review.past_scene import draw_scores, load_truth_draw
from tests.review.rollout_scene import make_rollout, make_served_line, send
from tests.review.scene import make_run

# Wide limits keep the parts of a test few; the rule is the same.
WIDE = Limits(risk=0.1, miss=0.1)
ANY_IMAGE = {"size_bytes": [100, 100_000]}


def make_certified_line(slug: str = "phone-glass", *, level: str = "partial", **fields) -> Line:
    """Return a line on which blue decides inside its bands."""
    line = make_served_line(slug, level=level, **fields)
    make_bands(line, line.present_epoch.model_version, envelope=ANY_IMAGE)
    return Line.objects.get(pk=line.pk)


def make_beside(line: Line, rollout: Rollout, **fields) -> Bands:
    """Put bands in force for the rollout's candidate, as if two leads had signed them."""
    version = rollout.candidate
    facts = {
        "epoch": epochs.opened(line, version, cause="certificate", now=NOON),
        "drawn_in": line.epoch,
        "calibrator_hash": epochs.calibrator_hash(version),
        "t_lo": 0.05,
        "t_hi": 0.95,
        "certificates": {},
        "envelope": ANY_IMAGE,
        "created_at": NOON,
    }
    made = Bands.objects.create(line=line, model_version=version, **{**facts, **fields})
    Deployment.objects.filter(line=line).update(bands=made)
    return made


def serve_candidate(line: Line, rollout: Rollout, by) -> Rollout:
    """Let the warm candidate of a blue-green rollout serve."""
    for n in range(20):
        send(line, f"warm-{n}", at=NOON + timedelta(seconds=n))
    return rollouts.confirm(rollout, by=by, now=NOON + timedelta(seconds=60))


# A candidate with its evidence ----------------------------------------------------------------------------------


def make_shown_candidate(
    *,
    parts: int = 210,
    defects: int = 21,
    known: int = 40,
    live: int = 210,
    overturned: int = 0,
    sealed: bool = False,
    says: float | None = None,
) -> Rollout:
    """Return a rollout on a line at partial whose candidate has seen the truth draw, and all of the bank.

    `live` of the parts it has seen on the line itself, in this rollout; `sealed` lets it have seen the draw on the
    archive alone. Where it `says` something, it says the same of everything.
    """
    line = make_served_line(level="partial")
    load_truth_draw(line, draw_scores(parts, defects=defects))
    make_bank(line, known, probability=0.9)
    rollout = make_rollout(Line.objects.get(pk=line.pk), "canary")
    runs = list(Run.objects.filter(line=line, drawn_truth=True).order_by("pk"))
    see_as_before(rollout, runs, sealed=sealed, says=says)
    show(rollout, runs[:live], overturned=overturned)
    score_bank(line, rollout.candidate, probability=0.9 if says is None else says)
    return rollout


def see_as_before(rollout: Rollout, runs: Iterable[Run], *, sealed: bool, says: float | None) -> None:
    """Let the candidate have said of every image what the version before it says, or the one thing it says."""
    said = Prediction.objects.filter(item__run__in=list(runs), model_version=rollout.incumbent)
    if sealed:
        RetroScore.objects.bulk_create(
            RetroScore(item_id=one.item_id, model_version=rollout.candidate, probability=one.probability)
            for one in said
        )
        return
    same = ("item_id", "decoder_id", "preprocessing_id", "raw_score", "call", "uncertainty", "ms")
    Prediction.objects.bulk_create(
        Prediction(
            **{name: getattr(one, name) for name in same},
            probability=one.probability if says is None else says,
            model_version=rollout.candidate,
            role=PredictionRole.SHADOW.value,
            created_at=NOON,
        )
        for one in said
    )


def show(rollout: Rollout, runs: Sequence[Run], *, overturned: int) -> None:
    """Note that the candidate has seen the runs on the line, people have read them, and overturned so many."""
    step = rollout.steps.get(ended_at=None)
    kinds = [(run, kind) for run in runs for kind in ("seen", "read")]
    kinds += [(run, "overturns") for run in runs[:overturned]]
    ArmEvent.objects.bulk_create(
        ArmEvent(step=step, run=run, arm="candidate", kind=kind, seen_at=NOON) for run, kind in kinds
    )


def score_bank(line: Line, version: ModelVersion, *, probability: float) -> None:
    """Let the version have given every defect of the bank this probability."""
    BankScore.objects.bulk_create(
        BankScore(image=image, model_version=version, probability=probability, scored_at=NOON)
        for image in bank.unscored(line, version)
    )


def miss_a_challenge(rollout: Rollout) -> None:
    """Let the candidate have passed a challenge part, known to be bad."""
    run = make_run(rollout.line, "C-1")
    run.part.is_challenge = True
    run.part.save(update_fields=["is_challenge"])
    Prediction.objects.create(
        item=run.items.get(),
        model_version=rollout.candidate,
        role=PredictionRole.SHADOW.value,
        decoder_id="pillow/1",
        preprocessing_id="rgb-192/1",
        raw_score=0.1,
        probability=0.1,
        call=Call.PASS.value,
        uncertainty=0.1,
        ms=5.0,
        created_at=NOON,
    )
