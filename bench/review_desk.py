"""An inspector's desk for the benchmark of the loop: one line, its queue, a session, and the count of what arrived."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client
from django.utils.timezone import now
from PIL import Image

from bench import figures
from inspection import images, registry, salts
from inspection.models import (
    DefectClass,
    Disposition,
    GoldenReference,
    Item,
    Line,
    Membership,
    ModelVersion,
    Part,
    Prediction,
    Product,
    Routing,
    Run,
    User,
)
from inspection.rules.words import Call, Level, Origin, PredictionRole, Role
from review import queues, signing
from review.demo import DEMO_MODEL
from review.models import Decision

DRAWS = ("truth", "overlap", "audit", "control", "check_defect", "second_look")
SPARE = 12
PASSWORD = "amber-basin-cedar-delta"
SECOND_LEAD = "quill"
PEOPLE = {"ana": Role.INSPECTOR, "quinn": Role.QA_LEAD, SECOND_LEAD: Role.QA_LEAD}


@dataclass
class Desk:
    slug: str
    assist_slug: str
    large_slug: str
    session: str
    lead_session: str
    lead: str = "quinn"
    password: str = PASSWORD
    _seen: int = 0

    def resume(self) -> None:
        """Lift STOP by the deed of two leads, so that it can be pressed again."""
        line = Line.objects.get(slug=self.slug)
        asked, signs = (User.objects.get(username=name) for name in (self.lead, SECOND_LEAD))
        signing.approve(signing.resume(line, by=asked, reason="timed", now=now()), by=signs, now=now())

    def counted(self) -> dict[str, Any]:
        """Say what reached the database since the last count: decisions, two for a task, images that came late.

        And how long the page says that it let the person wait for each.
        """
        ids = Decision.objects.order_by("recorded_at", "pk").values_list("pk", flat=True)[self._seen :]
        new = Decision.objects.filter(pk__in=list(ids))
        self._seen += new.count()
        pages = list(new.values_list("page", flat=True))
        return {
            "decisions": new.count(),
            "decided twice": new.count() - new.values("task").distinct().count(),
            "system wait per decision, ms": figures.spread([page["wait_ms"] for page in pages if "wait_ms" in page]),
            "image not there yet": new.filter(page__prefetch_hit=False).count(),
        }


def lay(pictures: list[bytes], *, runs: int, decisions: int, revealed: int = 0, large: Sequence[bytes] = ()) -> Desk:
    """Make a line whose queue lasts for so many runs, and a signed-in inspector.

    `revealed` parts wait on a second line, where a model disagrees with every pass, `large` pictures with their
    originals on a third.
    """
    version = registry.register(DEMO_MODEL, name="drawn-net", origin=Origin.SETUP, now=now())
    line, assisted, magnified = (
        _line(slug, level, version)
        for slug, level in (("human", Level.HUMAN), ("assist", Level.ASSIST), ("large", Level.HUMAN))
    )
    stored = [_stored(picture) for picture in pictures]
    for n in range(runs * decisions + SPARE * runs):
        _add(line, n, *stored[n % len(stored)])
    for n in range(revealed):
        _add(assisted, n, *stored[n % len(stored)])
    for n, picture in enumerate(large):
        images.store(ContentFile(picture))
        _add(magnified, n, *_stored(picture))
    golden, _ = stored[0]
    GoldenReference.objects.create(
        line=line, product=line.product, view="front", revision=1, sha256=golden, created_at=now()
    )
    sessions = {name: _session_of(name, role) for name, role in PEOPLE.items()}
    slugs = (line.slug, assisted.slug, magnified.slug)
    return Desk(*slugs, session=sessions["ana"], lead_session=sessions["quinn"])


def _session_of(name: str, role: Role) -> str:
    """Make a person with a role on every line; return the cookie of a session of theirs."""
    user = User.objects.create_user(username=name, password=PASSWORD)
    Membership.objects.create(user=user, role=role.value, is_founding=True, granted_at=now())
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def _line(name: str, level: Level, version: ModelVersion) -> Line:
    slug = f"bench-{name}"
    product = Product.objects.create(sku=slug, name=slug)
    line = Line.objects.create(
        slug=slug, name=slug, product=product, level=level.value, created_at=now(), scope_signed_at=now()
    )
    DefectClass.objects.create(line=line, code="scratch", name="scratch", name_ko="긁힘", risk_class="major", key=1)
    salts.rotate(line, now=now())
    registry.serve(line, version, by=None, cause="set-up", now=now())
    line.refresh_from_db()
    return line


def _stored(picture: bytes) -> tuple[str, tuple[int, int]]:
    """Keep the picture as people are shown it: JPEG, long edge at most 1920. Return its hash and its own size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    size = image.size
    image.thumbnail((1920, 1920))
    shown = io.BytesIO()
    image.save(shown, "JPEG", quality=88)
    sha256 = hashlib.sha256(picture).hexdigest()
    images.put_rendition(sha256, shown.getvalue())
    return sha256, size


def _add(line: Line, n: int, sha256: str, size: tuple[int, int]) -> None:
    moment = now()
    part = Part.objects.create(line=line, serial=f"B-{n:05d}")
    run = Run.objects.create(
        part=part,
        line=line,
        epoch=line.epoch,
        n=1,
        opened_at=moment,
        model_due_at=moment,
        review_due_at=moment + timedelta(hours=2),
        views_expected=["front"],
        is_open=False,
        salt=line.salts.get(),
        shares={},
        canary_position=0.5,
        **{f"drawn_{draw}": False for draw in DRAWS},
    )
    Disposition.objects.create(run=run, line=line)
    item = Item.objects.create(
        run=run,
        line=line,
        view="front",
        captured_at=moment,
        received_at=moment,
        sha256=sha256,
        size_bytes=1,
        width=size[0],
        height=size[1],
        content_type="image/jpeg",
    )
    version = line.epoch.model_version
    if line.level != Level.HUMAN:
        _predict(item, version)
    routing = Routing.objects.create(
        item=item,
        route="human",
        reason="level",
        level=line.level,
        epoch=line.epoch,
        model_version=version,
        routed_at=moment,
    )
    queues.admit(routing, now=moment)


def _predict(item: Item, version: ModelVersion) -> None:
    """Let the model call it a defect, and say where it looked."""
    Prediction.objects.create(
        item=item,
        model_version=version,
        role=PredictionRole.SERVING.value,
        decoder_id=version.decoder_id,
        preprocessing_id=version.preprocessing_id,
        raw_score=0.9,
        probability=0.9,
        call=Call.DEFECT.value,
        defect_class="scratch",
        uncertainty=0.1,
        heatmap=bytes(range(0, 192, 4)),
        heatmap_columns=8,
        ms=5.0,
        created_at=now(),
    )
