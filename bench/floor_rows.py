"""`python -m bench.floor_rows SLUG:LEVEL:STATIONS[:DEADLINE_S]...`: fill the database; print who is who as JSON."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils.timezone import now as clock  # noqa: E402

from inspection import epochs, registry, salts, stations, tokens  # noqa: E402
from inspection.models import Bands, DefectClass, Line, Membership, ModelVersion, Product, Station, User  # noqa: E402
from inspection.rules.words import Level, Origin, Role, Scope  # noqa: E402
from review.demo import DEMO_MODEL  # noqa: E402

PASSWORD = "amber-basin-cedar-delta"
PEOPLE = {
    "ana": Role.INSPECTOR,
    "andre": Role.INSPECTOR,
    "aria": Role.INSPECTOR,
    "asha": Role.INSPECTOR,
    "quinn": Role.QA_LEAD,
    "quill": Role.QA_LEAD,
}
CLASSES = [("scratch", "scratch", "긁힘", "major", 1), ("crack", "crack", "균열", "critical", 2)]
# No undo to wait for.
SCOPE = {"undo_s": 1, "truth_share": 0.2, "is_demo": True}
BAND = {"t_lo": 0.4, "t_hi": 0.6}


def main(wishes: Sequence[str]) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    json.dump(lay(wishes), sys.stdout)


def lay(wishes: Sequence[str]) -> dict[str, Any]:
    """Make people, lines and stations, and return who is who."""
    now = clock()
    people = {name: _person(name, role, now=now) for name, role in PEOPLE.items()}
    version = registry.register(DEMO_MODEL, name="drawn-net", origin=Origin.SETUP, now=now)
    made = [station for wish in wishes for station in _line(*wish.split(":"), version=version, now=now)]
    return {"password": PASSWORD, "people": people, "stations": made}


def _person(name: str, role: Role, *, now: datetime) -> str:
    user = User.objects.create_user(name, f"{name}@floor.invalid", PASSWORD)
    Membership.objects.create(user=user, role=role.value, is_founding=True, granted_at=now)
    return tokens.issue(user, name="floor", scopes=list(Scope), now=now)


def _line(
    slug: str,
    level: str,
    count: str,
    review_deadline_s: str = "20",
    model_deadline_s: str = "5",
    *,
    version: ModelVersion,
    now: datetime,
) -> list[dict[str, Any]]:
    product = Product.objects.create(sku=slug, name=slug)
    deadlines = {"review_deadline_s": float(review_deadline_s), "model_deadline_s": float(model_deadline_s)}
    line = Line.objects.create(
        slug=slug, name=slug, product=product, level=level, created_at=now, scope_signed_at=now, **SCOPE, **deadlines
    )
    DefectClass.objects.bulk_create(
        DefectClass(line=line, code=code, name=name, name_ko=name_ko, risk_class=risk, key=key)
        for code, name, name_ko, risk, key in CLASSES
    )
    salts.rotate(line, now=now)
    registry.serve(line, version, by=None, cause="set-up", now=now)
    line.refresh_from_db()
    if level == Level.PARTIAL:
        _certify(line, version, now=now)
    return [_station(line, n, now=now) for n in range(1, int(count) + 1)]


def _certify(line: Line, version: ModelVersion, *, now: datetime) -> None:
    """Put bands in force that decide most parts, as a certificate would have."""
    line.bands = Bands.objects.create(
        line=line,
        epoch=line.epoch,
        model_version=version,
        calibrator_hash=epochs.calibrator_hash(version),
        certificates={},
        envelope={"size_bytes": [100, 10_000_000]},
        created_at=now,
        **BAND,
    )
    line.save(update_fields=["bands"])


def _station(line: Line, n: int, *, now: datetime) -> dict[str, Any]:
    station = Station.objects.create(line=line, name=f"{line.slug}-{n}", rate_per_s=100, burst=500, created_at=now)
    key = stations.issue_key(station, now=now)
    return {"line": line.slug, "station": station.pk, "key_id": key.key_id, "secret": key.secret}


if __name__ == "__main__":
    main(sys.argv[1:])
