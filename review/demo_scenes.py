"""The demo's lines: what each makes, where it stands, and the counts of the past it begins with."""

from dataclasses import dataclass, field

from inspection.rules.words import Level


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One demo line: what it makes, where it stands, and the past it begins with.

    `cells` counts parts by (model call, truth), p = pass and d = defect. `drawn_misses` of the defects that the
    model missed belong to the truth draw, `drawn_defects` of all defects at least. `call_threshold` is where the
    demo's model calls a few good parts defects on drawn parts of this product. `variety` pictures are drawn at least,
    `pool_defects` of them with a defect; where the line `begins_with_queue` they are its first parts to be read.
    `mistaken` are numbers of parts so drawn of which the model thinks wrong: the rare cells have more than one face.
    Before its past, a model that always says pass was on trial for `trial_days`. Nobody has ruled yet on what the
    rules ask of its newest `unruled` parts.
    """

    slug: str
    name: str
    name_ko: str
    product: str
    sku: str
    level: Level
    cells: dict[str, int]
    days: int
    call_threshold: float = 0.5
    truth_share: float = 0.05
    drawn_defects: int = 0
    drawn_misses: int = 0
    incumbent: bool = False
    steps: tuple[Level, ...] = field(default=())
    variety: int = 24
    pool_defects: float = 0.4
    mistaken: tuple[int, ...] = ()
    begins_with_queue: bool = True
    trial_days: int = 0
    unruled: int = 0


SCENES = (
    Scene(
        slug="phone-glass",
        name="Phone glass",
        name_ko="휴대폰 전면 유리",
        product="glass",
        sku="A12",
        level=Level.SHADOW,
        cells={"pp": 352, "dp": 11, "pd": 2, "dd": 39},
        days=6,
        call_threshold=0.08,
        incumbent=True,
        steps=(Level.SHADOW,),
        variety=48,
        mistaken=(63, 65, 72, 77, 85, 108, 175, 205, 344, 469),
        trial_days=7,
        unruled=120,
    ),
    Scene(
        slug="phone-frame",
        name="Phone frame",
        name_ko="휴대폰 프레임",
        product="frame",
        sku="F05",
        level=Level.HUMAN,
        cells={"pp": 208, "dd": 12},
        days=4,
    ),
    Scene(
        slug="phone-lens",
        name="Camera lens",
        name_ko="카메라 렌즈",
        product="lens",
        sku="L03",
        level=Level.SHADOW,
        cells={"pp": 890, "dp": 10, "pd": 4, "dd": 96},
        days=19,
        call_threshold=0.22,
        truth_share=0.20,
        drawn_defects=63,
        drawn_misses=3,
        steps=(Level.SHADOW,),
        variety=36,
        mistaken=(10, 22, 29, 33, 46, 101, 118, 136, 169),
    ),
    Scene(
        slug="phone-back",
        name="Phone back",
        name_ko="휴대폰 후면 유리",
        product="back",
        sku="B07",
        level=Level.PARTIAL,
        # What the three stretches of its climb hold stands in `review.demo_climb`.
        cells={"pp": 1555, "dp": 13, "dd": 82},
        days=12,
        call_threshold=0.08,
        truth_share=0.10,
        variety=100,
        pool_defects=0.25,
        mistaken=(117, 169, 236, 319, 375, 430),
        begins_with_queue=False,
    ),
)
