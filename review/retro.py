"""New versions on the sealed archive: the ruled parts of the truth draw and the bank, scored once, answered in a word.

The next version depends on the archive only through "shut so far", so the chance that any version at or below the
limits opens is at most the sum of the attempts' alphas, however the versions resemble each other.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from inspection import pipeline
from inspection.models import Item, Line, ModelVersion, Run, User
from inspection.rules.ladder import Evidence, Gate, judge
from inspection.rules.words import Call, Label, Level, Stream
from review import bank, readings
from review.models import Adjudication
from review.retro_models import RetroScore, RetroTrial
from review.rules import counting
from review.rules.counting import View
from stats.eprocess import retry_alpha
from vision import routing

BATCH = 200
STREAMS = ("agreement", "detection")


class NothingArchived(Exception):
    """The line has no ruled part of the truth draw yet."""


@transaction.atomic
def ask(line: Line, version: ModelVersion, gate: Gate, *, by: User, now: datetime) -> RetroTrial:
    """Try a version on the archive as it stands now. A version that was tried keeps its answer. Raises NothingArchived.

    The limits are those of the gate to `assist`, each at the alpha of this attempt.
    """
    # The line's row is the lock: every attempt has a number of its own.
    Line.objects.select_for_update(no_key=True).values_list("pk").get(pk=line.pk)
    fingerprint = fingerprint_of(version)
    trials = RetroTrial.objects.filter(line=line, product=line.product)
    earlier = trials.filter(fingerprint=fingerprint).first()
    if earlier is not None:
        return earlier
    if not _archive(line, now).exists():
        raise NothingArchived(f"{line} has no ruled part of the truth draw.")
    attempt = 1 + (trials.aggregate(last=Max("attempt"))["last"] or 0)
    return RetroTrial.objects.create(
        line=line,
        product=line.product,
        model_version=version,
        fingerprint=fingerprint,
        attempt=attempt,
        alphas={target.stream: retry_alpha(target.alpha, attempt) for target in gate.targets},
        closes_at=now,
        asked_by=by,
        asked_at=now,
    )


def fingerprint_of(version: ModelVersion) -> str:
    """Return the hash of everything that decides what a version says about an image."""
    facts = [version.onnx_sha256, version.weights_sha256, version.preprocessing_id, version.decoder_id]
    return hashlib.sha256(json.dumps([*facts, version.calibrator], sort_keys=True).encode()).hexdigest()


def trial_of(line: Line, version: ModelVersion) -> RetroTrial | None:
    """Return the trial of a version on the line's archive, None where it was never tried."""
    return RetroTrial.objects.filter(line=line, product=line.product_id, fingerprint=fingerprint_of(version)).first()


def passed(line: Line, version: ModelVersion) -> bool:
    """Say whether the archive opened for this version."""
    trial = trial_of(line, version)
    return trial is not None and trial.answer == RetroTrial.OPEN


def confirming(gate: Gate) -> Gate:
    """Return what is left to ask live of a version that the archive opened for: that it runs as it was scored."""
    return replace(gate, targets=(), min_defects=0, min_natural=0, min_days=1, confirms="agreement")


# Scoring, in turns ----------------------------------------------------------------------------------------------


def advance_all(gate_of: Callable[[Line, Level], Gate], *, now: datetime) -> None:
    """Let every open trial go on for one turn. `gate_of` returns a line's gate to a level."""
    for trial in RetroTrial.objects.filter(answer="").select_related("line__product", "model_version"):
        advance(trial, gate_of(trial.line, Level.ASSIST), now=now)


def advance(trial: RetroTrial, gate: Gate, *, now: datetime) -> bool:
    """Score the next images of the archive; judge when none is left. Return whether the trial is answered."""
    waiting = list(unscored(trial).select_related("line", "run")[:BATCH])
    scores = []
    for item in waiting:
        opinions = pipeline.examine(item, now=now, versions=[trial.model_version]).opinions
        probability = opinions[0].probability if opinions else None
        scores.append(RetroScore(item=item, model_version=trial.model_version, probability=probability))
    RetroScore.objects.bulk_create(scores, ignore_conflicts=True)
    bank.score(trial.line, trial.model_version, now=now)
    if unscored(trial).exists() or bank.unscored(trial.line, trial.model_version).exists():
        return False
    _answer(trial, gate, now=now)
    return True


