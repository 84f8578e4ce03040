"""The parts that a simulated factory makes, with what is true of them and nobody is told."""

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from inspection.rules.words import Label
from monitoring.simulation.factory import HARD_SHARE, Factory


@dataclass(frozen=True, kw_only=True)
class Made:
    """One part: its place in the run (below 0 before the run begins), its truth, and how its picture was taken.

    `light` is the lamp's strength, 1.0 as it was set up. `same_as` is the serial under which a challenge part came
    when its defect became known: a model says the same of it again.
    """

    index: int
    serial: str
    is_defect: bool
    defect_class: str
    is_hard: bool
    captured_at: datetime
    light: float = 1.0
    same_as: str = ""

    @property
    def label(self) -> Label:
        return Label.DEFECT if self.is_defect else Label.PASS


class Maker:
    """Makes parts as nature does: independent, defective at the factory's rate, some of them hard to judge."""

    def __init__(self, factory: Factory, *, seed: int) -> None:
        self.factory = factory
        self._seed = seed

    def make(self, index: int, *, now: datetime) -> Made:
        """Return part number `index`: the same for the same seed, whatever was made before."""
        rng = Random(f"{self._seed}/part/{index}")
        is_defect = rng.random() < self.factory.defect_rate
        return self._part(rng, index, is_defect=is_defect, now=now)

    def make_defect(self, index: int, *, now: datetime) -> Made:
        """Return a part with a defect: for the bank, and for challenges."""
        return self._part(Random(f"{self._seed}/part/{index}"), index, is_defect=True, now=now)

    def with_defect(self, made: Made, defect_class: str) -> Made:
        """Return the part as it would be with a defect of a kind."""
        return replace(made, is_defect=True, defect_class=defect_class)

    def _part(self, rng: Random, index: int, *, is_defect: bool, now: datetime) -> Made:
        kinds, shares = zip(*self.factory.classes.items(), strict=True)
        kind = rng.choices(kinds, shares)[0]
        return Made(
            index=index,
            serial=f"{rng.getrandbits(20):05X}-{index + 1_000_000:07d}",
            is_defect=is_defect,
            defect_class=kind if is_defect else "",
            is_hard=rng.random() < HARD_SHARE,
            captured_at=now,
        )
