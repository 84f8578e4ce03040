"""What each alarm says: what is the matter, what follows from it, and what to do. In the reader's language."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from inspection.durations import age
from monitoring.metric_words import NAMES
from monitoring.models import Alarm
from monitoring.rules.alarm_rules import BY_CODE, OFFERED, Rule
from monitoring.rules.alarms import Event, State
from monitoring.rules.metrics import BY_NAME, Fold

MINUTE_S = 60


@dataclass(frozen=True)
class Words:
    """One alarm in words."""

    what: Promise
    consequence: Promise
    todo: Promise


WORDS: dict[str, Words] = {
    "worker-silent": Words(
        _("The verdict worker is not heard"),
        _("Images go to people at the model deadline, at every level."),
        _("Look at the worker's log and start it again."),
    ),
    "broker-down": Words(
        _("The broker is not reachable"),
        _("Workers hear of new images a second late; nothing is lost."),
        _("Start the broker, or repair the way to it."),
    ),
    "outbox-old": Words(
        _("Work waits and nobody takes it"),
        _("Verdicts come late, and stations hold."),
        _("See whether worker, relay and database run."),
    ),
    "disk-full": Words(
        _("The disk of the images is nearly full"),
        _("Images will be refused soon; STOP and review go on."),
        _("Free the disk or enlarge it now."),
    ),
    "disk-low": Words(
        _("The disk of the images fills up"),
        _("With a tenth left it becomes urgent."),
        _("Plan to free the disk or to enlarge it."),
    ),
    "disk-days": Words(
        _("The disk of the images is full within a week"),
        _("At the present pace images will be refused within days."),
        _("Plan to free the disk or to enlarge it."),
    ),
    "database-slow": Words(
        _("The database answers slowly"),
        _("Pages and verdicts come late."),
        _("Look for long transactions and a busy disk."),
    ),
    "worker-memory": Words(
        _("The verdict worker uses too much memory"),
        _("The system may end it in the middle of an image."),
        _("Start the worker again, and tell us which model it serves."),
    ),
    "relay-busy": Words(
        _("The relay has hardly a moment left"),
        _("Verdicts become final late, and alarms come late."),
        _("Look for a slow database; give the machine a faster processor, or this installation fewer lines."),
    ),
    "load-high": Words(
        _("The machine is overloaded"),
        _("Verdicts come late."),
        _("Stop other work on this machine, or give it more processors."),
    ),
    "station-silent": Words(
        _("A station is not heard"),
        _("It holds every part, or decides alone for as long as its grant allows, and holds then."),
        _("Check power and network of the station."),
    ),
    "no-images": Words(
        _("No images come"),
        _("Nothing is inspected here."),
        _("See whether the line runs and the camera takes pictures."),
    ),
    "camera-silent": Words(
        _("A camera takes no pictures"),
        _("Parts pass the camera unseen."),
        _("Check trigger and cable of the camera."),
    ),
    "spool-grows": Words(
        _("A station keeps more and more images back"),
        _("Their verdicts come late."),
        _("Check the network between station and server."),
    ),
    "claim-refused": Words(
        _("A station decided what it was not allowed to"),
        _("The part is contained and goes to people; what the line did with it is not known to be right."),
        _("Set the station to 0 minutes offline, look at its machine and its key, and find the contained parts."),
    ),
    "clock-skew": Words(
        _("A station's clock is wrong"),
        _("Times of its pictures cannot be trusted; the order of the server counts."),
        _("Set the station's clock."),
    ),
    "camera-stuck": Words(
        _("The camera shows the same image again and again"),
        _("The line is on hold; every part goes to people."),
        _("Restart the camera, look at fresh images, then lift the hold."),
    ),
    "blank-images": Words(
        _("Images without a picture"),
        _("The line is on hold; every part goes to people."),
        _("Check lamp, lens cap and exposure, then lift the hold."),
    ),
    "outside-envelope": Words(
        _("Images lie outside what the model is certified for"),
        _("They go to people; none is decided automatically. The audit is tightened."),
        _("Check lamp, focus and position. Compare with the reference picture."),
    ),
    "images-unlike": Words(
        _("Images look unlike those that the model is certified for"),
        _("They go to people; none is decided automatically."),
        _("See whether the part sits askew or another product runs. Compare with the reference picture."),
    ),
    "unreadable": Words(
        _("Images cannot be read"),
        _("Their parts are on hold."),
        _("Check the camera's files and the transfer."),
    ),
    "views-missing": Words(
        _("Parts come with a view missing"),
        _("Such parts are on hold."),
        _("Check the camera of the missing view."),
    ),
    "sequence-gap": Words(
        _("Images are missing in a station's numbering"),
        _("Parts may have passed the camera unseen."),
        _("Look at the station's spool and its log for what was not sent."),
    ),
    "certify-again": Words(
        _("The reference of the images is to be certified again"),
        _("What is compared with may no longer be how the product looks."),
        _("Compare before and after on the drift page, and sign a new reference."),
    ),
    "review-due": Words(
        _("How an alarm is set is to be reviewed"),
        _("Nobody has said since that the setting is still right."),
        _("Open the alarm named here, and set it anew with a new date, or as shipped."),
    ),
    "image-drift": Words(
        _("The images have moved away from their reference"),
        _("Two windows over the threshold freeze promotions and tighten the audit; four lower the line."),
        _("Compare before and after on the drift page, and find the cause."),
    ),
    "model-errors": Words(
        _("The model fails"),
        _("At 5 in 100 images the line is lowered by one rung."),
        _("Look at the model's stage in the log; roll back to the version before."),
    ),
    "no-predictions": Words(
        _("The model says nothing about many images"),
        _("They go to people. Promotions are frozen."),
        _("See whether the model is loaded and answers in time."),
    ),
    "model-slow": Words(
        _("The model answers too late"),
        _("Images go to people after the deadline of the model."),
        _("Look for load on the machine and at the slowest stage."),
    ),
    "model-unsure": Words(
        _("The model is unsure about many images"),
        _("More images go to people than usual."),
        _("Look at the images; a new kind of part or defect may have come."),
    ),
    "model-silent": Words(
        _("The model has stopped calling defects"),
        _("The line is on hold; every part goes to people."),
        _("Send known defects through. Look at scores and images before you lift the hold."),
    ),
    "audit-escapes": Words(
        _("Audits find escapes"),
        _("The audit is tightened and promotions are frozen; at the limit the line is lowered."),
        _("Look at the escapes together and adjudicate what is open."),
    ),
    "challenge-missed": Words(
        _("A known defect was passed"),
        _("What was passed since the last good audit is in question."),
        _("Open the containment and scan its parts."),
    ),
    "people-find-more": Words(
        _("People find defects that the model does not call"),
        _("Promotions are frozen."),
        _("Look at the overturned images: is it a new kind of defect?"),
    ),
    "overkill-high": Words(
        _("Half of the model's defect calls are wrong"),
        _("Good parts are read twice for nothing."),
        _("Look at the overturned images: oil, dust and light are usual causes."),
    ),
    "cannot-judge": Words(
        _("People cannot judge many images"),
        _("Their parts are on hold."),
        _("Ask the inspectors what hides the part: blur, glare or framing."),
    ),
    "advice-followed": Words(
        _("People follow the model where it is wrong"),
        _("Defects that the model misses are missed twice. The audit is tightened where the line decides by itself."),
        _("Show people the planted calls that they followed, and let them read blind first."),
    ),
    "gold-missed": Words(
        _("People pass known defects"),
        _("What people say is what the model is measured by: its figures look better or worse than they are."),
        _("Look at when and by whom they were missed; shorten the stretches between breaks."),
    ),
    "readers-differ": Words(
        _("Two readers differ about many images"),
        _("Nobody knows which of them is right: agreement with the model says little."),
        _("Look at the cases together, and sharpen what the classes mean."),
    ),
    "queue-old": Words(
        _("Images wait too long for a person"),
        _("At the deadline the line gets its fail-safe."),
        _("Call another inspector, or slow the line down."),
    ),
    "calls-not-final": Words(
        _("Calls of people do not become final"),
        _("The line gets its fail-safe instead of what people said."),
        _("Check time zone and shift pattern of the line; the relay's log says what it cannot do."),
    ),
    "fail-safe": Words(
        _("The line gets its fail-safe instead of verdicts"),
        _("Good parts are held or rejected."),
        _("See why no verdict comes in time: queue, model, views."),
    ),
    "line-held": Words(
        _("The line is on hold"),
        _("Every part goes to people until somebody lifts the hold."),
        _("Read the reason on the automation page, remove the cause, lift the hold."),
    ),
    "web-errors": Words(
        _("The web server fails to answer"),
        _("Pages break, and stations send again what was refused."),
        _("Look for the exception in the web server's log, and for writers that wait for the database."),
    ),
}


def _added(rule: Rule) -> Words:
    """Say what an alarm says that a lead has added: which limit was passed."""
    side = (
        _("{metric}: above the limit that was set")
        if rule.limits.is_above
        else _("{metric}: below the limit that was set")
    )
    return Words(
        format_lazy(side, metric=NAMES[rule.metric]),
        _("Nothing happens by itself."),
        _("Look at the images of that time, and on the page of the metric why the limit was set."),
    )


WORDS |= {rule.code: _added(rule) for rule in OFFERED}
# Levels that are true or not: the sentence says it all.
YES_OR_NO = ("on_hold", "broker_down")
STATES = {
    State.NORMAL: _("normal"),
    State.UNACKNOWLEDGED: _("not acknowledged"),
    State.ACKNOWLEDGED: _("acknowledged"),
    State.RETURNED: _("gone, not acknowledged"),
    State.SHELVED: _("shelved"),
    State.SUPPRESSED: _("explained by another"),
    State.OUT_OF_SERVICE: _("out of service"),
}
EVENTS = {
    Event.RAISED: _("raised"),
    Event.CLEARED: _("cleared"),
    Event.ACKNOWLEDGED: _("acknowledged"),
    Event.SHELVED: _("shelved"),
    Event.UNSHELVED: _("back from the shelf"),
    Event.SUPPRESSED: _("explained by another"),
    Event.RELEASED: _("no longer explained"),
    Event.RETIRED: _("taken out of service"),
    Event.RESTORED: _("back in service"),
    Event.FOUND_REAL: _("judged real"),
    Event.FOUND_FALSE: _("judged false"),
}
DEEDS = {
    "held": _("put the line on hold"),
    "held_again": _("placed one more hold on the line"),
    "frozen": _("froze promotions"),
    "thawed": _("let promotions go on"),
    "tightened": _("tightened the audit"),
}


def what(alarm: Alarm) -> str:
    """Return what is the matter, with the value that keeps it, or the worst if the newest is good again."""
    said, metric = str(WORDS[alarm.rule].what), BY_CODE[alarm.rule].metric
    value = alarm.worst if _is_good_again(alarm) else alarm.value
    return said if value is None or metric in YES_OR_NO else f"{said}: {number(metric, value)}"


def _is_good_again(alarm: Alarm) -> bool:
    return alarm.state == State.RETURNED or (alarm.is_on and alarm.crossing_since is not None)


def number(metric: str, value: float | None) -> str:
    """Return a metric's value with its unit, a share as percent, seconds from a minute on as a length of time.

    >>> number("queue_age", 50.0), number("blank", 0.25), number("on_hold", 1.0)
    ('50 s', '25 %', '1')
    """
    if value is None:
        return "–"
    known = BY_NAME[metric]
    if known.fold == Fold.SHARE or known.unit == "ratio":
        return f"{100 * value:.3g} %"
    if known.unit == "s" and value >= MINUTE_S:
        return age(value)
    plain = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{plain} {known.unit}".rstrip()
