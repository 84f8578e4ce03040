"""Certified bands of a line: certified on the truth draw and the bank, put in force by a signature, taken away by one.

Routing asks `inspection.certificates` at every item whether they still hold: another model, calibrator or epoch ends
them without anybody being told. What a candidate needs before it may be certified: `review.candidate_bands`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from inspection import certificates, epochs
from inspection.models import (
    Bands,
    Deployment,
    Epoch,
    Line,
    Measures,
    ModelVersion,
    Prediction,
    Rollout,
    Run,
    User,
)
from inspection.permissions import may_sign_levels
from inspection.rules.words import DECIDING, Label, Level
from review import bank, evidence, readings
from review.band_models import BandsChange, Certification
from review.forecasts import Forecast, forecast
from review.readings import ItemReadings
from review.retro_models import RetroScore
from review.rules import certifying
from review.rules.certifying import DEFAULTS, KnownDefect, Limits, Outcome, Part
from vision.embedding import reference, unpacked
from vision.envelope import WORDS

CODE_VERSION = "bands/1"
BATCH = 200


Drawn = tuple[Part, list[Any]]


class NoModel(Exception):
    """The line has no model whose bands could be certified."""


class NotCertified(Exception):
    """These bands were not certified for the model, calibrator and epoch the line is in now."""


class SecondSignature(Exception):
    """Where the model decides, and for a candidate, another lead than the one who certified puts the bands in force."""


class NoBands(Exception):
    """No bands are in force."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is certified: a version on a line in an epoch of its own, on the truth draw of that epoch.

    A candidate has no draw of its own yet: it names its `rollout`, and `drawn_in` the epoch whose parts it has seen.
    """

    line: Line
    epoch: Epoch
    version: ModelVersion
    drawn_in: Epoch | None = None
    rollout: Rollout | None = None


@dataclass(frozen=True)
class Inputs:
    """Everything a certificate rests on, as plain values."""

    parts: list[Part]
    known: list[KnownDefect]
    risk_classes: dict[str, str]
    threshold: float
    natural_list: bool
    limits: Limits

    def as_plain(self) -> dict[str, Any]:
        return {
            "parts": [list(part) for part in sorted(self.parts)],
            "known": [list(one) for one in sorted(self.known)],
            "risk_classes": dict(sorted(self.risk_classes.items())),
            "threshold": self.threshold,
            "natural_list": self.natural_list,
            "limits": asdict(self.limits),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Inputs":
        return cls(
            parts=[Part(*part) for part in plain["parts"]],
            known=[KnownDefect(*one) for one in plain["known"]],
            risk_classes=plain["risk_classes"],
            threshold=plain["threshold"],
            natural_list=plain["natural_list"],
            limits=Limits(**plain["limits"]),
        )

    def certified(self) -> Outcome:
        return certifying.certify(
            self.parts,
            self.known,
            self.risk_classes,
            threshold=self.threshold,
            natural_list=self.natural_list,
            limits=self.limits,
        )


# Certifying -----------------------------------------------------------------------------------------------------


@transaction.atomic
def certify(line: Line, *, by: User | None, now: datetime, limits: Limits = DEFAULTS) -> Certification:
    """Certify bands for the line's model on the evidence of its present epoch. Nothing is put in force.

    Every attempt is kept, refused ones too: each spends its own chance of error. Raises NoModel.
    """
    epoch, version = _modelled(line)
    subject = Subject(line=line, epoch=epoch, version=version)
    drawn = list(drawn_parts(subject))
    return attempt(subject, inputs_of(subject, drawn, limits), drawn, by=by, now=now)


def attempt(subject: Subject, inputs: Inputs, drawn: list[Drawn], *, by: User | None, now: datetime) -> Certification:
    """Judge the inputs and keep them with what came of it."""
    epoch = subject.epoch
    # The epoch's row is the lock: attempts are numbered without gaps.
    Epoch.objects.select_for_update(no_key=True).values_list("pk").get(pk=epoch.pk)
    outcome = inputs.certified()
    plain = inputs.as_plain()
    return Certification.objects.create(
        line=subject.line,
        epoch=epoch,
        model_version=subject.version,
        rollout=subject.rollout,
        n=1 + (epoch.certifications.aggregate(last=Max("n"))["last"] or 0),
        reason=outcome.reason,
        inputs=plain,
        inputs_hash=_hash(plain),
        outcome=outcome.as_plain(),
        code_version=CODE_VERSION,
        bands=_bands(subject, outcome, plain, drawn, now=now),
        made_by=by,
        made_at=now,
    )


def recompute(certification: Certification) -> bool:
    """Say whether the certificate comes out the same, bit by bit, from the inputs kept with it."""
    inputs = Inputs.from_plain(certification.inputs)
    same = json.loads(json.dumps(inputs.certified().as_plain())) == certification.outcome
    return same and _hash(inputs.as_plain()) == certification.inputs_hash


def _modelled(line: Line) -> tuple[Epoch, ModelVersion]:
    epoch = line.present_epoch
    if epoch.model_version is None:
        raise NoModel(f"{line} has no model.")
    return epoch, epoch.model_version


def is_natural(line: Line) -> bool:
    """Say whether the line's closed list is natural: taken from the drawn parts, where it has no bank."""
    return evidence.gate_for(line, Level.PARTIAL).route == "natural"


