"""The agreement report as plain values: what the API answers and what the hash of a printed one covers."""

from dataclasses import asdict
from typing import Any

from review import reports
from review.figures import ClassSlice, Comparison, Rate, Slice


def as_plain(report: reports.Report) -> dict[str, Any]:
    return {
        "line": report.line.slug,
        "epoch": report.epoch.n,
        "model": str(report.epoch.model_version) if report.epoch.model_version else None,
        "since": report.since,
        "until": report.until,
        "sentence": report.sentence,
        "parts": report.model.n,
        "confusion": report.model.table,
        "model_against_truth": _comparison(report.model),
        "person_against_person": _comparison(report.people),
        "incumbent_against_truth": _comparison(report.incumbent),
        "detection": _rate(report.detection),
        "cannot_judge": _rate(report.unjudged),
        "two_phase": {**asdict(report.estimate), "accuracy": report.estimate.accuracy},
        "hours": {**asdict(report.hours), "missing": report.hours.missing},
        "timeline": [{**asdict(point), "share": point.share} for point in report.timeline],
        "by_product": [_slice(one.slice) for one in report.products],
        "by_shift": [_slice(one) for one in report.shifts],
        "by_inspector": [_slice(one) for one in report.inspectors],
        "by_class": [_class(one) for one in report.classes],
        "by_camera": [_slice(one) for one in report.cameras],
        "calibration": [asdict(one) for one in report.calibration],
        "ece": report.ece,
        "coverage_risk": [asdict(one) for one in report.coverage],
        "scored": report.scored,
    }


def _comparison(compared: Comparison) -> dict[str, Any]:
    return {
        "table": compared.table,
        "unruled": compared.unruled,
        "agreement": _rate(compared.agreement),
        "escape": _rate(compared.escape),
        "overkill": _rate(compared.overkill),
        "kappa": compared.kappa,
        "kappa_low": compared.kappa_low,
        "kappa_high": compared.kappa_high,
        "ac1": compared.ac1,
        "mcc": compared.mcc,
        "positive_agreement": compared.positive_agreement,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return {"k": rate.k, "n": rate.n, "rate": rate.share, "low": rate.low, "high": rate.high}


def _slice(one: Slice) -> dict[str, Any]:
    return {
        "name": one.name,
        "agreement": _rate(one.agreement),
        "escape": _rate(one.escape),
        "overkill": _rate(one.overkill),
    }


def _class(one: ClassSlice) -> dict[str, Any]:
    return {"code": one.code, "found": _rate(one.found)}