def _archive(line: Line, closes_at: datetime) -> QuerySet[Run]:
    ruled = Exists(Adjudication.objects.filter(run=OuterRef("pk"), ruled_at__lte=closes_at))
    archived = Run.objects.natural().filter(ruled, line=line, epoch__product=line.product_id, drawn_truth=True)
    return archived.filter(opened_at__lte=closes_at).order_by("pk")


def unscored(trial: RetroTrial) -> QuerySet[Item]:
    """Return the images of the trial's archive that its version has not seen."""
    items = Item.objects.filter(run__in=_archive(trial.line, trial.closes_at).values("pk"))
    seen = RetroScore.objects.filter(model_version=trial.model_version).values("item")
    return items.exclude(pk__in=seen).order_by("pk")


# Judging --------------------------------------------------------------------------------------------------------


def _answer(trial: RetroTrial, gate: Gate, *, now: datetime) -> None:
    counted = list(_views(trial))
    answer = RetroTrial.LEAKED if _is_leaked(trial) else _judged(trial, gate, counted)
    RetroTrial.objects.filter(pk=trial.pk, answer="").update(answer=answer, answered_at=now, parts=len(counted))
    trial.refresh_from_db()


def _judged(trial: RetroTrial, gate: Gate, parts: list[list[View]]) -> str:
    """Judge the archive's streams at the attempt's alphas, on the gate's route, natural defects not contradicting."""
    sums = {stream: [0, 0] for stream in STREAMS}
    for views in parts:
        tallies = counting.tallies(views, drawn_truth=True)
        for stream in STREAMS:
            tally = tallies.get(Stream(stream))
            if tally is not None:
                sums[stream][0] += tally.s
                sums[stream][1] += tally.f
    known = bank.label_stream(bank.known(trial.line, trial.model_version), threshold=trial.line.call_threshold)
    streams = {stream: (s, f) for stream, (s, f) in sums.items()}
    asked = replace(
        Gate(to_level=gate.to_level, route=gate.route),
        targets=tuple(replace(target, alpha=trial.alphas[target.stream]) for target in gate.targets),
    )
    seen = Evidence(streams=streams, natural=streams["detection"], bank=(known.s, known.f), leaked=len(known.leaked))
    checks = judge(asked, seen)
    bars = {"natural_not_contradicting", "leaked", *STREAMS}
    return RetroTrial.SHUT if any(check.name in bars for check in checks.failing) else RetroTrial.OPEN


def _views(trial: RetroTrial) -> Iterator[list[View]]:
    """Yield the archived parts with the tried version's calls in place of those of the model of the day."""
    scores = RetroScore.objects.filter(model_version=trial.model_version)
    runs = list(_archive(trial.line, trial.closes_at).select_related("epoch"))
    for start in range(0, len(runs), BATCH):
        batch = runs[start : start + BATCH]
        said = dict(scores.filter(item__run__in=batch).values_list("item", "probability"))
        for found in readings.of_runs(batch).values():
            if readings.is_whole(found[0].run, found):
                yield [_retold(one.view(), said.get(one.item.pk), trial.line) for one in found]


def _retold(view: View, probability: float | None, line: Line) -> View:
    """Return the image as the tried version would have called it. No answer is the wrong answer."""
    if probability is None:
        wrong = Call.PASS if view.ruling == Label.DEFECT else Call.DEFECT
        return replace(view, model=wrong)
    return replace(view, model=routing.call(probability, threshold=line.call_threshold))


def _is_leaked(trial: RetroTrial) -> bool:
    """Say whether the version was trained on anything of the archive, by image or by part."""
    archived = Item.objects.filter(run__in=_archive(trial.line, trial.closes_at).values("pk"))
    return bank.has_learned(trial.model_version, archived)
