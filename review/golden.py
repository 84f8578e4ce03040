"""Golden images: the picture of a good part beside which people look, in revisions for each product and view.

One is chosen from the line's own images, or comes as a file through the same two gates as a station's image: the
door looks at its structure, a worker decodes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max

from inspection import images, intake, outbox, stages
from inspection.models import GoldenReference, Item, Line, Product, User
from inspection.rules.words import GoldenState, Label, TruthSource
from review import searches
from review.bank_models import BankDefect
from review.gold_models import GaugeItem, GoldShowing
from review.models import Truth
from review.pictures import standing
from vision.decode import DecodeFailed
from vision.header import check_header

TOPIC = "golden.uploaded"
# Everybody will look at it: one person's word is not enough.
BELIEVED = (TruthSource.CONSENSUS.value, TruthSource.ADJUDICATION.value, TruthSource.PHYSICAL.value)


class Unfit(StrEnum):
    """Why an image cannot be the golden one."""

    OTHER_LINE = "other-line"
    OPEN = "open"
    UNSETTLED = "unsettled"
    NOT_GOOD = "not-good"
    SEALED = "sealed"
    KNOWN = "known"


class NotGolden(Exception):
    """The image cannot be the golden one. `reasons` names all that is wrong."""

    def __init__(self, reasons: Sequence[Unfit]) -> None:
        super().__init__(f"The image cannot be golden: {', '.join(reasons)}.")
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One product in one view: its revisions, the newest first, and which of them is shown now."""

    product: Product
    view: str
    shown: GoldenReference | None
    revisions: list[GoldenReference]


def shelves(line: Line) -> list[Shelf]:
    """Return what the line shows beside the images of its product, view by view; other products it made follow."""
    kept = GoldenReference.objects.filter(line=line).select_related("product", "set_by", "source__run__part")
    rows = list(kept.order_by("-revision"))
    shown = {(one.product_id, one.view): one for one in standing(line).order_by("revision")}
    places = [(line.product, view) for view in line.views]
    places += sorted(
        {(row.product, row.view) for row in rows} - set(places), key=lambda place: (str(place[0]), place[1])
    )
    return [
        Shelf(
            product=product,
            view=view,
            shown=shown.get((product.pk, view)),
            revisions=[row for row in rows if (row.product_id, row.view) == (product.pk, view)],
        )
        for product, view in places
    ]


@transaction.atomic
def choose(line: Line, image: Item, *, by: User, now: datetime) -> GoldenReference:
    """Let an image of the line be the next revision for its product and view, shown at once. Raises NotGolden."""
    _lock(line)
    reasons = unfit(image, line)
    if reasons:
        raise NotGolden(reasons)
    return _revise(
        line,
        image.run.epoch.product,
        image.view,
        sha256=image.sha256,
        source=image,
        state=GoldenState.READY,
        by=by,
        now=now,
    )


def upload(line: Line, *, view: str, file: File, content_type: str | None, by: User, now: datetime) -> GoldenReference:
    """Take in a file as the next revision for the line's product. It is shown once a worker has read its pixels.

    A file with the bytes of stored images is judged as they are. Raises ImageRefused, NotGolden, StorageFull or
    StorageUnavailable; then nothing is kept.
    """
    check_header(file, size=file.size, content_type=content_type, limits=intake.limits_of(line))  # type: ignore[arg-type]
    stored = images.digest(file)
    same = Item.objects.real().filter(sha256=stored.sha256).select_related("run__part")
    with transaction.atomic():
        _lock(line)
        reasons = dict.fromkeys(reason for image in same for reason in unfit(image, line))
        if reasons:
            raise NotGolden(list(reasons))
        images.keep(file, stored)
        kept = _revise(
            line,
            line.product,
            view,
            sha256=stored.sha256,
            source=same.first(),
            state=GoldenState.PREPARING,
            by=by,
            now=now,
        )
        outbox.ask(TOPIC, kept.pk, now=now)
    return kept


def prepare(pk: int) -> None:
    """Decode an uploaded file into what people are shown; doing so twice does no harm."""
    golden = GoldenReference.objects.select_related("line").get(pk=pk)
    try:
        picture = stages.decode_stored(golden.sha256, max_pixels=golden.line.max_megapixels * 1_000_000)
    except DecodeFailed:
        state = GoldenState.UNREADABLE
    else:
        images.put_rendition(golden.sha256, picture.rendition)
        images.put_thumbnail(golden.sha256, picture.thumbnail)
        state = GoldenState.READY
    GoldenReference.objects.filter(pk=pk, state=GoldenState.PREPARING).update(state=state)


def may_offer(image: Item) -> bool:
    """Say whether the image is of a good part beyond one person's word, and not shown as golden already."""
    truth = _newest(image)
    is_good = truth is not None and truth.source in BELIEVED and truth.label == Label.PASS
    here = standing(image.line).filter(product=image.run.epoch.product_id, view=image.view).order_by("-revision")
    return is_good and here.values_list("sha256", flat=True).first() != image.sha256


def unfit(image: Item, line: Line) -> list[Unfit]:
    """Return every reason why an image cannot be a golden one of the line."""
    part, truth = image.run.part, _newest(image)
    is_believed = truth is not None and truth.source in BELIEVED
    shown = GoldShowing.objects.filter(source__run__part=part, task__closed_at=None)
    studied = GaugeItem.objects.filter(source__run__part=part, study__stopped_at=None)
    found = {
        Unfit.OTHER_LINE: image.line_id != line.pk or part.is_staged,
        Unfit.OPEN: searches.is_open(image),
        Unfit.UNSETTLED: not is_believed,
        Unfit.NOT_GOOD: is_believed and truth is not None and truth.label != Label.PASS,
        Unfit.SEALED: part.is_challenge or BankDefect.objects.filter(part=part).exists(),
        Unfit.KNOWN: shown.exists() or studied.exists(),
    }
    return [reason for reason, holds in found.items() if holds]


def _newest(image: Item) -> Truth | None:
    return Truth.objects.filter(item=image).order_by("-n").first()


def _lock(line: Line) -> None:
    """The line's row is the lock: revisions have no gaps, and no bank takes the part meanwhile."""
    Line.objects.select_for_update(no_key=True).values_list("pk").get(pk=line.pk)


def _revise(
    line: Line,
    product: Product,
    view: str,
    *,
    sha256: str,
    source: Item | None,
    state: GoldenState,
    by: User,
    now: datetime,
) -> GoldenReference:
    before = GoldenReference.objects.filter(line=line, product=product, view=view)
    return GoldenReference.objects.create(
        line=line,
        product=product,
        view=view,
        revision=1 + (before.aggregate(last=Max("revision"))["last"] or 0),
        sha256=sha256,
        source=source,
        state=state.value,
        set_by=by,
        created_at=now,
    )
