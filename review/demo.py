"""The demo: four lines of drawn phones with people, stations, two models and a past, loaded once.

What the model says about each picture is what the model really says; how people read the past is invented, and the
counts follow from both by the product's own rules. Demo data count on these lines and nowhere else.
"""

import io
import random
import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.timezone import now as clock

import vision
from inspection import epochs, health, images, intake, outbox, pipeline, registry, stations, tokens
from inspection.models import (
    Bands,
    DefectClass,
    GoldenReference,
    Item,
    LevelChange,
    Line,
    Membership,
    ModelVersion,
    Product,
    Station,
    User,
)
from inspection.rules.words import Label, Level, Role, Scope
from review import demo_scope, filling, gates, queues
from review.demo_scenes import SCENES, Scene
from review.filling import Past, Shot
from vision import drawn

WORDS = "amber basin cedar delta ember fjord grove heron inlet jetty knoll larch maple north ocean pearl quartz river"
PEOPLE = {
    "ana": Role.INSPECTOR,
    "andre": Role.INSPECTOR,
    "aria": Role.INSPECTOR,
    "quinn": Role.QA_LEAD,
    "quill": Role.QA_LEAD,
    "admin": Role.ADMINISTRATOR,
}
POOL_MAX = 400
POOL_DEFECT_SHARE = 0.4
KOREA = "Asia/Seoul"
DEMO_MODEL = Path(vision.__file__).parent / "demo"


def load(*, seed: int = 12) -> dict[str, list[dict[str, str]]]:
    """Load people, lines and their past. Return the sign-ins and the stations' keys, which exist nowhere else."""
    now = clock()
    password = "-".join(secrets.choice(WORDS.split()) for _ in range(4))
    with transaction.atomic():
        people = {name: _person(name, role, password, now=now) for name, role in PEOPLE.items()}
    model_version = registry.register(DEMO_MODEL, name="drawn-net", now=now)
    keys = [_load_scene(scene, model_version, people, seed=seed, now=now) for scene in SCENES]
    return {"people": [_sign_in(user, password, now=now) for user in people.values()], "stations": keys}


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
    born = now - timedelta(days=scene.days + 1)
    with transaction.atomic():
        line, station, key = _line(scene, now=born)
        demo_scope.agree(
            line, has_system=scene.incumbent, amber=scene.level == Level.HUMAN, by=people["quinn"], now=born
        )
        registry.serve(line, model_version, by=None, cause="set-up of the demo", now=born)
        line.refresh_from_db()
        _golden(line, scene, now=born)
    pool = _Pool(line, station, scene, seed=seed)
    pool.fill(wanted=set(scene.cells) if scene.level != Level.HUMAN else set(), now=now)
    filling.write_past(line, _pasts(line, scene, pool, people, seed=seed, now=now), station=station)
    _climb(line, scene, pool, now=now)
    pool.let_in(now=clock())
    gates.read_next(line, now=clock())
    return {"line": line.slug, "key_id": key.key_id, "secret": key.secret, "product": scene.product}


def _line(scene: Scene, *, now: datetime):
    product = Product.objects.create(sku=scene.sku, name=scene.name, name_ko=scene.name_ko)
    line = Line.objects.create(
        slug=scene.slug,
        name=scene.name,
        name_ko=scene.name_ko,
        product=product,
        is_demo=True,
        time_zone=KOREA,
        call_threshold=scene.call_threshold,
        truth_share=scene.truth_share,
        level=Level.HUMAN.value if scene.level == Level.HUMAN else Level.SHADOW.value,
        created_at=now,
    )
    DefectClass.objects.bulk_create(
        DefectClass(line=line, code=one.code, name=one.name, name_ko=one.name_ko, risk_class=one.risk, key=int(one.key))
        for one in drawn.CLASSES[scene.product]
    )
    intake.rotate_salt(line, now=now)
    epochs.enter(line, None, cause="set-up of the demo", now=now)
    station = Station.objects.create(line=line, name=f"{scene.slug}-1", created_at=now)
    return line, station, stations.issue_key(station, now=now)


def _golden(line: Line, scene: Scene, *, now: datetime) -> None:
    picture = io.BytesIO()
    drawn.golden(scene.product).save(picture, "JPEG", quality=90)
    stored = images.store(ContentFile(picture.getvalue()))
    images.put_rendition(stored.sha256, picture.getvalue())
    GoldenReference.objects.create(
        line=line, product=line.product, view=line.views[0], revision=4, sha256=stored.sha256, created_at=now
    )


