"""The demo: four lines of drawn phones with people, stations, two models and a past, loaded once.

What the model says about each picture is what the model really says; how people read the past is invented, and the
counts follow from both by the product's own rules. Demo data count on these lines and nowhere else.
"""

import io
import json
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.timezone import now as clock

import vision
from inspection import epochs, health, images, registry, salts, stations, tokens
from inspection.models import (
    DefectClass,
    GoldenReference,
    Line,
    Membership,
    ModelVersion,
    Product,
    Station,
    User,
)
from inspection.rules.words import Level, Origin, Role, Scope
from review import demo_climb, demo_gold, demo_past, demo_scope, demo_trial, filling, gates, receipts
from review.demo_past import Stretch
from review.demo_pictures import Pool
from review.demo_scenes import SCENES, Scene
from vision import drawn
from vision.serving import CARD_FILE

WORDS = "amber basin cedar delta ember fjord grove heron inlet jetty knoll larch maple north ocean pearl quartz river"
PEOPLE = {
    "ana": Role.INSPECTOR,
    "andre": Role.INSPECTOR,
    "aria": Role.INSPECTOR,
    "quinn": Role.QA_LEAD,
    "quill": Role.QA_LEAD,
    "admin": Role.ADMINISTRATOR,
}
KOREA = "Asia/Seoul"
MODEL_DEADLINE_S = 10.0
STOOD = "set up with the demo, as if two leads had signed"
DEMO_MODEL = Path(vision.__file__).parent / "demo"
# In log-odds: the second version calls a defect a little sooner, so that a canary has something to tell.
SOONER = 0.4


def load(*, seed: int = 12, scenes: Sequence[Scene] = SCENES) -> dict[str, list[dict[str, str]]]:
    """Load people, lines and their past. Return the sign-ins and the stations' keys, which exist nowhere else."""
    now = clock()
    password = "-".join(secrets.choice(WORDS.split()) for _ in range(4))
    with transaction.atomic():
        people = {name: _person(name, role, password, now=now) for name, role in PEOPLE.items()}
    model_version = registry.register(DEMO_MODEL, name="drawn-net", origin=Origin.SETUP, now=now)
    keys = [_load_scene(scene, model_version, people, seed=seed, now=now) for scene in scenes]
    _register_candidate(now=now)
    # Sealed here, the long past does not keep the first visitors' writes waiting.
    while receipts.seal_due(now=clock()):
        continue
    return {"people": [_sign_in(user, password, now=now) for user in people.values()], "stations": keys}


def _register_candidate(*, now: datetime) -> ModelVersion:
    """Register a version that waits to be rolled out: the same network, calibrated anew."""
    with tempfile.TemporaryDirectory() as folder:
        anew = Path(shutil.copytree(DEMO_MODEL, Path(folder) / "anew"))
        card = json.loads((anew / CARD_FILE).read_text())
        card["calibrator"]["b"] -= SOONER
        card["source"] += ", calibrated anew"
        (anew / CARD_FILE).write_text(json.dumps(card))
        return registry.register(anew, name="drawn-net", origin=Origin.SETUP, now=now)


# People ---------------------------------------------------------------------------------------------------------


def _person(name: str, role: Role, password: str, *, now: datetime) -> User:
    address = f"{name}@demo.invalid"
    user = User.objects.create_user(name, address, password, is_staff=role != Role.INSPECTOR)
    Membership.objects.create(user=user, role=role.value, is_founding=True, granted_at=now)
    return user


def _sign_in(user: User, password: str, *, now: datetime) -> dict[str, str]:
    token = tokens.issue(user, name="demo", scopes=list(Scope), now=now)
    return {"username": user.username, "password": password, "role": PEOPLE[user.username].value, "token": token}


# Lines ----------------------------------------------------------------------------------------------------------


