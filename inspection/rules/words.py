"""The closed vocabularies of the trade. Values are the words of the API."""

from enum import StrEnum

from vision.words import DECIDING as DECIDING
from vision.words import Call as Call
from vision.words import Level as Level
from vision.words import Policy as Policy
from vision.words import Route as Route
from vision.words import Verdict as Verdict


class Label(StrEnum):
    """What a person says about one image."""

    PASS = "pass"
    DEFECT = "defect"
    CANNOT_JUDGE = "cannot_judge"


class DecidedBy(StrEnum):
    MODEL = "model"
    HUMAN = "human"
    FAILSAFE = "failsafe"


class Role(StrEnum):
    INSPECTOR = "inspector"
    QA_LEAD = "qa_lead"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """What a person's token may do: look, or also change what its owner may change."""

    READ = "read"
    WRITE = "write"


class RiskClass(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    COSMETIC = "cosmetic"


class AssistStyle(StrEnum):
    """Whether the prediction is shown after the first call or beside the image."""

    REVEAL = "reveal"
    ALONGSIDE = "alongside"


class Purpose(StrEnum):
    """Why a reading is asked for. Never told to the reader."""

    PRIMARY = "primary"
    OVERLAP = "overlap"
    AUDIT = "audit"
    TRUTH = "truth"
    GOLD = "gold"


class Phase(StrEnum):
    INITIAL = "initial"
    FINAL = "final"


class PredictionRole(StrEnum):
    SERVING = "serving"
    SHADOW = "shadow"
    CANDIDATE = "candidate"


class Stage(StrEnum):
    """Stages of the prediction service, in order."""

    DECODE = "decode"
    QUALITY = "quality"
    PREDICT = "predict"
    CALIBRATE = "calibrate"
    EXPLAIN = "explain"


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Limit(StrEnum):
    """The two sides of a limit sample: the worst part that passes, the mildest that does not."""

    STILL_GOOD = "still_good"
    ALREADY_BAD = "already_bad"


class StationDeed(StrEnum):
    """What is done to a station and its keys."""

    ADDED = "added"
    KEY_ISSUED = "key-issued"
    KEY_WITHDRAWN = "key-withdrawn"
    DISABLED = "disabled"
    ENABLED = "enabled"


class GoldenPlace(StrEnum):
    """Where the golden image stands when the loop opens: in the panel, beside the image, or blinking in its place."""

    PANEL = "panel"
    SIDE = "side"
    BLINK = "blink"


class ZoomStart(StrEnum):
    """How large each image comes up: as the one before was left, fitted to the field, or one to one."""

    KEPT = "kept"
    FIT = "fit"
    ACTUAL = "actual"


class PersonDeed(StrEnum):
    """What is done to somebody's account. Roles have a history of their own."""

    INVITED = "invited"
    LINK_GIVEN = "link-given"
    FACTOR_REMOVED = "factor-removed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    UNLOCKED = "unlocked"


class GoldenState(StrEnum):
    """A chosen image stands at once; an uploaded file when its pixels could be read."""

    PREPARING = "preparing"
    READY = "ready"
    UNREADABLE = "unreadable"


class TruthSource(StrEnum):
    SINGLE = "single"
    CONSENSUS = "consensus"
    ADJUDICATION = "adjudication"
    PHYSICAL = "physical"


class Stream(StrEnum):
    """Evidence streams, one Bernoulli per part run. The last three hold cells only: the strata of the two-phase
    estimate, one entry an image, by the model's call and the first reading."""

    AGREEMENT = "agreement"
    DETECTION = "detection"
    SPECIFICITY = "specificity"
    POLICY_DETECTION = "policy_detection"
    POLICY_SPECIFICITY = "policy_specificity"
    PEOPLE = "people"
    INCUMBENT = "incumbent"
    CANNOT_JUDGE = "cannot_judge"
    OMISSION = "omission"
    READ = "read"
    RULED = "ruled"
    RULED_DEFECT = "ruled_defect"

    @property
    def is_of_policy(self) -> bool:
        """Whether the stream belongs to certain bands: new bands begin it anew."""
        return self in (Stream.POLICY_DETECTION, Stream.POLICY_SPECIFICITY)


class Origin(StrEnum):
    """How a model version came into the registry."""

    COMMAND = "command"
    TRAINING = "training"
    UPLOAD = "upload"
    SETUP = "set_up"


class RolloutStrategy(StrEnum):
    SHADOW = "shadow"
    CANARY = "canary"
    BLUE_GREEN = "blue_green"


class RolloutOutcome(StrEnum):
    OPEN = "open"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"


class ProposalStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOID = "void"


class GateStatus(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    INSUFFICIENT = "insufficient_data"


class ReceiptKind(StrEnum):
    """What a receipt speaks of."""

    RUN = "run"
    LEVEL = "level"
    HOLD = "hold"
    LIFT = "lift"
    PROPOSAL = "proposal"
    DEPLOYMENT = "deployment"
    RULING = "ruling"
    FINDING = "finding"
    AUDIT = "audit"
    FREEZE = "freeze"
    THAW = "thaw"
    WAIVER = "waiver"
    WAIVED = "waived"
    BANDS = "bands"
    CONTAINMENT = "containment"
    LISTED = "listed"
    PART_CLOSED = "part_closed"
    CONTAINED = "contained"


class Decider(StrEnum):
    """Who decides about parts before the model does: people, or an older inspection system."""

    PEOPLE = "people"
    SYSTEM = "system"


class Pace(StrEnum):
    """How fast things change on a line: a consumer product each season, a part for other firms over years."""

    CONSUMER = "consumer"
    B2B = "b2b"


class ChangeKind(StrEnum):
    """What a planned change changes."""

    SKU = "sku"
    LENS = "lens"
    SUPPLIER = "supplier"
    OTHER = "other"


class Priority(StrEnum):
    """How loud an alarm is: P1 now, P2 this shift, P3 this week."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
