"""What the defect bank proves toward a gate: of all known defects, and of each class, on the gate's route."""

from dataclasses import dataclass, field

from inspection.models import Bands, Line
from inspection.rules.ladder import Gate
from inspection.rules.words import Stream
from review import bank
from review.counts import Ledger

Classes = dict[str, tuple[str, int, int]]


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """[found, missed] of distinct known defects, how many leaked, and (risk, found, missed) of each defect class."""

    bank: tuple[int, int] = (0, 0)
    leaked: int = 0
    classes: Classes = field(default_factory=dict)


@dataclass(frozen=True)
class Bank:
    """What the bank proves on a gate's route, by class and in all, how much leaked, and the risk of each class."""

    by_class: dict[str, tuple[int, int]]
    total: tuple[int, int]
    leaked: int
    risks: dict[str, str]

    def proofs(self, gate: Gate, ledger: Ledger, bands: Bands | None) -> Proofs:
        """Return what is proven on the gate's route: natural defects by class, or the bank."""
        by_class = self.by_class
        if gate.route == "natural" and gate.proven_classes:
            natural = ledger.by_class(Stream.POLICY_DETECTION, bands=bands)
            by_class = {code: (sums.s, sums.f) for code, sums in natural.items()}
        classes = {code: (risk, *by_class.get(code, (0, 0))) for code, risk in self.risks.items()}
        return Proofs(bank=self.total, leaked=self.leaked, classes=classes)


def bank_of(line: Line, gate: Gate, bands: Bands | None) -> Bank:
    """Return the bank as it stands, or as it was frozen with the certificate of the bands."""
    risks = dict(line.defect_classes.filter(retired_at=None).values_list("code", "risk_class"))
    version = line.present_epoch.model_version
    known = bank.known(line, version) if version else []
    return Bank(*_bank(line, gate, known, bands), risks)


Counted = tuple[int, int]


def _bank(
    line: Line, gate: Gate, known: list[bank.Known], bands: Bands | None
) -> tuple[dict[str, Counted], Counted, int]:
    leaked = sum(defect.leaked for defect in known)
    if gate.tests_list:
        frozen = bands.certificates.get("closed_list", {}) if bands else {}
        by_class = {code: (found, missed) for code, (found, missed) in frozen.items()}
    else:
        by_class = {code: _counted(line, gate, known, bands, code) for code in {one.defect_class for one in known}}
    return by_class, (sum(s for s, _ in by_class.values()), sum(f for _, f in by_class.values())), leaked


def _counted(line: Line, gate: Gate, known: list[bank.Known], bands: Bands | None, code: str) -> Counted:
    mine = [defect for defect in known if defect.defect_class == code]
    if gate.detection == Stream.DETECTION:
        found = bank.label_stream(mine, threshold=line.call_threshold)
    else:
        found = bank.policy_stream(mine, bands, threshold=line.call_threshold)
    return found.s, found.f
