"""Valid things, made through the deeds where there is one. Start from a good case and change one thing."""

from datetime import UTC, datetime

from inspection.models import DefectClass, Epoch, Line, Membership, ModelVersion, Product, Salt, Station, User
from inspection.rules.words import Role

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


def make_user(name: str = "ana", *, role: Role | None = Role.INSPECTOR, line: Line | None = None, **fields) -> User:
    """Return a person with a founder's role on one line (on every line when none is given)."""
    user = User.objects.create_user(username=name, password=PASSWORD, **fields)
    if role is not None:
        Membership.objects.create(user=user, line=line, role=role.value, is_founding=True, granted_at=NOON)
    return user


def make_line(slug: str = "phone-glass", **fields) -> Line:
    """Return a line at `human` with a signed scope, two defect classes, a salt and its first epoch."""
    product, _ = Product.objects.get_or_create(sku="A12", defaults={"name": "Phone A12"})
    facts = {"name": slug.replace("-", " ").title(), "created_at": NOON, "scope_signed_at": NOON}
    line = Line.objects.create(slug=slug, product=product, **{**facts, **fields})
    DefectClass.objects.create(line=line, code="scratch", name="scratch", name_ko="긁힘", risk_class="major", key=1)
    DefectClass.objects.create(line=line, code="crack", name="crack", name_ko="균열", risk_class="critical", key=2)
    Salt.objects.create(line=line, secret="5a17" * 8, created_at=NOON)
    line.epoch = Epoch.objects.create(
        line=line, product=product, config_hash="0" * 64, n=1, cause="set-up", opened_at=NOON
    )
    line.save(update_fields=["epoch"])
    return line


def make_station(line: Line, name: str = "st-01", **fields) -> Station:
    return Station.objects.create(line=line, name=name, created_at=NOON, **fields)


def make_model_version(name: str = "scratch-net", version: int = 1, **fields) -> ModelVersion:
    """Return a registered version without files: for tests that never load it."""
    facts = {
        "architecture": "small-cnn",
        "weights_sha256": "ab" * 32,
        "preprocessing_id": "rgb-192/1",
        "decoder_id": "pillow/1",
        "calibrator": {"a": -1.0, "b": 0.0},
        "classes": ["pass", "scratch", "crack"],
        "card": {},
        "folder": f"{name}/{version}",
        "created_at": NOON,
    }
    return ModelVersion.objects.create(name=name, version=version, **{**facts, **fields})
