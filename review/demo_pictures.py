"""Drawn pictures of a demo line, each with what the line's model really says about it."""

import io
import random
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime

from django.core.files.base import ContentFile, File
from django.db import transaction

from inspection import images, intake, outbox, pipeline, registry, stages
from inspection.models import Item, Line, ModelVersion, Station
from inspection.rules.words import Call
from review import queues, shots
from review.demo_scenes import Scene
from review.shots import Shot
from vision import drawn

POOL_MAX = 400
FILE_FACTS = ("sha256", "size_bytes", "width", "height", "content_type")


def serial(rng: random.Random) -> str:
    """Return a neutral serial, like 8F2-19K4."""
    letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    word = "".join(rng.choice(letters) for _ in range(7))
    return f"{word[:3]}-{word[3:]}"


def kept(picture: drawn.Drawn, line: Line) -> Item:
    """Keep a picture and return an item that shows it, not saved: it has no run of its own."""
    stored = images.store(ContentFile(drawn.encode(picture)))
    width, height = picture.image.size
    return Item(
        line=line,
        sha256=stored.sha256,
        size_bytes=stored.size,
        width=width,
        height=height,
        content_type="image/jpeg",
    )


def shown(picture: drawn.Drawn, line: Line) -> Item:
    """Keep a picture that no model examines, with what people are shown of it."""
    item = kept(picture, line)
    seen = stages.decode_stored(item.sha256, max_pixels=line.max_megapixels * 1_000_000)
    images.put_rendition(item.sha256, seen.rendition)
    images.put_thumbnail(item.sha256, seen.thumbnail)
    return item


def shot_of(item: Item, examined: pipeline.Examined | None = None) -> Shot:
    """Return the picture as the filling takes it, with measures and opinion where it was examined."""
    return Shot(
        sha256=item.sha256,
        size_bytes=item.size_bytes,
        width=item.width,
        height=item.height,
        content_type=item.content_type,
        measures=shots.measures_of(examined.seen) if examined else {},
        opinion=shots.opinion_of(examined) if examined else None,
    )


class Pool:
    """Drawn pictures of one line with what the model says about them, by cell (call, truth)."""

    def __init__(self, line: Line, station: Station, scene: Scene, *, seed: int) -> None:
        self.line, self.station, self.scene = line, station, scene
        self.rng = random.Random(f"{seed}/{scene.slug}")
        self.shots: dict[str, list[tuple[Shot, str]]] = defaultdict(list)
        self.picked: Counter[str] = Counter()
        self.waiting: list[tuple[Item, pipeline.Examined]] = []
        self.ms: list[float] = []

    @property
    def p95_ms(self) -> float:
        return sorted(self.ms)[int(0.95 * (len(self.ms) - 1))] if self.ms else 0.0

    def fill(self, *, wanted: Collection[str], now: datetime) -> None:
        """Draw until every wanted cell has a picture and there is some variety."""
        for number in self.scene.mistaken:
            self._examine(self._drawn(number), now=now)
        for n in range(POOL_MAX):
            if n >= self.scene.variety and all(self.shots[cell] for cell in wanted):
                break
            self._draw(n, now=now)

    def pick(self, cell: str) -> tuple[Shot, str]:
        if not self.shots[cell]:
            raise RuntimeError(f"No drawn picture of {self.scene.slug} has call and truth {cell!r}.")
        self.picked[cell] += 1
        return self.shots[cell][self.picked[cell] % len(self.shots[cell])]

    def seen_by(self, version: ModelVersion, *, now: datetime) -> "Pool":
        """Return the same pictures with what another version says about them."""
        other = Pool(self.line, self.station, self.scene, seed=0)
        for cell, shots_of_cell in self.shots.items():
            for shot, defect_class in shots_of_cell:
                item = Item(line=self.line, **{name: getattr(shot, name) for name in FILE_FACTS})
                seen = shot_of(item, pipeline.examine(item, now=now, versions=[version]))
                other.shots[("d" if seen.call == Call.DEFECT else "p") + cell[1]].append((seen, defect_class))
        return other

    def let_in(self, *, now: datetime) -> None:
        """Let the drawn parts themselves go their way: they are the first in the line's queue."""
        for item, examined in self.waiting:
            with transaction.atomic():
                queues.admit(pipeline.record(item, examined, now=now), now=now)
                if work := outbox.claim("item.received", item.pk, now=now):
                    outbox.finish(work, now=now)

    def _draw(self, n: int, *, now: datetime) -> None:
        picture = self._drawn(self.rng.randrange(2**31))
        if self.scene.begins_with_queue:
            item = self._accepted(n, drawn.encode(picture), now=now)
            examined = pipeline.examine(item, now=now)
            self.waiting.append((item, examined))
            self._keep(shot_of(item, examined), picture)
        else:
            self._examine(picture, now=now)

    def _drawn(self, number: int) -> drawn.Drawn:
        return drawn.draw_random(number, product=self.scene.product, defect_rate=self.scene.pool_defects)

    def _examine(self, picture: drawn.Drawn, *, now: datetime) -> None:
        """Take a picture into the pool that comes to nobody's queue."""
        item = kept(picture, self.line)
        self._keep(shot_of(item, pipeline.examine(item, now=now, versions=[registry.present(self.line)])), picture)

    def _accepted(self, n: int, encoded: bytes, *, now: datetime) -> Item:
        file = File(io.BytesIO(encoded), name="picture")
        file.size = len(encoded)
        upload = intake.Upload(
            serial=serial(self.rng),
            view=self.line.main_view,
            captured_at=now,
            file=file,
            content_type="image/jpeg",
            idempotency_key=f"demo-{n}",
        )
        return intake.accept(self.station, upload=upload, now=now).item

    def _keep(self, shot: Shot, picture: drawn.Drawn) -> None:
        truth = "d" if picture.label == "defect" else "p"
        call = truth if shot.call is None else ("d" if shot.call == "defect" else "p")
        self.shots[call + truth].append((shot, picture.defect_type or ""))
        if shot.opinion is not None:
            self.ms.append(shot.opinion["ms"])
