"""What the review loop says. The page's scripts hold no words of their own; braces are filled in by them."""

from django.utils.translation import gettext as _

from review.rules.keys import Keys


def cannot_judge_reasons() -> list[str]:
    """Reasons 1 to 5 of "cannot judge"; the chosen one opens the comment."""
    return [_("blur"), _("glare"), _("framing"), _("wrong part"), _("other")]


def loop_texts(chosen: Keys, *, patience: int = 1) -> dict[str, str]:
    return _calls(chosen) | _states() | _pauses(patience) | _model()


def key_list(chosen: Keys, *, reveals: bool) -> list[tuple[list[str], str]]:
    """The key map as a person has chosen it; what asks the model is listed only where a reveal can come."""
    asking = {"H", "Y"}
    listed = [(caps, words) for caps, words in _keys() if reveals or not asking.intersection(caps)]
    return _named(listed, chosen)


def ruling_keys(chosen: Keys, *, shows_calls: bool) -> list[tuple[list[str], str]]:
    """The key map of a ruling: its answers, then what the image does under the loop's own keys."""
    own = _answers_between_calls() if shows_calls else _answers_alone()
    aids = [
        (["L"], _("past rulings, limit samples, known defects, one after another beside the image")),
        (["P"], _("the place that a reader marked, and back")),
        (["C"], _("reason; Enter keeps the ruling with it")),
        (["Z"], _("undo the last ruling (or Backspace)")),
    ]
    return _named([*own, *aids, *_looking()], chosen)


def item_keys(chosen: Keys) -> list[tuple[list[str], str]]:
    """The key map of the page of one image."""
    own = [(["← →"], _("newer, older image of the search; once zoomed in, pan"))]
    return _named([*own, *_looking()], chosen)


def practice_keys(chosen: Keys) -> list[tuple[list[str], str]]:
    """The key map of practice."""
    own = [*_answers_alone(), (["P"], _("the place that a reader marked, and back")), (["Enter"], _("next image"))]
    return _named([*own, *_looking()], chosen)


def _looking() -> list[tuple[list[str], str]]:
    """What the loop's keys do to an image on any page."""
    looking = {"+", "0", "Shift+0", "← →", "G", "[", "{", "I", "R", "?"}
    return [(caps, words) for caps, words in _keys() if looking.intersection(caps)]


def _named(listed: list[tuple[list[str], str]], chosen: Keys) -> list[tuple[list[str], str]]:
    """Return the keys under a person's own letters, without those that have none."""
    named = [([cap for cap in map(chosen.cap, caps) if cap], words) for caps, words in listed]
    return [(caps, words) for caps, words in named if caps]


def _answers_between_calls() -> list[tuple[list[str], str]]:
    return [
        (["1", "2"], _("A is right, B is right")),
        (["3", "1–9"], _("another call, then its class (or pass)")),
        (["4"], _("cannot judge")),
    ]


def _answers_alone() -> list[tuple[list[str], str]]:
    return [(["F"], _("pass")), (["1–9"], _("defect of this class")), (["D"], _("cannot judge"))]


def _keys() -> list[tuple[list[str], str]]:
    return [
        (["F"], _("pass")),
        (["+", "−"], _("zoom in, zoom out (or the wheel)")),
        (["J", "1–9"], _("defect, then its class")),
        (["0"], _("fit the image")),
        (["D", "1–5"], _("cannot judge, then why (again: no reason)")),
        (["Shift+0"], _("one to one")),
        (["Z"], _("undo the last call (or Backspace)")),
        (["← →"], _("pan by a tenth; with Shift by half")),
        (["G"], _("golden image: beside, blink, panel; hold to see it")),
        (["[", "]"], _("brightness")),
        (["P"], _("point; arrows and Enter place it")),
        (["{", "}"], _("contrast")),
        (["B"], _("box; two corners, or drag")),
        (["I"], _("invert")),
        (["C"], _("comment; Ctrl+Enter keeps it")),
        (["R"], _("reset all tools")),
        (["H"], _("heat map, where there is one")),
        (["Q"], _("pause, or end the session")),
        (["L", "1–9"], _("limit samples, then those of a class; again or Esc: back")),
        (["Y"], _("the model's opinion: of the last call while it can be undone, else of this image after its call")),
        (["?"], _("this list")),
    ]


