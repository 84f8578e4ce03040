"""Codes in the reader's words: verdicts, who gave them, receipts, measures, audits and contained parts."""

from django import template
from django.utils.translation import gettext_lazy as _

from inspection.rules.words import DecidedBy, PersonDeed, ReceiptKind, Role, Route, Verdict
from review import log_words, reason_words
from review.audit_boards import state_word
from review.containment_doors import FOUND_WORDS
from review.rules.containment import Found

register = template.Library()

VERDICT_WORDS = {
    Verdict.PASS: _("pass"),
    Verdict.REJECT: _("reject"),
    Verdict.HOLD: _("hold"),
}
DECIDER_WORDS = {
    DecidedBy.MODEL: _("by the model"),
    DecidedBy.HUMAN: _("by a person"),
    DecidedBy.FAILSAFE: _("by the fail-safe"),
}
ROUTE_WORDS = {
    Route.HUMAN: _("to people"),
    Route.AUTO_PASS: _("passed by the model"),
    Route.AUTO_REJECT: _("rejected by the model"),
    Route.QUARANTINE: _("put aside: unreadable"),
}
DRAW_WORDS = {
    "truth": _("truth draw"),
    "overlap": _("two readers"),
    "audit": _("audit"),
    "control": _("control"),
    "check_defect": _("check of a defect call"),
    "second_look": _("second look"),
}
MEASURE_WORDS = {
    "patch_luminance": _("reference patch"),
    "p99_luminance": _("p99 luminance"),
    "brightness": _("brightness"),
    "contrast": _("contrast"),
    "sharpness": _("sharpness"),
    "saturation": _("saturation"),
    "entropy": _("entropy"),
    "size_bytes": _("file size"),
    "score": _("score"),
    "embedding": _("embedding"),
    "disagreement": _("disagreement on blind parts"),
    "escapes": _("escapes found by audits"),
}
RECEIPT_WORDS = {
    ReceiptKind.RUN: _("part"),
    ReceiptKind.LEVEL: _("level"),
    ReceiptKind.HOLD: _("hold placed"),
    ReceiptKind.LIFT: _("hold lifted"),
    ReceiptKind.PROPOSAL: _("proposal"),
    ReceiptKind.DEPLOYMENT: _("model"),
    ReceiptKind.RULING: _("ruling"),
    ReceiptKind.FINDING: _("found later"),
    ReceiptKind.AUDIT: _("audit"),
    ReceiptKind.FREEZE: _("promotions frozen"),
    ReceiptKind.THAW: _("freeze lifted"),
    ReceiptKind.WAIVER: _("waiver asked for"),
    ReceiptKind.WAIVED: _("waiver signed"),
    ReceiptKind.BANDS: _("bands"),
    ReceiptKind.CONTAINMENT: _("containment opened or widened"),
    ReceiptKind.LISTED: _("contained parts listed"),
    ReceiptKind.PART_CLOSED: _("contained part closed"),
    ReceiptKind.CONTAINED: _("containment closed"),
}
STEP_WORDS = {
    "question": _("doubted"),
    "model": _("model"),
    "blind": _("blind reading"),
    "reading": _("reading"),
    "amended": _("corrected by its reader"),
    "late": _("too late, not counted"),
    "ruling": _("ruling"),
    "verdict": _("verdict to the line"),
    "set": _("into a data set"),
}


@register.filter
def role_word(role: str) -> str:
    """What a person may do on a line."""
    return str(log_words.WORDS[Role(role)])


@register.filter
def person_deed_word(deed: str) -> str:
    """What was done to an account."""
    return str(log_words.WORDS[PersonDeed(deed)])


@register.filter
def step_word(kind: str) -> str:
    """What a step in the history of an image was."""
    return str(STEP_WORDS[kind])


@register.filter
def receipt_word(kind: str) -> str:
    """What a receipt speaks of."""
    return str(RECEIPT_WORDS[ReceiptKind(kind)])


@register.filter
def verdict_word(verdict: str) -> str:
    return str(VERDICT_WORDS[Verdict(verdict)])


@register.filter
def decider_word(decided_by: str) -> str:
    """Who gave a verdict."""
    return str(DECIDER_WORDS[DecidedBy(decided_by)])


@register.filter
def route_word(route: str) -> str:
    """Who answered for an image."""
    return str(ROUTE_WORDS[Route(route)])


@register.filter
def rule_word(code: str) -> str:
    """Which rule decided, as a sentence."""
    return reason_words.rule_word(code)


@register.filter
def draw_word(purpose: str) -> str:
    """What a run was drawn for."""
    return str(DRAW_WORDS[purpose])


@register.filter
def signed(value: float) -> str:
    """A distance with its sign, as figures are set: "−1.6"."""
    return f"{value:.1f}".replace("-", "−")


@register.filter
def measure_word(name: str) -> str:
    """What is measured on an image."""
    return str(MEASURE_WORDS.get(name, name))


@register.filter
def found_word(found: str) -> str:
    """How a contained part was closed."""
    return str(FOUND_WORDS[Found(found)])


@register.filter
def audit_state(state: str) -> str:
    """How severely the audit runs, in words."""
    return state_word(state)
