"""A network on a prediction server that speaks the Open Inference Protocol v2 (KServe, Triton): HTTP, binary tensors.

The address comes from the server's settings, never from a model's card or a request. Whatever the other side does
(silence, an error, half an answer), a call ends within its time as `RemoteFailed`, and the part goes to people.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import requests
from urllib3.exceptions import HTTPError

from vision.runtimes import Floats

MODELS = "/v2/models/"
OUTPUTS = ("logits", "maps", "embedding")
HEADER_LENGTH = "Inference-Header-Content-Length"
CONNECT_S, READ_S = 0.2, 0.6
"""Of one try; two of them stay below the model deadline of 2 s."""
PIECE = 65_536
ANSWER_MAX = 64_000_000
FAILURES_MAX = 3
REST_S = 5.0


class RemoteFailed(RuntimeError):
    """The prediction server gave no usable answer."""


class Breaker:
    """Spares a server that fails: after three calls in a row nobody calls for five seconds, then one tries again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0

    def check(self) -> None:
        """Raise RemoteFailed while the server rests."""
        if self._clock() < self._rests_until:
            raise RemoteFailed("The prediction server failed before and is left alone for a moment.")

    def note(self, *, has_failed: bool) -> None:
        self._failures = self._failures + 1 if has_failed else 0
        if self._failures >= FAILURES_MAX:
            self._rests_until = self._clock() + REST_S


class RemoteRuntime:
    """One version of a model on a prediction server.

    `address` is that of the server, or of the model itself (`…/v2/models/ITS-NAME`): KServe's own server keeps no
    versions, so each has a name of its own there.
    """

    def __init__(
        self,
        address: str,
        name: str,
        version: str,
        *,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        breaker: Breaker | None = None,
    ) -> None:
        self._timeout = (connect_s, read_s)
        server, _, own = address.rstrip("/").partition(MODELS)
        # Never the name of several versions alone: a server answers that with whichever it holds for the newest.
        path, self._model = (
            (own, {"model_name": own})
            if own
            else (f"{name}/versions/{version}", {"model_name": name, "model_version": version})
        )
        self._url = f"{server}{MODELS}{path}/infer"
        self._breaker = breaker or Breaker()
        self._session = requests.Session()
        # Neither proxies nor passwords of the environment: the address is all there is.
        self._session.trust_env = False

    def run(self, batch: Floats) -> tuple[Floats, Floats, Floats]:
        """Ask the server, and once more where it did not answer at all. Raises RemoteFailed."""
        self._breaker.check()
        try:
            found = read_answer(*self._asked(write_question(batch)), model=self._model)
        except RemoteFailed:
            self._breaker.note(has_failed=True)
            raise
        self._breaker.note(has_failed=False)
        return found

    def _asked(self, question: tuple[bytes, int]) -> tuple[bytes, int]:
        for last in (False, True):
            try:
                return self._ask_once(*question)
            except (requests.RequestException, HTTPError, OSError) as error:
                if last:
                    raise RemoteFailed(f"The prediction server did not answer: {type(error).__name__}.") from error
        raise AssertionError("The last try returns or raises.")

    def _ask_once(self, body: bytes, header_length: int) -> tuple[bytes, int]:
        headers = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(header_length)}
        until = time.monotonic() + sum(self._timeout)
        with self._session.post(
            self._url, data=body, headers=headers, timeout=self._timeout, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code >= 500:
                raise requests.HTTPError(f"status {answer.status_code}")
            if answer.status_code != requests.codes.ok:
                raise RemoteFailed(f"The prediction server answered with the status {answer.status_code}.")
            content = _whole(answer, until=until)
            length = answer.headers.get(HEADER_LENGTH, "")
            return content, int(length) if length.isdecimal() else len(content)


def write_question(batch: Floats) -> tuple[bytes, int]:
    """Return the body for a batch, and how many of its bytes are the JSON header."""
    raw = np.ascontiguousarray(batch, dtype="<f4").tobytes()
    tensor = {
        "name": "images",
        "shape": list(batch.shape),
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }
    wanted = [{"name": name, "parameters": {"binary_data": True}} for name in OUTPUTS]
    header = json.dumps({"inputs": [tensor], "outputs": wanted}).encode()
    return header + raw, len(header)


def read_answer(content: bytes, header_length: int, *, model: Mapping[str, str]) -> tuple[Floats, Floats, Floats]:
    """Return the three outputs of an answer, binary or JSON. Raises RemoteFailed for anything else.

    `model` is what was asked, as the answer may tell it: one that names another model or version is refused.
    """
    try:
        header = json.loads(content[:header_length])
        _check_who_answers(header, model)
        found, start = {}, header_length
        for output in header["outputs"]:
            size = int((output.get("parameters") or {}).get("binary_data_size", 0))
            found[output["name"]] = _tensor(output, content[start : start + size])
            start += size
        logits, maps, embedding = (found[name] for name in OUTPUTS)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RemoteFailed(f"The prediction server's answer cannot be read: {type(error).__name__}.") from error
    return logits, maps, embedding


def _check_who_answers(header: Mapping[str, Any], asked: Mapping[str, str]) -> None:
    told = {key: str(header[key]) for key in asked if header.get(key) is not None}
    if told != {key: asked[key] for key in told}:
        raise RemoteFailed(f"The prediction server answered for another model: {told}, asked was {dict(asked)}.")


def _tensor(output: dict[str, Any], raw: bytes) -> Floats:
    if output["datatype"] != "FP32":
        raise ValueError(f"datatype is {output['datatype']!r}, FP32 was expected.")
    shape = [int(side) for side in output["shape"]]
    values = np.frombuffer(raw, dtype="<f4") if "data" not in output else np.array(output["data"], dtype="<f4").ravel()
    if min(shape, default=0) < 0 or math.prod(shape) != values.size:
        raise ValueError("The tensor has another size than its shape says.")
    return values.astype(np.float32).reshape(shape)


def _whole(answer: requests.Response, *, until: float) -> bytes:
    """Read the answer within its time and size: a server that sends byte by byte holds nobody up.

    `read1` returns with what one receive brought; `read` and `iter_content` would wait until a piece is full.
    """
    content = bytearray()
    while piece := answer.raw.read1(PIECE):
        content += piece
        if len(content) > ANSWER_MAX or time.monotonic() > until:
            raise requests.Timeout("The answer is too long, or took too long.")
    return bytes(content)
