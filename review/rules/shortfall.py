"""How many more distinct defects a bank needs before it can prove what a rung asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.rules.ladder import Gate
from stats.bands import defects_to_certify
from stats.policy import CLASS_P0


@dataclass(frozen=True)
class Shortfall:
    """More defects without a miss, of any class and of each class that must be proven. Nothing where all is there."""

    overall: int
    classes: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.overall or self.classes)


def shortfall(bank: Mapping[str, int], risk_classes: Mapping[str, str], gate: Gate) -> Shortfall:
    """Return what is missing for one rung: a closed list scored once, without a single miss.

    `bank` counts defects by class, `risk_classes` names the risk of each class in use.
    """
    target = gate.target(gate.detection)
    if target is None:
        return Shortfall(0, {})
    overall = defects_to_certify(1 - target.p0, target.alpha)
    missing = {
        code: defects_to_certify(1 - CLASS_P0[risk], target.alpha) - bank.get(code, 0)
        for code, risk in risk_classes.items()
        if risk in gate.proven_classes
    }
    return Shortfall(
        max(0, overall - sum(bank.values())), {code: more for code, more in sorted(missing.items()) if more > 0}
    )