def _load_scene(scene: Scene, model_version: ModelVersion, people, *, seed: int, now: datetime) -> dict[str, str]:
    born = now - timedelta(days=scene.days + scene.trial_days + 1)
    with transaction.atomic():
        line, station, key = _line(scene, now=born)
        demo_scope.agree(
            line,
            scene.product,
            station,
            people,
            has_system=scene.incumbent,
            has_lots=scene.level == Level.PARTIAL,
            amber=scene.level == Level.HUMAN,
            now=born,
        )
    if scene.level == Level.PARTIAL:
        demo_climb.fill_bank(line, station, people, now=born - timedelta(hours=2))
    with transaction.atomic():
        registry.serve(line, model_version, by=None, cause="set-up of the demo", now=born)
        line.refresh_from_db()
        _golden(line, scene, now=born)
    pool = Pool(line, station, scene, seed=seed)
    pool.fill(wanted=set(scene.cells) if scene.level != Level.HUMAN else set(), now=now)
    if scene.trial_days:
        demo_trial.hold(line, station, scene, pool, people, model_version=model_version, now=now)
    if scene.level == Level.PARTIAL:
        demo_climb.climb(line, station, scene, pool, people, now=now)
        demo_gold.show(line, people, now=now - demo_climb.LEFT_BEFORE)
    else:
        _live_and_stand(line, station, scene, pool, people, now=now)
    pool.let_in(now=clock())
    gates.read_next(line, now=clock())
    return {"line": line.slug, "key_id": key.key_id, "secret": key.secret, "product": scene.product}


def _live_and_stand(line: Line, station: Station, scene: Scene, pool: Pool, people, *, now: datetime) -> None:
    first, last = now - timedelta(days=scene.days, hours=-2), now - timedelta(hours=1)
    past = demo_past.parts(line, scene, Stretch(scene.cells, first, last), pool, people, unruled=scene.unruled)
    filling.write_past(line, past, station=station)
    _stand(line, scene, pool, people, now=now)


def _line(scene: Scene, *, now: datetime):
    product = Product.objects.create(sku=scene.sku, name=scene.name, name_ko=scene.name_ko)
    line = Line.objects.create(
        slug=scene.slug,
        name=scene.name,
        name_ko=scene.name_ko,
        product=product,
        is_demo=True,
        # A visitor's machine may be slow, and a model that is always late decides nothing.
        model_deadline_s=MODEL_DEADLINE_S,
        time_zone=KOREA,
        call_threshold=scene.call_threshold,
        reference_patch=list(drawn.REFERENCE_PATCH),
        truth_share=scene.truth_share,
        level=Level.SHADOW.value if scene.level == Level.SHADOW else Level.HUMAN.value,
        created_at=now,
    )
    DefectClass.objects.bulk_create(
        DefectClass(line=line, code=one.code, name=one.name, name_ko=one.name_ko, risk_class=one.risk, key=int(one.key))
        for one in drawn.CLASSES[scene.product]
    )
    salts.rotate(line, now=now)
    epochs.enter(line, None, cause="set-up of the demo", now=now)
    station = Station.objects.create(line=line, name=f"{scene.slug}-1", created_at=now)
    return line, station, stations.issue_key(station, now=now)


def _golden(line: Line, scene: Scene, *, now: datetime) -> None:
    picture = io.BytesIO()
    drawn.golden(scene.product).save(picture, "JPEG", quality=90)
    stored = images.store(ContentFile(picture.getvalue()))
    images.put_rendition(stored.sha256, picture.getvalue())
    GoldenReference.objects.create(
        line=line, product=line.product, view=line.main_view, revision=4, sha256=stored.sha256, created_at=now
    )


def _stand(line: Line, scene: Scene, pool: Pool, people: Mapping[str, User], *, now: datetime) -> None:
    """Put the line on its rung with a history that says how it came there."""
    steps = [(level, line.created_at + timedelta(days=day)) for day, level in enumerate(scene.steps)]
    filling.stand(line, steps, leads=(people["quinn"], people["quill"]), cause=STOOD)
    if scene.level == Level.SHADOW:
        health.note(line, items=200, missing=0, p95_ms=pool.p95_ms, now=now)
