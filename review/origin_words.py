"""Who answers for a model version in the registry, as people and machines are told."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inspection.models import ModelVersion
from inspection.rules.words import Origin

ORIGINS: dict[str, Promise] = {
    Origin.COMMAND: gettext_lazy("command line"),
    Origin.TRAINING: gettext_lazy("training"),
    Origin.UPLOAD: gettext_lazy("upload"),
    Origin.SETUP: gettext_lazy("set-up"),
}


def registrar(version: ModelVersion) -> str:
    """Say who registered a version: the operator at the command line has no account here."""
    if not version.origin:
        return _("not kept")
    origin = Origin(version.origin)
    if version.registered_by is not None:
        return f"{version.registered_by} · {ORIGINS[origin]}"
    nobodies = {Origin.COMMAND: _("operator"), Origin.TRAINING: _("rule of the line")}
    return " · ".join(filter(None, (nobodies.get(origin), str(ORIGINS[origin]))))


def registration(version: ModelVersion) -> dict[str, Any]:
    """Return the same for machines. `origin` is null for versions of before it was kept."""
    by = version.registered_by
    return {"origin": version.origin or None, "by": by.username if by else None, "at": version.created_at}
