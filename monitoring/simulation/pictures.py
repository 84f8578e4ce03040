"""Parts with pixels: drawn ones, or the images of a folder, through the real stages of the prediction service."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from django.core.files.base import ContentFile, File
from PIL import Image, ImageEnhance

import vision
from inspection import pipeline, registry
from inspection.models import Item, ModelVersion
from inspection.rules.words import Origin, Stage
from inspection.sightings import Examined
from monitoring.simulation.eyes import Eyes, ScoreModel
from monitoring.simulation.factory import Factory, Skill
from monitoring.simulation.parts import Made
from vision import drawn
from vision.dataset import DataSetError, Sample, read_folder
from vision.drawn import Optics

MODEL = Path(vision.__file__).parent / "demo"
PRODUCT = "back"
QUALITY = 90
# What is done to an image before a model is asked.
LOOKED = (Stage.DECODE, Stage.QUALITY)


class NoPictures(Exception):
    """The folder has no images of good and of defective parts."""


def source(folder: Path | None, *, model: Path | None = None, errs_as_told: bool = False) -> Callable[[int], Eyes]:
    """Return what makes the eyes of a run: over a folder's images, or over drawn parts. Raises NoPictures.

    `model` is the folder of the model that looks; without it that of drawn parts does. Where a model `errs_as_told` by
    the scenario, none looks.
    """
    draw = _drawn if folder is None else Shelf(folder).draw
    if errs_as_told:
        return lambda seed: ToldPictures(seed=seed, draw=draw)
    return lambda seed: Pictures(seed=seed, draw=draw, model=model or MODEL)


Draw = Callable[[Made, Random], bytes]


class Pictures:
    """Gives each part a picture of what it is, and lets the stages look at it. `skills` change nothing here."""

    def __init__(self, *, seed: int, draw: Draw, model: Path) -> None:
        self.skills: dict[int, Skill] = {}
        self._seed, self._draw, self._model = seed, draw, model

    def model(self, factory: Factory, *, now: datetime) -> ModelVersion:
        """Register the model of the folder."""
        return registry.register(self._model, name=None, origin=Origin.SETUP, now=now)

    def upload(self, made: Made) -> File:
        chance = Random(f"{self._seed}/{made.serial}/{made.index}/picture")
        return ContentFile(self._draw(made, chance), name="picture.jpg")

    def meet(self, item: Item, made: Made) -> None:
        """The image itself says all that the stages need."""

    def examine(self, item: Item, *, now: datetime, versions: Sequence[ModelVersion] | None = None) -> Examined:
        return pipeline.examine(item, now=now, versions=versions)


class ToldPictures(Pictures):
    """The pictures go through the real stages, but what a version says of them is drawn: it errs as `skills` say."""

    def __init__(self, *, seed: int, draw: Draw) -> None:
        super().__init__(seed=seed, draw=draw, model=MODEL)
        self._scores = ScoreModel(seed=seed)
        self.skills = self._scores.skills

    def model(self, factory: Factory, *, now: datetime) -> ModelVersion:
        return self._scores.model(factory, now=now)

    def meet(self, item: Item, made: Made) -> None:
        self._scores.meet(item, made)

    def examine(self, item: Item, *, now: datetime, versions: Sequence[ModelVersion] | None = None) -> Examined:
        looked = super().examine(item, now=now, versions=())
        said = self._scores.examine(item, now=now, versions=versions)
        stages = [done for done in looked.stages if done.stage in LOOKED] + [
            done for done in said.stages if done.stage not in LOOKED
        ]
        return replace(looked, stages=tuple(stages), opinions=said.opinions)


class Shelf:
    """The images of a data-set folder, by what they show."""

    def __init__(self, folder: Path) -> None:
        try:
            samples = read_folder(folder)
        except DataSetError as error:
            raise NoPictures(str(error)) from error
        self._good = [sample for sample in samples if sample.label == "ok"]
        self._bad = [sample for sample in samples if sample.label == "defect"]
        if not self._good or not self._bad:
            raise NoPictures(f"{folder} needs images labelled ok and images labelled defect.")

    def draw(self, made: Made, rng: Random) -> bytes:
        """Return an image of a good or of a defective part, as dark as the part's lamp makes it.

        All are encoded alike: else the file's size would tell the dark ones, whatever the lamp does to it.
        """
        sample: Sample = rng.choice(self._bad if made.is_defect else self._good)
        with Image.open(sample.path) as image:
            return _jpeg(ImageEnhance.Brightness(image.convert("RGB")).enhance(made.light))


def _drawn(made: Made, rng: Random) -> bytes:
    kind = made.defect_class if made.defect_class in drawn.defects_of(PRODUCT) else "scratch"
    part = drawn.draw(
        rng.randrange(2**31),
        product=PRODUCT,
        defect=kind if made.is_defect else None,
        optics=Optics(light=made.light),
    )
    return drawn.encode(part, quality=QUALITY)


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()