def inputs_of(subject: Subject, drawn: Iterable[Drawn], limits: Limits) -> Inputs:
    """Return all that a certificate rests on: drawn parts outside the bank, and the bank as the version sees it."""
    line, natural_list = subject.line, is_natural(subject.line)
    known = [] if natural_list else [one for one in bank.known(line, subject.version) if not one.leaked]
    banked = {str(part) for part in line.bank.kept().values_list("part", flat=True)}
    names = {str(run): str(part) for run, part in _parts_of(line)} if banked else {}
    return Inputs(
        parts=[part for part, _ in drawn if names.get(part.name) not in banked],
        known=[KnownDefect(one.group, _hardest(one), one.defect_class) for one in known],
        risk_classes=dict(line.defect_classes.filter(retired_at=None).values_list("code", "risk_class")),
        threshold=line.call_threshold,
        natural_list=natural_list,
        limits=limits,
    )


def _parts_of(line: Line) -> Iterator[tuple[Any, Any]]:
    yield from Run.objects.filter(part__in=line.bank.kept().values("part")).values_list("pk", "part")


def _hardest(known: bank.Known) -> float:
    """Return the score of the image on which the defect is most easily passed. Without an answer a person is asked."""
    return min(1.0 if probability is None else probability for probability in known.probabilities)


def drawn_parts(subject: Subject) -> Iterator[Drawn]:
    """Yield the ruled parts of the truth draw with the items that show them, in the order of their runs."""
    epoch = subject.drawn_in or subject.epoch
    runs = list(Run.objects.natural().filter(epoch=epoch, drawn_truth=True).select_related("epoch").order_by("pk"))
    for start in range(0, len(runs), BATCH):
        batch = runs[start : start + BATCH]
        probabilities = _said(subject, batch)
        for run_id, found in readings.of_runs(batch).items():
            part = _part(str(run_id), found, probabilities)
            if part is not None and readings.is_whole(found[0].run, found):
                yield part, [one.item.pk for one in found]


def _said(subject: Subject, runs: Sequence[Run]) -> dict[Any, float]:
    """Return what the version said of the images: live, and of a candidate also on the sealed archive."""
    live = Prediction.objects.filter(item__run__in=runs, model_version=subject.version)
    said = dict(live.values_list("item", "probability"))
    if subject.rollout is None:
        return said
    sealed = RetroScore.objects.filter(item__run__in=runs, model_version=subject.version)
    archived = {item: p for item, p in sealed.values_list("item", "probability") if p is not None}
    return {**archived, **said}


def _part(name: str, found: list[ItemReadings], probabilities: dict[Any, float]) -> Part | None:
    """Return the part by its worst image, None while a ruling or a prediction is missing."""
    views = [one.view() for one in found if one.primary]
    judged = all(view.ruling in (Label.PASS, Label.DEFECT) for view in views)
    if len(views) < len(found) or not judged or any(one.item.pk not in probabilities for one in found):
        return None
    score = max(probabilities[one.item.pk] for one in found)
    defects = [view for view in views if view.ruling == Label.DEFECT]
    return Part(name, score, int(bool(defects)), defects[0].ruled_class if defects else "")


def _bands(
    subject: Subject, outcome: Outcome, plain: dict[str, Any], drawn: Iterable[Drawn], *, now: datetime
) -> Bands | None:
    """Write the bands that were certified, None where there are none."""
    if outcome.t_lo is None:
        return None
    names = {part[0] for part in plain["parts"]}
    items = [item for part, items in drawn if part.name in names for item in items]
    measured = list(Measures.objects.filter(item__in=items).values(*WORDS))
    return Bands.objects.create(
        line=subject.line,
        epoch=subject.epoch,
        drawn_in=subject.drawn_in,
        model_version=subject.version,
        calibrator_hash=epochs.calibrator_hash(subject.version),
        t_lo=outcome.t_lo,
        t_hi=outcome.t_hi,
        certificates={
            "reason": outcome.reason,
            "risk_vacuous": outcome.risk_vacuous,
            "counts": outcome.counts,
            "limits": plain["limits"],
            "closed_list": outcome.closed_list,
            "inputs_hash": _hash(plain),
            "pass_trace": outcome.pass_trace,
            "reject_trace": outcome.reject_trace,
            "embedding": embedding_of(items),
        },
        envelope=certifying.envelope(measured),
        created_at=now,
    )