def _climb(line: Line, scene: Scene, pool: "_Pool", *, now: datetime) -> None:
    """Put the line on its rung with a history that says how it came there."""
    below = Level.HUMAN
    for day, level in enumerate(scene.steps):
        LevelChange.objects.create(
            line=line,
            from_level=below.value,
            to_level=level.value,
            epoch=line.epoch,
            cause="set up with the demo, as if two leads had signed",
            changed_at=line.created_at + timedelta(days=day),
        )
        below = level
    if scene.level == Level.PARTIAL:
        line.bands = pool.bands(now=now)
    line.level = scene.level.value
    line.save(update_fields=["level", "bands"])
    if scene.level == Level.SHADOW:
        health.note(line, items=200, missing=0, p95_ms=pool.p95_ms, now=now)


# Pictures -------------------------------------------------------------------------------------------------------


class _Pool:
    """Drawn pictures of one line with what the model says about them, by cell (call, truth)."""

    def __init__(self, line: Line, station: Station, scene: Scene, *, seed: int) -> None:
        self.line, self.station, self.scene = line, station, scene
        self.rng = random.Random(f"{seed}/{scene.slug}")
        self.shots: dict[str, list[tuple[Shot, str]]] = defaultdict(list)
        self.examined: list[tuple[Item, pipeline.Examined]] = []
        self.ms: list[float] = []
        self.measures: list[dict] = []
        self.good_scores: list[float] = []

    @property
    def p95_ms(self) -> float:
        return sorted(self.ms)[int(0.95 * (len(self.ms) - 1))] if self.ms else 0.0

    def fill(self, *, wanted: set[str], now: datetime) -> None:
        """Draw until every wanted cell has a picture and there is some variety."""
        for n in range(POOL_MAX):
            if n >= 24 and all(self.shots[cell] for cell in wanted):
                break
            self._draw(n, now=now)

    def _draw(self, n: int, *, now: datetime) -> None:
        picture = drawn.draw_random(
            self.rng.randrange(2**31), product=self.scene.product, defect_rate=POOL_DEFECT_SHARE
        )
        encoded = drawn.encode(picture)
        file = File(io.BytesIO(encoded), name="picture")
        file.size = len(encoded)
        upload = intake.Upload(
            serial=serial(self.rng),
            view=self.line.views[0],
            captured_at=now,
            file=file,
            content_type="image/jpeg",
            idempotency_key=f"demo-{n}",
        )
        item, _, _ = intake.accept(self.station, upload=upload, now=now)
        examined = pipeline.examine(item, now=now)
        self.examined.append((item, examined))
        self._keep(item, examined, picture)

    def _keep(self, item: Item, examined: pipeline.Examined, picture) -> None:
        measures = filling.measures_of(examined.seen)
        opinion = filling.opinion_of(examined)
        shot = Shot(
            sha256=item.sha256,
            size_bytes=item.size_bytes,
            width=item.width,
            height=item.height,
            content_type=item.content_type,
            measures=measures,
            opinion=opinion,
        )
        truth = "d" if picture.label == "defect" else "p"
        call = truth if opinion is None else ("d" if opinion["call"] == "defect" else "p")
        self.shots[call + truth].append((shot, picture.defect_type or ""))
        self.measures.append(measures)
        if opinion is not None:
            self.ms.append(opinion["ms"])
            if truth == "p":
                self.good_scores.append(opinion["probability"])

    def pick(self, cell: str) -> tuple[Shot, str]:
        if not self.shots[cell]:
            raise RuntimeError(f"No drawn picture of {self.scene.slug} has call and truth {cell!r}.")
        return self.rng.choice(self.shots[cell])

    def let_in(self, *, now: datetime) -> None:
        """Let the drawn parts themselves go their way: they are the first in the line's queue."""
        for item, examined in self.examined:
            with transaction.atomic():
                queues.admit(pipeline.record(item, examined, now=now), now=now)
                if work := outbox.claim("item.received", item.pk, now=now):
                    outbox.finish(work, now=now)

    def bands(self, *, now: datetime) -> Bands:
        """Return bands as a certificate would have set them on these pictures, marked as the demo's."""
        lows, epoch = sorted(self.good_scores), self.line.present_epoch
        version = registry.present(self.line)
        return Bands.objects.create(
            line=self.line,
            epoch=epoch,
            model_version=version,
            calibrator_hash=epochs.calibrator_hash(version),
            t_lo=min(lows[int(0.7 * len(lows))], self.line.call_threshold),
            t_hi=0.97,
            certificates={"basis": "set up with the demo, as if certified"},
            envelope=self._envelope(),
            created_at=now,
        )

    def _envelope(self) -> dict[str, list[float]]:
        """Return what the line's own pictures span, with a tenth of margin."""
        spans = {}
        for name in ("brightness", "p99_luminance", "contrast", "sharpness", "saturation", "entropy"):
            values = [measures[name] for measures in self.measures]
            margin = 0.25 * (max(values) - min(values)) or 1.0
            spans[name] = [min(values) - margin, max(values) + margin]
        return spans


