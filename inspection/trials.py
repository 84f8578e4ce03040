"""The trial of a candidate: it looks at the line's last images once, as soon as its rollout begins.

It opens and stops nothing; it says early, and in the words of the log, why a candidate cannot answer.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from inspection import pipeline
from inspection.models import CandidateTrial, Item, Rollout
from inspection.rules.words import Outcome, RolloutOutcome

IMAGES = 30
LOST_AFTER = timedelta(minutes=5)
# A folder of the server within a message; addresses of other servers are left alone.
_FOLDER = re.compile(r"(?<![\w:/])/(?:[^\s/]+/)+")


def due() -> list[Rollout]:
    """Return the open rollouts whose candidate has begun no trial and whose line has an image to try."""
    images = Item.objects.real().filter(line=OuterRef("line"))
    opened = Rollout.objects.filter(Exists(images), outcome=RolloutOutcome.OPEN.value, line__is_active=True, trial=None)
    return list(opened.select_related("line", "candidate").order_by("pk"))


def run(
    rollout: Rollout,
    *,
    clock: Callable[[], datetime],
    examine: Callable[..., pipeline.Examined] = pipeline.examine,
) -> CandidateTrial | None:
    """Let the candidate look at the line's last images, and keep how it did; None where somebody else has begun.

    Predictions are not kept. That it began is written first, so a candidate that ends its process is not tried again.
    A picture that cannot be decoded says nothing of the candidate and is left out. The 95th percentile is of its
    own answers.
    """
    trial, is_mine = CandidateTrial.objects.get_or_create(rollout=rollout, defaults={"began_at": clock()})
    if not is_mine:
        return None
    times = []
    for item in rollout.line.items.real().select_related("run", "line").order_by("-received_at")[:IMAGES]:
        examined = examine(item, now=clock(), versions=[rollout.candidate])
        if examined.seen is None:
            continue
        trial.items += 1
        times += [opinion.ms for opinion in examined.opinions]
        if not examined.opinions:
            trial.missing += 1
            trial.complaint = trial.complaint or _complaint(examined)
    trial.p95_ms, trial.finished_at = _p95(times), clock()
    trial.save()
    return trial


def is_lost(trial: CandidateTrial, *, now: datetime) -> bool:
    """Say whether a trial began and never came to its end: its process was ended, or failed outside the model."""
    return trial.finished_at is None and now - trial.began_at > LOST_AFTER


def _complaint(examined: pipeline.Examined) -> str:
    """Return what the first stage that failed says, as the log has it but for the server's folders."""
    said = next((done.detail for done in examined.stages if done.outcome == Outcome.FAILED), "")
    return _FOLDER.sub("", said)


def _p95(times: list[float]) -> float | None:
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else None