def embedding_of(items: Sequence[Any]) -> dict[str, Any] | None:
    """Return how the certified images lie and how far from them one may be; None where one was never embedded."""
    rows = Measures.objects.filter(item__in=items).order_by("item").values_list("embedding", flat=True)
    kept = [unpacked(bytes(one)) for one in rows if one is not None]
    known = reference(kept) if len(kept) == len(items) else None
    return asdict(known) if known else None


def _hash(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


# In force -------------------------------------------------------------------------------------------------------


@transaction.atomic
def put_in_force(line: Line, bands: Bands, *, by: User, now: datetime) -> BandsChange:
    """Let the bands hold on the line from the next item on; the streams of the policy begin anew with them.

    What they promise for a usual shift is kept with the signature. Those of a rollout's candidate hold for its share,
    and stay in force when it serves.

    Raises NotCertified where they are of another model, calibrator or epoch, SecondSignature where no other lead who
    is one still certified them and the model decides, or may decide before two people have signed its level.
    """
    line = locked(line)
    certification = Certification.objects.filter(bands=bands, line=line).first()
    if certification is None or not would_stand(line, bands):
        raise NotCertified(f"Bands {bands.pk} are not those of a model and epoch of {line}.")
    wants_two = line.level in DECIDING or bands.drawn_in_id is not None
    if wants_two and not _is_signed_first(certification, line, by=by, now=now):
        raise SecondSignature(f"No other lead of {line} than {by} has certified bands {bands.pk}.")
    _place(line, bands, is_beside=not _serves(line, bands))
    promised = forecast(line, certification.outcome["shares"], now=now)
    return _change(line, bands, by=by, certified_by=certification.made_by, promised=promised, now=now)


def _is_signed_first(certification: Certification, line: Line, *, by: User, now: datetime) -> bool:
    first = certification.made_by
    return first is not None and first != by and may_sign_levels(first, line, now=now)


@transaction.atomic
def withdraw(line: Line, *, by: User, reason: str, now: datetime, version: ModelVersion | None = None) -> BandsChange:
    """Take the bands away: from the next item on people decide everything. Raises NoBands.

    With a `version` that is the line's candidate its own are taken away: people decide its share.
    """
    line = locked(line)
    held = line.bands if version is None else beside(line)
    if held is None or (version is not None and held.model_version_id != version.pk):
        raise NoBands(f"{line} has no bands in force.")
    _place(line, None, is_beside=version is not None)
    return _change(line, None, version=held.model_version_id, by=by, reason=reason[:300], now=now)


def would_stand(line: Line, bands: Bands) -> bool:
    """Say whether the bands would hold on the line now. The line comes as for `certificates.standing`."""
    place = line if _serves(line, bands) else getattr(line, "deployment", None)
    if place is None:
        return False
    kept, place.bands = place.bands, bands
    stands = certificates.standing(line, bands.model_version_id) is not None
    place.bands = kept
    return stands


def beside(line: Line) -> Bands | None:
    """Return the bands that were put in force for the line's candidate, whether they still hold or not."""
    if not hasattr(line, "deployment") or line.deployment.bands is None:
        return None
    bands = line.deployment.bands
    return bands if bands.model_version_id == line.deployment.candidate_id else None


def _serves(line: Line, bands: Bands) -> bool:
    return line.present_epoch.model_version_id == bands.model_version_id


def locked(line: Line) -> Line:
    """Lock the line and return it as it stands now, with its models and both their bands."""
    # Locked first, read then: what waits for a switch would else see the deployment of before it.
    Line.objects.select_for_update().values_list("pk").get(pk=line.pk)
    return Line.objects.select_related(
        "product", "epoch__model_version", "bands", "deployment__candidate", "deployment__bands"
    ).get(pk=line.pk)


def _place(line: Line, bands: Bands | None, *, is_beside: bool) -> None:
    if is_beside:
        Deployment.objects.filter(line=line).update(bands=bands)
    else:
        Line.objects.filter(pk=line.pk).update(bands=bands)


def _change(
    line: Line,
    bands: Bands | None,
    *,
    by: User,
    version: int | None = None,
    certified_by: User | None = None,
    reason: str = "",
    promised: Forecast | None = None,
    now: datetime,
) -> BandsChange:
    return BandsChange.objects.create(
        line=line,
        model_version_id=bands.model_version_id if bands else version,
        bands=bands,
        level=line.level,
        certified_by=certified_by,
        put_by=by,
        reason=reason,
        forecast=promised.as_plain() if promised else None,
        put_at=now,
    )
