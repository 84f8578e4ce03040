"""Which stretch of evidence a line is in."""

import hashlib
import json
from datetime import datetime

from django.db import transaction

from inspection.models import Deployment, Epoch, LevelProposal, Line, ModelVersion
from inspection.rules.words import ProposalStatus


def config_hash(line: Line, model_version: ModelVersion | None) -> str:
    """Return the hash of everything that makes evidence comparable.

    Product, class list, preprocessing, calibrator, call threshold, declared optics; not bands, level or audit rate.
    """
    classes = line.defect_classes.filter(retired_at=None).order_by("code")
    facts = {
        "product": line.product.sku,
        "classes": [[defect.code, defect.risk_class] for defect in classes],
        "preprocessing": model_version.preprocessing_id if model_version else None,
        "decoder": model_version.decoder_id if model_version else None,
        "calibrator": model_version.calibrator if model_version else None,
        "call_threshold": line.call_threshold,
        "optics": line.optics,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def calibrator_hash(model_version: ModelVersion) -> str:
    """Return the hash of the calibrator: bands hold for one calibrator only."""
    return hashlib.sha256(json.dumps(model_version.calibrator, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def enter(line: Line, model_version: ModelVersion | None, *, cause: str, now: datetime, fresh: bool = False) -> Epoch:
    """Put the line into its epoch: the one it left under the same configuration, or the next when `fresh`.

    A product that returns finds its own epoch again; a demotion asks for a fresh one, and ends the certificate of
    whatever stands beside the serving one too: it rests on the evidence of before.
    """
    line.epoch = opened(line, model_version, cause=cause, now=now, fresh=fresh)
    line.save(update_fields=["epoch"])
    _void_proposals(line, now=now)
    if fresh:
        Deployment.objects.filter(line=line).update(bands=None, kept_bands=None)
    return line.epoch


def follow(line: Line, *, cause: str, now: datetime) -> bool:
    """Enter the epoch that the line's present configuration belongs to. Say whether it is another one."""
    model_version = line.epoch.model_version if line.epoch else None
    if line.epoch is not None and line.epoch.config_hash == config_hash(line, model_version):
        return False
    enter(line, model_version, cause=cause, now=now)
    return True


def known(line: Line, model_version: ModelVersion | None) -> Epoch | None:
    """Return the newest epoch of the line with a version under its present configuration, None where there is none."""
    same = Epoch.objects.filter(
        line=line,
        product=line.product,
        model_version=model_version,
        config_hash=config_hash(line, model_version),
    )
    return same.order_by("-n").first()


def opened(line: Line, model_version: ModelVersion | None, *, cause: str, now: datetime, fresh: bool = False) -> Epoch:
    """Return the epoch that the line is in, or will be in, with a version: opened where it is the first of its kind."""
    epoch = known(line, model_version)
    if epoch is not None and not fresh:
        return epoch
    return Epoch.objects.create(
        line=line,
        product=line.product,
        model_version=model_version,
        config_hash=config_hash(line, model_version),
        call_threshold=line.call_threshold,
        n=epoch.n + 1 if epoch else 1,
        cause=cause[:200],
        opened_at=now,
    )


def _void_proposals(line: Line, *, now: datetime) -> None:
    """End what waits for a signature on the evidence of another epoch: it says nothing of what the line does now."""
    waiting = LevelProposal.objects.filter(line=line, status=ProposalStatus.OPEN.value, evaluation__isnull=False)
    waiting.exclude(evaluation__epoch=line.epoch).update(
        status=ProposalStatus.VOID.value, status_reason="The line entered another epoch.", closed_at=now
    )
