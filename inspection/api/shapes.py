"""What the device API answers, as its description tells it. The answers themselves are plain data of the deeds."""

from rest_framework import serializers

from inspection.rules.words import DecidedBy, Level, Verdict

STATES = ["received", "predicted", "waiting", "provisional", "final", "quarantined"]
RUN_STATES = ["open", "final"]
BATCH_STATES = ["waiting", "running", "done"]


class DispositionShape(serializers.Serializer):
    """What happens to one run of a part."""

    serial = serializers.CharField()
    run = serializers.IntegerField()
    verdict = serializers.ChoiceField([word.value for word in Verdict])
    final = serializers.BooleanField()
    decided_by = serializers.ChoiceField([word.value for word in DecidedBy])
    level = serializers.ChoiceField([word.value for word in Level])
    model = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    missing_views = serializers.ListField(child=serializers.CharField())
    settled_at = serializers.DateTimeField()


class ItemLinks(serializers.Serializer):
    self = serializers.CharField()
    part = serializers.CharField()
    disposition = serializers.CharField()


class ItemShape(serializers.Serializer):
    """One image and how far it is."""

    id = serializers.UUIDField()
    line = serializers.CharField()
    serial = serializers.CharField()
    run = serializers.IntegerField()
    view = serializers.CharField()
    received_at = serializers.DateTimeField()
    sha256 = serializers.CharField()
    duplicate_of = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(STATES)
    disposition = DispositionShape(allow_null=True)
    links = ItemLinks()


class ViewShape(serializers.Serializer):
    view = serializers.CharField()
    item = serializers.UUIDField()
    state = serializers.ChoiceField(STATES)
    verdict = serializers.ChoiceField([word.value for word in Verdict], allow_null=True)


class RunShape(serializers.Serializer):
    run = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    state = serializers.ChoiceField(RUN_STATES)
    views = ViewShape(many=True)
    missing_views = serializers.ListField(child=serializers.CharField())
    disposition = DispositionShape(allow_null=True)


class PartShape(serializers.Serializer):
    """One part with all its runs."""

    line = serializers.CharField()
    serial = serializers.CharField()
    lot = serializers.CharField(allow_null=True)
    lot_on_hold = serializers.BooleanField(help_text="the lot waits for its release: its parts stay, whatever they are")
    ever_rejected_or_held = serializers.BooleanField()
    runs = RunShape(many=True)


class NumberedDisposition(DispositionShape):
    cursor = serializers.IntegerField()


class DispositionPage(serializers.Serializer):
    """Verdicts in the line's order; go on from `next`."""

    results = NumberedDisposition(many=True)
    next = serializers.IntegerField()


class ModelFacts(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField(allow_null=True)


class BandFacts(serializers.Serializer):
    t_lo = serializers.FloatField(allow_null=True)
    t_hi = serializers.FloatField(allow_null=True)


class PolicyFacts(serializers.Serializer):
    id = serializers.CharField()
    bands = BandFacts(allow_null=True)
    envelope = serializers.DictField(allow_null=True)
    call_threshold = serializers.FloatField()
    failsafe = serializers.ChoiceField(["reject", "hold"])
    valid_for = serializers.IntegerField()


class GrantFacts(serializers.Serializer):
    """What a station may decide while the server is away: the terms word for word, and who signed them."""

    id = serializers.CharField()
    text = serializers.CharField(help_text="JSON; the signature is of this text as it stands")
    signatures = serializers.DictField(
        child=serializers.CharField(), help_text="by key id: HMAC-SHA256 of the text and the heartbeat's sent_at"
    )


class Orders(serializers.Serializer):
    """The answer to a heartbeat."""

    server_time = serializers.DateTimeField()
    skew_s = serializers.FloatField()
    line = serializers.CharField()
    level = serializers.ChoiceField([word.value for word in Level])
    model = ModelFacts(allow_null=True)
    policy = PolicyFacts()
    grant = GrantFacts(allow_null=True, help_text="null where the station decides nothing alone")


class Refusal(serializers.Serializer):
    position = serializers.IntegerField()
    code = serializers.CharField()


class BatchLinks(serializers.Serializer):
    self = serializers.CharField()


class BatchShape(serializers.Serializer):
    """How far a batch is."""

    id = serializers.UUIDField()
    line = serializers.CharField()
    state = serializers.ChoiceField(BATCH_STATES)
    total = serializers.IntegerField()
    accepted = serializers.IntegerField()
    refused = serializers.IntegerField()
    refusals = Refusal(many=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    links = BatchLinks()


class Fault(serializers.Serializer):
    pointer = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()
    code = serializers.CharField()


class ProblemShape(serializers.Serializer):
    """A refusal by RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField()
    code = serializers.CharField()
    errors = Fault(many=True)  # type: ignore[assignment]
    retryable = serializers.BooleanField()
    retry_after_s = serializers.IntegerField(allow_null=True)
