"""Names of metrics in the reader's language."""

from django.utils.translation import gettext_lazy as _

from monitoring.rules.metrics import Kind
from review.risk_words import METRICS as SHEET

NAMES = {
    **SHEET,
    "call_rate": _("defect calls"),
    "aspect": _("width to height"),
    "arrival_lag": _("time from camera to server"),
    "blank": _("blank images"),
    "unreadable": _("unreadable images"),
    "duplicate": _("duplicate images"),
    "outside_envelope": _("outside what is certified"),
    "rework": _("parts that come again"),
    "volume": _("images"),
    "image_age": _("time since the last image"),
    "camera_age": _("time since the camera's last picture"),
    "camera_dropped": _("pictures the camera dropped"),
    "spooled": _("images kept back at stations"),
    "drift": _("drift, in thresholds"),
    "score": _("score"),
    "uncertainty": _("uncertainty"),
    "time_to_verdict": _("time to verdict"),
    "uncertain": _("unsure images"),
    "decided_alone": _("decided by the model"),
    "rejected": _("rejected parts"),
    "held": _("parts on hold"),
    "fail_safe": _("fail-safe verdicts"),
    "missed": _("defects the model did not call"),
    "silence": _("silence chart, of its limit"),
    "escape_chart": _("audit chart, of its limit"),
    "on_hold": _("line on hold"),
    "decode_ms": _("decoding"),
    "quality_ms": _("measuring"),
    "predict_ms": _("predicting"),
    "calibrate_ms": _("calibrating"),
    "explain_ms": _("explaining"),
    "model_errors": _("model errors"),
    "queue_waiting": _("images waiting for people"),
    "outbox_waiting": _("work waiting"),
    "outbox_age": _("oldest waiting work"),
    "storage_days": _("days of disk left"),
    "database_ms": _("database answers within"),
    "broker_down": _("broker not reachable"),
    "worker_silence": _("verdict worker not heard"),
    "worker_memory": _("memory of the verdict worker"),
    "relay_memory": _("memory of the relay"),
    "load": _("load for each processor"),
}
KINDS = {Kind.SOFTWARE: _("Software"), Kind.INPUT: _("Input"), Kind.OUTPUT: _("Output")}
