"""Load many waiting and decided items by bulk insert, for benchmarks and page tests."""

import io
import random
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as clock

from inspection import images, salts
from inspection.models import Line, Station, User
from inspection.rules.words import Call, Label
from review import filling
from review.filling import Past
from review.shots import Shot
from vision import drawn
from vision.decode import DECODER_ID

PICTURES = 6
DEFECT_RATE = 0.1
WRONG_RATE = 0.02
READERS = ("fill-1", "fill-2", "fill-3", "fill-4")
PAST_DAYS = 30


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line")
        parser.add_argument("--waiting", type=int, required=True)
        parser.add_argument("--decided", type=int, default=0)
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *, line: str, waiting: int, decided: int, seed: int, **options: object) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("fill writes invented evidence; it refuses in production.")
        if waiting < 0 or decided < 0:
            raise CommandError("--waiting and --decided must not be negative.")
        found = Line.objects.select_related("epoch__model_version", "product").filter(slug=line).first()
        if found is None:
            raise CommandError(f"There is no line {line!r}.")
        filler = Filler(found, seed=seed, now=clock())
        written = filler.decide(decided) if decided else 0
        queued = filler.queue(waiting) if waiting else 0
        self.stdout.write(f"{written} decided and {queued} waiting items on {line}.")


class Filler:
    """Invents a line's past and queue from a few drawn pictures. The same seed tells the same story."""

    def __init__(self, line: Line, *, seed: int, now: datetime) -> None:
        self.line, self.now = line, now
        self.rng = random.Random(seed)
        self.station, _ = Station.objects.get_or_create(line=line, name="fill", defaults={"created_at": now})
        self.readers = [User.objects.get_or_create(username=name)[0] for name in READERS]
        self.codes = list(line.defect_classes.filter(retired_at=None).values_list("code", flat=True))
        self.pictures = [self._picture(n) for n in range(PICTURES)]
        salts.current(line, now=now)

    def decide(self, count: int) -> int:
        step = timedelta(days=PAST_DAYS) / count
        first = self.now - timedelta(days=PAST_DAYS)
        moments = (first + step * n for n in range(count))
        pasts = (self._past(run) for run in filling.runs_at(self.line, moments))
        return filling.write_past(self.line, pasts, station=self.station)

    def queue(self, count: int) -> int:
        moments = (self.now + timedelta(milliseconds=n) for n in range(count))
        runs = ((run, self._shot(), self._serial()) for run in filling.runs_at(self.line, moments))
        return filling.write_waiting(self.line, runs, station=self.station)

    def _past(self, run) -> Past:
        truth = Label.DEFECT if self.rng.random() < DEFECT_RATE else Label.PASS
        defect_class = self.rng.choice(self.codes) if truth == Label.DEFECT else ""
        n = self.rng.randrange(len(self.readers))
        reader, second, ruler, other = (self.readers[(n + step) % len(self.readers)] for step in range(4))
        return Past(
            run=run,
            shot=self._shot(truth),
            serial=self._serial(),
            reader=reader,
            second_reader=second,
            adjudicator=ruler,
            second_adjudicator=other,
            label=truth,
            defect_class=defect_class,
            truth=truth,
            truth_class=defect_class,
        )

    def _shot(self, truth: Label = Label.PASS) -> Shot:
        call = truth.value
        if self.rng.random() < WRONG_RATE:
            call = Call.PASS.value if truth == Label.DEFECT else Call.DEFECT.value
        probability = self.rng.betavariate(8, 2) if call == Call.DEFECT.value else self.rng.betavariate(1, 30)
        return Shot(**self.rng.choice(self.pictures), opinion=self._opinion(call, probability))

    def _opinion(self, call: str, probability: float) -> dict | None:
        version = self.line.present_epoch.model_version
        if version is None:
            return None
        return {
            "decoder_id": DECODER_ID,
            "preprocessing_id": version.preprocessing_id,
            "raw_score": 2 * probability - 1,
            "probability": probability,
            "call": call,
            "defect_class": self.rng.choice(self.codes) if call == Call.DEFECT.value else "",
            "uncertainty": 1 - abs(2 * probability - 1),
            "ms": 5.0,
        }

    def _picture(self, n: int) -> dict:
        picture = io.BytesIO()
        part = drawn.draw(n, product="glass")
        part.image.save(picture, "JPEG", quality=85)
        stored = images.store(ContentFile(picture.getvalue()))
        images.put_rendition(stored.sha256, picture.getvalue())
        width, height = part.image.size
        return {
            "sha256": stored.sha256,
            "size_bytes": stored.size,
            "width": width,
            "height": height,
            "content_type": "image/jpeg",
        }

    def _serial(self) -> str:
        return f"F{self.rng.getrandbits(48):012X}"
