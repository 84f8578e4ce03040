"""What the product itself wrote into history, in the reader's language; what a person wrote stays as it is.

Rows keep one sentence, the same for every reader: it is read back here by its form.
"""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from review.risk_words import METRICS
from review.sentences import NO_NAMES, STOP_REASONS
from vision.routing import SENTENCES

PLAIN = frozenset(
    {
        *STOP_REASONS,
        *SENTENCES.values(),
        gettext_noop("set-up"),
        gettext_noop("set-up of the demo"),
        gettext_noop("set up with the demo, as if two leads had signed"),
        gettext_noop("a trial"),
        gettext_noop("the trial is over"),
        gettext_noop("first part"),
        gettext_noop("the line was founded"),
        gettext_noop("five shifts rejected under tightened audit"),
        gettext_noop("two shifts without enough audits"),
        gettext_noop("sorted after an escape"),
        gettext_noop("made at set-up: counts at once"),
        gettext_noop("escape"),
        gettext_noop("miss"),
        gettext_noop("review late"),
        gettext_noop("view missing"),
        gettext_noop("pass"),
        gettext_noop("defect"),
        gettext_noop("cannot judge"),
        gettext_noop("silence"),
        gettext_noop("call rate"),
        gettext_noop("call fall"),
        gettext_noop("disagreement"),
    }
)
# A group named as one of `NESTED` is a reason of its own and is told the same way; `metric` is what an alarm watches,
# `measure` what drift looks at.
FORMS = {
    r"signed by (?P<first>\S+) and (?P<second>\S+)": gettext_noop("signed by %(first)s and %(second)s"),
    r"(?P<chart>[a-z ]+) chart (?P<w>[\d.]+), limit (?P<act>[\d.]+)": gettext_noop(
        "%(chart)s chart %(w)s, limit %(act)s"
    ),
    r"Too few defect calls: (?P<said>.+)\.": gettext_noop("Too few defect calls: %(said)s."),
    r"Too many defect calls: (?P<said>.+)\.": gettext_noop("Too many defect calls: %(said)s."),
    r"Fewer defect calls than ever: (?P<said>.+)\.": gettext_noop("Fewer defect calls than ever: %(said)s."),
    r"Audits find escapes: (?P<said>.+)\.": gettext_noop("Audits find escapes: %(said)s."),
    r"[Kk]nown defects were passed: (?P<said>.+?)\.?": gettext_noop("Known defects were passed: %(said)s."),
    r"[Cc]hallenge part missed: (?P<part>.+?)\.?": gettext_noop("Challenge part missed: %(part)s."),
    r"Challenge parts are overdue: (?P<n>\d+) of (?P<wanted>\d+) came\.": gettext_noop(
        "Challenge parts are overdue: %(n)s of %(wanted)s came."
    ),
    r"(?P<n>\d+) images in a row\. (?P<said>.+)": gettext_noop("%(n)s images in a row. %(said)s"),
    r"an audit found a critical escape: (?P<kind>.+)": gettext_noop("an audit found a critical escape: %(kind)s"),
    r"a part that the model passed has a critical defect: (?P<kind>.+)": gettext_noop(
        "a part that the model passed has a critical defect: %(kind)s"
    ),
    r"the model gave no answer on (?P<n>\d+) of its last (?P<all>\d+) items": gettext_noop(
        "the model gave no answer on %(n)s of its last %(all)s items"
    ),
    r"the file of (?P<model>.+) is not the one that was registered": gettext_noop(
        "the file of %(model)s is not the one that was registered"
    ),
    r"image drift over (?P<n>\d+) windows: (?P<measure>.+)": gettext_noop(
        "image drift over %(n)s windows: %(measure)s"
    ),
    r"Image drift: (?P<measure>.+) moved by (?P<sds>[+-][\d.]+) standard deviations\.": gettext_noop(
        "Image drift: %(measure)s moved by %(sds)s standard deviations."
    ),
    r"Image drift: (?P<measure>.+) (?P<sds>[\d.]+) standard deviations from the reference\.": gettext_noop(
        "Image drift: %(measure)s %(sds)s standard deviations from the reference."
    ),
    r"Alarm (?P<code>\S+): (?P<metric>[a-z][a-z ]*?)(?P<value>(?: [\d.e+-]+)?)\.": gettext_noop(
        "Alarm %(code)s: %(metric)s%(value)s."
    ),
    r"decided offline and not confirmed: (?P<part>.+)": gettext_noop("decided offline and not confirmed: %(part)s"),
    r"called (?P<label>pass|defect|cannot judge)": gettext_noop("called %(label)s"),
    r"class (?P<kind>\S+) changed by (?P<who>\S+)": gettext_noop("class %(kind)s changed by %(who)s"),
    r"class (?P<kind>\S+) retired by (?P<who>\S+)": gettext_noop("class %(kind)s retired by %(who)s"),
    r"configuration changed by (?P<who>\S+)": gettext_noop("configuration changed by %(who)s"),
    r"rollout of (?P<model>\S+) ended": gettext_noop("rollout of %(model)s ended"),
    r"rollout of (?P<model>\S+)": gettext_noop("rollout of %(model)s"),
}
_FORMS = [(re.compile(form), message) for form, message in FORMS.items()]
NESTED = ("said", "chart", "label")
WATCHED = {
    **METRICS,
    "missed": gettext_lazy("defects the model did not call"),
    "patch_luminance": gettext_lazy("reference patch"),
    "size_bytes": gettext_lazy("file size"),
    "score": gettext_lazy("score"),
}


def reason_word(reason: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return a kept reason in the reader's language where the product gave it, as it was written where a person did.

    `names` are those of kinds of defects, which reasons keep by their codes.
    """
    if reason in PLAIN:
        return _(reason)
    for form, message in _FORMS:
        found = form.fullmatch(reason)
        if found:
            return _(message) % {name: _part(name, part, names) for name, part in found.groupdict().items()}
    return reason


def rule_word(code: str) -> str:
    """Return the rule that routed an image or settled a part as a sentence: receipts keep its code."""
    return _(SENTENCES[code]) if code in SENTENCES else reason_word(code)


def _part(name: str, part: str, names: Mapping[str, str]) -> str:
    if name == "kind":
        return names.get(part, part)
    if name in ("metric", "measure"):
        return str(WATCHED.get(part.replace(" ", "_"), part))
    if name == "sds":
        return part.replace("-", "−")
    return reason_word(part, names) if name in NESTED else part
