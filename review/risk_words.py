"""The words of the scope and of the sheet of risks, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from inspection.rules.words import ChangeKind, Decider, RiskClass

METRICS = {
    "brightness": _("brightness"),
    "p99_luminance": _("p99 luminance"),
    "contrast": _("contrast"),
    "sharpness": _("sharpness"),
    "saturation": _("saturation"),
    "entropy": _("entropy"),
    "image_size": _("image size"),
    "embedding_distance": _("distance from the certified images"),
    "same_image": _("same image in a row"),
    "missing_views": _("missing views"),
    "volume": _("parts an hour"),
    "missing_predictions": _("missing predictions"),
    "call_rate": _("defect calls"),
    "silence": _("silence"),
    "score_shift": _("shift of the scores"),
    "cannot_judge": _("cannot judge"),
    "overkill": _("overkill"),
    "overturns": _("wrong advice withstood"),
    "escaped_fraction": _("escaped fraction in audits"),
    "challenge_misses": _("missed challenge parts"),
    "gold_misses": _("missed gold items"),
    "people_agreement": _("agreement of two readers"),
    "queue_age": _("oldest waiting image"),
    "station_silence": _("station not heard"),
    "stage_p95": _("95 % of answers within"),
    "clock_skew": _("clock skew of the station"),
    "storage_free": _("free storage"),
}
ACTIONS = {
    "hold": _("hold the line"),
    "contain": _("hold and contain"),
    "to_people": _("to people"),
    "tighten_audit": _("tighten the audit"),
    "adjudicate": _("adjudicate"),
    "call_maintenance": _("call maintenance"),
    "look": _("look into it"),
}
DECIDERS = {Decider.PEOPLE: _("people"), Decider.SYSTEM: _("an older inspection system")}
CHANGES = {
    ChangeKind.SKU: _("SKU"),
    ChangeKind.LENS: _("lens or light"),
    ChangeKind.SUPPLIER: _("supplier"),
    ChangeKind.OTHER: _("something else"),
}
RISKS = {
    RiskClass.CRITICAL: _("critical"),
    RiskClass.MAJOR: _("major"),
    RiskClass.COSMETIC: _("cosmetic"),
}
STEPS = {
    "scope": _("Scope"),
    "classes": _("Classes"),
    "targets": _("Targets"),
    "today": _("Who decides today"),
    "risks": _("Plan and risks"),
}
STEP_PAGES = {
    "scope": "scope",
    "classes": "scope-classes",
    "targets": "scope-targets",
    "today": "scope-today",
    "risks": "plan",
}
