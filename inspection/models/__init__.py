"""Rows of inspection: what came in, what was said about it, what happened to it, who may decide."""

from inspection.models.automation import Freeze, GateEvaluation, Hold, LevelChange, LevelProposal, Waiver
from inspection.models.batch import Batch
from inspection.models.campaigns import Campaign
from inspection.models.disposition import AlreadySettled, Disposition, DispositionSequence, ViewVerdict
from inspection.models.line import DefectClass, Epoch, GateLimits, GoldenReference, Line, Product
from inspection.models.offline import OfflineAllowance, OfflineDecision, StationGrant
from inspection.models.outbox import Outbox, ProcessSeen
from inspection.models.part import IngestKey, Item, Lot, Part, Run, Salt
from inspection.models.people import ApiToken, Membership, PersonChange, User
from inspection.models.prediction import (
    Bands,
    Deployment,
    DeploymentChange,
    HealthRun,
    Measures,
    ModelVersion,
    Prediction,
    Routing,
    StageRun,
    TrainedOn,
)
from inspection.models.receipt import Receipt, ReceiptHead
from inspection.models.rollout import ArmEvent, CandidateTrial, Rollout, RolloutMove, RolloutStep
from inspection.models.scope import (
    Baseline,
    Changeover,
    FailureMode,
    FailureWatch,
    LimitSample,
    LineScope,
    PlannedChange,
    ScopeSignature,
    SettingChange,
)
from inspection.models.shared import SharedValue
from inspection.models.station import Nonce, Station, StationChange, StationKey

__all__ = [
    "AlreadySettled",
    "ApiToken",
    "ArmEvent",
    "Bands",
    "Baseline",
    "Batch",
    "Campaign",
    "CandidateTrial",
    "Changeover",
    "DefectClass",
    "Deployment",
    "DeploymentChange",
    "Disposition",
    "DispositionSequence",
    "Epoch",
    "FailureMode",
    "FailureWatch",
    "Freeze",
    "GateEvaluation",
    "GateLimits",
    "GoldenReference",
    "HealthRun",
    "Hold",
    "IngestKey",
    "Item",
    "LevelChange",
    "LevelProposal",
    "LimitSample",
    "Line",
    "LineScope",
    "Lot",
    "Measures",
    "Membership",
    "ModelVersion",
    "Nonce",
    "OfflineAllowance",
    "OfflineDecision",
    "Outbox",
    "Part",
    "PersonChange",
    "PlannedChange",
    "Prediction",
    "ProcessSeen",
    "Product",
    "Receipt",
    "ReceiptHead",
    "Rollout",
    "RolloutMove",
    "RolloutStep",
    "Routing",
    "Run",
    "Salt",
    "ScopeSignature",
    "SettingChange",
    "SharedValue",
    "StageRun",
    "Station",
    "StationChange",
    "StationGrant",
    "StationKey",
    "TrainedOn",
    "User",
    "ViewVerdict",
    "Waiver",
]