# The past -------------------------------------------------------------------------------------------------------


def _pasts(line: Line, scene: Scene, pool: _Pool, people, *, seed: int, now: datetime) -> Iterator[Past]:
    """Yield the line's finished parts in order, errors of the model spread evenly among them."""
    rng = random.Random(f"{seed}/{scene.slug}/past")
    moments = list(_moments(line, sum(scene.cells.values()), scene.days, now=now))
    runs = list(filling.runs_at(line, moments))
    readers = [people[name] for name in ("ana", "andre", "aria")]
    for n, (run, cell) in enumerate(zip(runs, _cells(scene, runs, rng), strict=True)):
        shot, defect_class = pool.pick(cell)
        truth = Label.DEFECT if cell[1] == "d" else Label.PASS
        reader = readers[n % len(readers)]
        yield Past(
            run=run,
            shot=shot,
            serial=serial(rng),
            reader=reader,
            second_reader=readers[(n + 1) % len(readers)],
            adjudicator=people["quinn"] if n % 2 else people["quill"],
            second_adjudicator=people["quill"] if n % 2 else people["quinn"],
            label=truth,
            defect_class=defect_class if truth == Label.DEFECT else "",
            second_label=Label.PASS if truth == Label.DEFECT and n % 9 == 0 else None,
            truth=truth,
            truth_class=defect_class if truth == Label.DEFECT else "",
            incumbent=_incumbent(scene, truth, rng),
        )


def _moments(line: Line, count: int, days: int, *, now: datetime) -> Iterator[datetime]:
    """Yield moments spread over the days up to an hour ago."""
    first = now - timedelta(days=days, hours=-2)
    last = now - timedelta(hours=1)
    for n in range(count):
        yield first + (last - first) * n / max(count - 1, 1)


def _cells(scene: Scene, runs, rng: random.Random) -> list[str]:
    """Deal the cells out to the runs: the asked-for defects to the truth draw, errors evenly over time."""
    counts = dict(scene.cells)
    drawn_runs = [n for n, run in enumerate(runs) if run.drawn_truth]
    dealt: dict[int, str] = {}
    chosen = sorted(rng.sample(drawn_runs, min(scene.drawn_defects, len(drawn_runs))))
    for place, n in enumerate(chosen):
        missed = scene.drawn_misses and place % (len(chosen) // scene.drawn_misses) == len(chosen) // 6
        cell = "pd" if missed and counts["pd"] > 0 else "dd"
        dealt[n], counts[cell] = cell, counts[cell] - 1
    rest = [n for n, run in enumerate(runs) if n not in dealt and not (scene.drawn_defects and run.drawn_truth)]
    for cell in ("pd", "dp", "dd"):
        for n in _evenly(rest, counts.get(cell, 0)):
            dealt[n] = cell
            rest.remove(n)
    return [dealt.get(n, "pp") for n in range(len(runs))]


def _evenly(places: list[int], count: int) -> list[int]:
    step = len(places) / count if count else 0
    return [places[int((n + 0.5) * step)] for n in range(count)]


def _incumbent(scene: Scene, truth: Label, rng: random.Random) -> str:
    """An older system: misses one defect in seven and rejects one good part in twelve."""
    if not scene.incumbent:
        return ""
    wrong = rng.random() < (1 / 7 if truth == Label.DEFECT else 1 / 12)
    return "reject" if (truth == Label.DEFECT) != wrong else "pass"


def serial(rng: random.Random) -> str:
    """Return a neutral serial, like 8F2-19K4."""
    letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    word = "".join(rng.choice(letters) for _ in range(7))
    return f"{word[:3]}-{word[3:]}"