def _calls(chosen: Keys) -> dict[str, str]:
    defect, unsure = (chosen.letters[action] or "–" for action in ("defect", "cannot-judge"))
    return {
        "pass": _("pass"),
        "defect": _("defect"),
        "cannot_judge": _("cannot judge"),
        "passButton": _("Pass"),
        "defectButton": _("Defect"),
        "picture": _("Image of {serial} on {line}, zoom {zoom} %"),
        "noPicture": _("No image on the screen"),
        "preview": _("preview"),
        "last": _("Last"),
        "savedLeft": _("{call} saved, {count} left"),
        "chooseClass": _("Defect: choose the class"),
        "chooseReason": _("Cannot judge: choose why, or %(key)s again") % {"key": unsure},
        "defectFirst": _("Press %(key)s first, then the class") % {"key": defect},
        "noClass": _("No class has this digit"),
        "undone": _("{serial} is back, the call is taken back"),
        "tooLate": _("{serial} is final. Tell a QA lead: the item can be ruled on again."),
        "waitForImage": _("Wait for the image"),
        "onGolden": _("This is the golden image: let its key go, then judge the part"),
        "commentKept": _("Comment kept for this item"),
        "besideNow": _("Beside it: {limit}"),
        "on": _("on"),
        "off": _("off"),
    }


def _states() -> dict[str, str]:
    return {
        "saved": _("Saved"),
        "saving": _("Saving {count}"),
        "offline": _("Offline, {count} waiting"),
        "action": _("Action needed"),
        "signedOut": _("Sign in again"),
        "lost": _("{serial} was given to somebody else; your answer is kept as a note and not counted"),
        "refused": _("{serial} was not saved: {reason}"),
        "reassigned": _("{serial} was given to somebody else"),
        "noImage": _("Image not available"),
        "noImageNext": _("It could not be read twice. Give it back: no label is counted."),
        "giveBack": _("Give it back"),
        "tooManyUnsent": _("Waiting for the network"),
        "tooManyUnsentNext": _("20 answers are kept on this computer. The loop goes on by itself once they are sent."),
        "serverAway": _("The server does not answer"),
        "serverAwayNext": _("Nothing is lost. The page tries again every few seconds."),
        "refusedWork": _("No work can be given here"),
    }


def _pauses(patience: int) -> dict[str, str]:
    return {
        "paused": _("Paused"),
        "soFar": _("{count} decided here, {time} of looking."),
        "goOn": _("Go on"),
        "end": _("End the session"),
        "resting": _("Break: {time}"),
        "restingWhy": _("Look at something far away. Your items went back to the queue."),
        "tired": _("{minutes} min of looking. Take a short break?"),
        "stillThere": _("Still there?"),
        "stillThereNext": _("Press any key. In %(n)s s the item goes back to the queue.") % {"n": 30 * patience},
        "givenBack": _("Your items went back to the queue"),
        "givenBackNext": _("Nothing was touched for %(n)s seconds.") % {"n": 90 * patience},
        "ranOut": _("The time of your items ran out"),
        "ranOutNext": _("The server was not reached, so they went back to the queue. Calls that you made are kept."),
        "nothingWaiting": _("Nothing waiting"),
        "nothingWaitingNext": _("The next item appears here by itself."),
        "heldElsewhere": _("Your other tabs hold enough items"),
        "heldElsewhereNext": _("One person holds at most 12. Close another tab, or wait a minute and a half."),
        "allOpen": _("{count} waiting, all open by others"),
        "allOpenNext": _("You are next. The item appears here by itself."),
        "otherLine": _("Another line"),
    }


def _model() -> dict[str, str]:
    return {
        "asking": _("The model's opinion comes after your call"),
        "notAsking": _("The model is not asked"),
        "askedBack": _("The model is asked about {serial}"),
        "noOpinion": _("Nothing is shown of {serial}"),
        "agrees": _("The model agrees"),
        "disagrees": _("The model disagrees"),
        "modelSays": _("The model says"),
        "low": _("low"),
        "medium": _("medium"),
        "high": _("high"),
        "heatOn": _("Heat map on"),
        "heatOff": _("Heat map off"),
        "heatCaption": _("Heat map: where the model looked, not proof of a defect"),
        "firstCall": _("First call"),
        "at": _("at {time}"),
        "keepPass": _("Keep pass"),
        "changePass": _("Change to pass"),
        "keepDefect": _("Keep defect"),
        "changeDefect": _("Change to defect"),
        "sameKey": _("same key again"),
        "firstStays": _("The first call stays as evidence; choose what the line gets"),
    }
