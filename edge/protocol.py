"""What the server's answers mean to a station. No network here: status, headers and body in, meaning out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from edge.parts import Capture
from edge.schedule import retry_after

VERDICTS = ("pass", "reject", "hold")

# Answers that are about this picture and will be the same tomorrow. Everything
# else (a key not yet known, a wrong address, a server in trouble) is about the
# station or the server: the picture stays in the spool and is tried again.
_ABOUT_THE_PICTURE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.GONE,
        HTTPStatus.LENGTH_REQUIRED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    }
)


class UnreadableAnswerError(ValueError):
    """The answer is not what the contract promises, so nothing may be concluded from it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the server says is to happen to one run of a part."""

    serial: str
    run: int
    verdict: str
    reason: str
    decided_by: str


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The server has the picture for good, as this run of this part. `verdict` is None until it is known."""

    serial: str
    run: int
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The server will never take this picture."""

    problem: dict[str, Any]

    @property
    def sentence(self) -> str:
        return f"{self.problem.get('code', 'refused')}: {self.problem.get('detail') or self.problem.get('title') or ''}"


@dataclass(frozen=True, kw_only=True)
class Again:
    """Nothing is known about the picture yet: send it again with the same key.

    `is_away`: nothing of the server itself was heard, so that it may be far from an answer.
    """

    reason: str
    after: float | None = None
    is_away: bool = True


Outcome = Accepted | Refused | Again


@dataclass(frozen=True, kw_only=True)
class Dispositions:
    """One page of verdicts and the cursor to go on from."""

    verdicts: tuple[Verdict, ...]
    next_cursor: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the station is granted to decide alone, as the server told it; nothing about it is checked yet."""

    text: str
    signatures: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What the server told the station in answer to a heartbeat; `answers` is that one's `sent_at`."""

    level: str | None
    failsafe: str | None
    skew_s: float
    grant: Told | None = None
    answers: str = ""


def item_fields(capture: Capture, claim: str | None = None) -> dict[str, str]:
    """The form fields of one post, with what the station decided alone where it did.

    What the station knows only for itself is not among them.
    """
    fields = {
        "serial": capture.serial,
        "captured_at": capture.captured_at,
        "view": capture.view,
        "lot": capture.lot,
        "incumbent_verdict": capture.incumbent_verdict,
        "decided": claim,
        "meta": None if capture.sequence is None else json.dumps({"sequence": capture.sequence}),
    }
    return {name: value for name, value in fields.items() if value is not None}


def read_item_answer(status: int, headers: Mapping[str, str], body: bytes, *, sha256: str, now: datetime) -> Outcome:
    """Tell what the answer to a posted picture means.

    A success counts only when it names this very picture by its sha256: a proxy's
    cheerful page is not an acknowledgement.
    """
    if status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
        return _acknowledgement(body, sha256=sha256)
    problem = _problem(status, body)
    if _is_about_the_picture(status, problem):
        return Refused(problem=problem)
    said = problem.get("detail") or problem.get("title") or ""
    reason, is_away = f"{status} {problem['code']}: {said}", is_of_a_server_away(status)
    return Again(reason=reason, after=retry_after(headers, now), is_away=is_away)


def is_of_a_server_away(status: int) -> bool:
    """Whether a status means that the server itself cannot answer, not that it refuses.

    >>> is_of_a_server_away(502), is_of_a_server_away(429)
    (True, False)
    """
    return not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def read_dispositions(body: bytes, *, after: int) -> Dispositions:
    """Read one page of the station's dispositions, in the server's order."""
    page = _object(body)
    rows = page.get("results")
    following = page.get("next")
    if not isinstance(rows, list):
        raise UnreadableAnswerError(f"'results' is {rows!r}, a list was expected.")
    verdicts = tuple(verdict for row in rows if (verdict := read_verdict(row)) is not None)
    cursors = [row["cursor"] for row in rows if isinstance(row.get("cursor"), int)]
    furthest = following if isinstance(following, int) else max(cursors, default=after)
    return Dispositions(verdicts=verdicts, next_cursor=max(after, furthest))


def read_heartbeat(body: bytes) -> Orders:
    """Read the answer to a heartbeat. A part that is missing leaves what was told before in force."""
    answer = _object(body)
    policy = answer.get("policy")
    failsafe = policy.get("failsafe") if isinstance(policy, dict) else None
    level, skew = answer.get("level"), answer.get("skew_s")
    return Orders(
        level=level if isinstance(level, str) else None,
        failsafe=failsafe if isinstance(failsafe, str) else None,
        skew_s=float(skew) if isinstance(skew, int | float) else 0.0,
        grant=_grant(answer.get("grant")),
    )


def _grant(told: object) -> Told | None:
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        return None
    signatures = told.get("signatures")
    return Told(text=told["text"], signatures=signatures if isinstance(signatures, dict) else {})


def read_verdict(row: object) -> Verdict | None:
    """Read a disposition; None when there is none yet that the line may act on.

    A pass or a reject may be acted on only once it is final; a hold always. A word
    that is no verdict means hold.
    """
    if row is None:
        return None
    if not isinstance(row, dict) or not isinstance(row.get("serial"), str) or not isinstance(row.get("run"), int):
        raise UnreadableAnswerError(f"{row!r} is no disposition: it names no serial and run.")
    word = row.get("verdict")
    if word is None:
        return None
    if word in ("pass", "reject") and row.get("final", True) is not True:
        return None
    return Verdict(
        serial=row["serial"],
        run=row["run"],
        verdict=word if word in VERDICTS else "hold",
        reason=str(row.get("reason") or ""),
        decided_by=str(row.get("decided_by") or ""),
    )


def failsafe_verdict(told: str | None) -> str:
    """The verdict for every fault: what the server told, but never pass.

    >>> failsafe_verdict("reject"), failsafe_verdict("pass"), failsafe_verdict(None)
    ('reject', 'hold', 'hold')
    """
    return "reject" if told == "reject" else "hold"


def _acknowledgement(body: bytes, *, sha256: str) -> Outcome:
    try:
        item = _object(body)
        serial, run = item.get("serial"), item.get("run")
        if item.get("sha256") != sha256 or not isinstance(serial, str) or not isinstance(run, int):
            return Again(reason="The answer does not name the picture that was sent.")
        return Accepted(serial=serial, run=run, verdict=read_verdict(item.get("disposition")))
    except UnreadableAnswerError as fault:
        return Again(reason=str(fault))


def _is_about_the_picture(status: int, problem: dict[str, Any]) -> bool:
    return status in _ABOUT_THE_PICTURE and problem.get("retryable") is not True


def _problem(status: int, body: bytes) -> dict[str, Any]:
    try:
        problem = _object(body)
    except UnreadableAnswerError:
        problem = {}
    return {"status": status, "code": "no-problem-body"} | problem


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise UnreadableAnswerError(f"The answer is not JSON: {body[:60]!r}.") from fault
    if not isinstance(value, dict):
        raise UnreadableAnswerError(f"The answer is no JSON object: {body[:60]!r}.")
    return value
