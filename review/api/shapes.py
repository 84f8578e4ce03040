"""What the ladder, the report, the plan, a containment and a lineage answer, as their description tells it."""

from rest_framework import serializers


class CheckShape(serializers.Serializer):
    """One stream of readings against the limit of the gate."""

    stream = serializers.CharField()
    successes = serializers.IntegerField()
    failures = serializers.IntegerField()
    p0 = serializers.FloatField()
    alpha = serializers.FloatField()
    log_e = serializers.FloatField()
    lower_bound = serializers.FloatField()
    passed = serializers.BooleanField()
    items_to_pass = serializers.IntegerField()


class ConditionShape(serializers.Serializer):
    """One plain condition of a gate."""

    name = serializers.CharField()
    counted = serializers.FloatField(allow_null=True)
    needed = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField()


class GateShape(serializers.Serializer):
    status = serializers.CharField(help_text="open, shut or insufficient_data")
    checks = CheckShape(many=True)
    conditions = ConditionShape(many=True)
    reasons = serializers.ListField(child=serializers.CharField())
    sentence = serializers.CharField()


class ProposalShape(serializers.Serializer):
    """A way up that two leads sign."""

    id = serializers.IntegerField()
    line = serializers.CharField()
    from_level = serializers.CharField()
    to_level = serializers.CharField()
    status = serializers.CharField()
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    evidence_hash = serializers.CharField()
    proposer = serializers.CharField(allow_null=True)
    approver = serializers.CharField(allow_null=True)


class HoldShape(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    reason = serializers.CharField()
    placed_at = serializers.DateTimeField()
    placed_by = serializers.CharField(allow_null=True)


class AuditShape(serializers.Serializer):
    state = serializers.CharField(allow_null=True)
    rate = serializers.FloatField(allow_null=True)
    cusum = serializers.FloatField(allow_null=True)


class MoveShape(serializers.Serializer):
    at = serializers.DateTimeField()
    from_level = serializers.CharField()
    to_level = serializers.CharField()
    cause = serializers.CharField()
    by = serializers.CharField(allow_null=True)


class AutomationShape(serializers.Serializer):
    """Where a line stands on the ladder, and what the next rung asks."""

    level = serializers.CharField()
    epoch = serializers.IntegerField(allow_null=True)
    next_level = serializers.CharField(allow_null=True)
    gate = GateShape(allow_null=True)
    proposal = ProposalShape(allow_null=True)
    holds = HoldShape(many=True)
    audit = AuditShape()
    history = MoveShape(many=True)


class RateShape(serializers.Serializer):
    """k of n with an exact 95 % interval; no rate where nothing was counted."""

    k = serializers.IntegerField()
    n = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()


class ComparisonShape(serializers.Serializer):
    table = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    unruled = serializers.IntegerField()
    agreement = RateShape()
    escape = RateShape()
    overkill = RateShape()
    kappa = serializers.FloatField(allow_null=True)
    kappa_low = serializers.FloatField(allow_null=True)
    kappa_high = serializers.FloatField(allow_null=True)
    ac1 = serializers.FloatField(allow_null=True)
    mcc = serializers.FloatField(allow_null=True)
    positive_agreement = serializers.FloatField(allow_null=True)


class SliceShape(serializers.Serializer):
    name = serializers.CharField()
    agreement = RateShape()
    escape = RateShape()
    overkill = RateShape()


class ClassShape(serializers.Serializer):
    code = serializers.CharField()
    found = RateShape()


class GapShape(serializers.Serializer):
    """A stretch without a part, and its whole clock hours."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    hours = serializers.IntegerField()


class HoursShape(serializers.Serializer):
    """How many clock hours had parts, and how many between them had none."""

    worked = serializers.IntegerField()
    missing = serializers.IntegerField()
    gaps = GapShape(many=True)


class AgreementShape(serializers.Serializer):
    """The report of one epoch. `confusion` is [model][truth], pass before defect."""

    line = serializers.CharField()
    epoch = serializers.IntegerField()
    model = serializers.CharField(allow_null=True)
    since = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    sentence = serializers.CharField(allow_blank=True)
    parts = serializers.IntegerField()
    confusion = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    model_against_truth = ComparisonShape()
    person_against_person = ComparisonShape()
    incumbent_against_truth = ComparisonShape()
    detection = RateShape()
    cannot_judge = RateShape()
    two_phase = serializers.DictField()
    hours = HoursShape()
    timeline = serializers.ListField(child=serializers.DictField())
    by_product = SliceShape(many=True)
    by_shift = SliceShape(many=True)
    by_inspector = SliceShape(many=True)
    by_class = ClassShape(many=True)
    by_camera = SliceShape(many=True)
    calibration = serializers.ListField(child=serializers.DictField())
    ece = serializers.FloatField(allow_null=True)
    coverage_risk = serializers.ListField(child=serializers.DictField())
    scored = serializers.IntegerField()
    reliance = serializers.DictField(allow_null=True)


class RungShape(serializers.Serializer):
    """What one rung takes from here on; null where it cannot be said."""

    rung = serializers.CharField()
    reached = serializers.BooleanField()
    days = serializers.FloatField(allow_null=True)
    parts = serializers.FloatField(allow_null=True)
    readings = serializers.FloatField(allow_null=True)
    adjudication_hours = serializers.FloatField(allow_null=True)


class OnePlanShape(serializers.Serializer):
    truth_share = serializers.FloatField()
    hours_per_day = serializers.FloatField(allow_null=True)
    rungs = RungShape(many=True)


class PlanShape(serializers.Serializer):
    line = serializers.CharField()
    level = serializers.CharField()
    normal = OnePlanShape(allow_null=True)
    campaign = OnePlanShape(allow_null=True)


class ContainedShape(serializers.Serializer):
    id = serializers.IntegerField()
    serial = serializers.CharField()
    run = serializers.IntegerField()
    lot = serializers.CharField(allow_null=True)
    passed_at = serializers.DateTimeField()
    state = serializers.CharField(help_text="open, good, bad or lost")
    note = serializers.CharField()
    requeued_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class ContainmentShape(serializers.Serializer):
    """What was passed since the last good audit, part by part: at most 1,000 here, all in the CSV."""

    id = serializers.IntegerField()
    line = serializers.CharField()
    cause = serializers.CharField()
    since = serializers.DateTimeField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    is_whole = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    results = ContainedShape(many=True)


class StandingContainmentShape(serializers.Serializer):
    since = serializers.DateTimeField(allow_null=True)
    open = ContainmentShape(allow_null=True)


class RegistrationShape(serializers.Serializer):
    """Who answers for a model version: a person, or by its origin the operator, a line's rule, the set-up."""

    origin = serializers.CharField(allow_null=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class LineageShape(serializers.Serializer):
    """What decided an item. The rest is what its receipt says."""

    item = serializers.UUIDField()
    line = serializers.CharField()
    call_threshold = serializers.FloatField()
    thresholds = serializers.DictField(allow_null=True)
    view = serializers.DictField()
    registered = serializers.DictField(
        child=RegistrationShape(), help_text="by name:version, of each model that looked"
    )
    receipt = serializers.DictField(allow_null=True)
