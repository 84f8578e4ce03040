"""An inspector's desk for the benchmark of the loop: one line, its queue, a session, and the count of what arrived."""

import hashlib
import io
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.test import Client
from django.utils.timezone import now
from PIL import Image

from inspection import images
from inspection.models import (
    DefectClass,
    Disposition,
    Epoch,
    Item,
    Line,
    Membership,
    Part,
    Product,
    Routing,
    Run,
    Salt,
)
from inspection.rules.words import Role
from review import queues, signing
from review.models import Decision

DRAWS = ("truth", "overlap", "audit", "control", "check_defect", "second_look")
SPARE = 12
PASSWORD = "amber-basin-cedar-delta"
SECOND_LEAD = "quill"


@dataclass
class Desk:
    slug: str
    session: str
    lead_session: str
    lead: str = "quinn"
    password: str = PASSWORD
    _seen: int = 0

    def resume(self) -> None:
        """Lift STOP by the deed of two leads, so that it can be pressed again."""
        line = Line.objects.get(slug=self.slug)
        asked, signs = (get_user_model().objects.get(username=name) for name in (self.lead, SECOND_LEAD))
        signing.approve(signing.resume(line, by=asked, reason="timed", now=now()), by=signs, now=now())

    def counted(self) -> dict[str, int]:
        """Say what reached the database since the last count: decisions, two for a task, images that came late."""
        ids = Decision.objects.order_by("recorded_at", "pk").values_list("pk", flat=True)[self._seen :]
        new = Decision.objects.filter(pk__in=list(ids))
        self._seen += new.count()
        return {
            "decisions": new.count(),
            "decided twice": new.count() - new.values("task").distinct().count(),
            "image not there yet": new.filter(page__prefetch_hit=False).count(),
        }


def lay(pictures: list[bytes], *, runs: int, decisions: int) -> Desk:
    """Make a line whose queue lasts for so many runs, and a signed-in inspector."""
    line = _line()
    stored = [_stored(picture) for picture in pictures]
    for n in range(runs * decisions + SPARE * runs):
        _add(line, n, *stored[n % len(stored)])
    ana, quinn = _session_of("ana", Role.INSPECTOR, line), _session_of("quinn", Role.QA_LEAD, line)
    _session_of(SECOND_LEAD, Role.QA_LEAD, line)
    return Desk(slug=line.slug, session=ana, lead_session=quinn)


def _session_of(name: str, role: Role, line: Line) -> str:
    """Make a person with a role on the line; return the cookie of a session of theirs."""
    user = get_user_model().objects.create_user(username=name, password=PASSWORD)
    Membership.objects.create(user=user, line=line, role=role.value, is_founding=True, granted_at=now())
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def _line() -> Line:
    product = Product.objects.create(sku="A12", name="Phone A12")
    line = Line.objects.create(
        slug="bench-review", name="Bench", product=product, created_at=now(), scope_signed_at=now()
    )
    DefectClass.objects.create(line=line, code="scratch", name="scratch", name_ko="긁힘", risk_class="major", key=1)
    Salt.objects.create(line=line, secret="5a17" * 8, created_at=now())
    line.epoch = Epoch.objects.create(
        line=line, product=product, config_hash="0" * 64, n=1, cause="set-up", opened_at=now()
    )
    line.save(update_fields=["epoch"])
    return line


def _stored(picture: bytes) -> tuple[str, tuple[int, int]]:
    """Keep the picture as people are shown it: JPEG, long edge at most 1920."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((1920, 1920))
    shown = io.BytesIO()
    image.save(shown, "JPEG", quality=88)
    sha256 = hashlib.sha256(picture).hexdigest()
    images.put_rendition(sha256, shown.getvalue())
    return sha256, image.size


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
    routing = Routing.objects.create(
        item=item, route="human", reason="level", level=line.level, epoch=line.epoch, routed_at=moment
    )
    queues.admit(routing, now=moment)
