"""Models on a prediction server: right answers are taken, everything else ends in time and goes to people."""

import numpy as np
import pytest
import requests

from tests.vision import prediction_server
from vision.runtimes.remote import FAILURES_MAX, Breaker, RemoteFailed, RemoteRuntime, read_answer, write_question

MODEL = {"model_name": "good", "model_version": "1"}
BATCH = np.stack([np.full((3, 16, 16), light, dtype=np.float32) for light in (0.25, -0.5)])


@pytest.fixture(scope="module")
def address():
    """A server that speaks the protocol, in a process of its own."""
    with prediction_server.running() as found:
        yield found


def patient(address, name, **facts):
    """Return a runtime that a slow machine does not make impatient."""
    return RemoteRuntime(address, name, facts.pop("version", "1"), connect_s=30.0, read_s=30.0, **facts)


def asked(address, name):
    return requests.get(address, timeout=30).json().get(name, 0)


@pytest.mark.parametrize("name", ["good", "words", "flaky", "unnamed"])
def test_an_answer_is_taken_in_bytes_or_words_and_at_the_second_try(address, name):
    logits, maps, embedding = patient(address, name).run(BATCH)
    np.testing.assert_allclose(logits, [[0, 2.0], [0, -4.0]], atol=1e-6)
    assert (maps.shape, embedding.shape) == ((2, 2, 24, 24), (2, 3))
    assert logits.dtype == np.float32


def test_each_version_of_a_name_is_asked_for_itself(address):
    first, second = (patient(address, "good", version=version).run(BATCH)[0] for version in ("1", "2"))
    np.testing.assert_allclose(first, -second, atol=1e-6)


def test_on_a_server_without_versions_each_has_a_name_of_its_own(address):
    first, second = (patient(f"{address}/v2/models/good-{n}", "good", version=n).run(BATCH)[0] for n in ("1", "2"))
    np.testing.assert_allclose(first, -second, atol=1e-6)


@pytest.mark.parametrize("name", ["newest", "renamed"])
def test_an_answer_of_another_model_or_version_is_refused(address, name):
    with pytest.raises(RemoteFailed, match="answered for another model"):
        patient(address, name).run(BATCH)


@pytest.mark.parametrize("name", ["busy", "moved", "babble", "short"])
def test_whatever_else_comes_is_a_failure(address, name):
    with pytest.raises(RemoteFailed):
        patient(address, name).run(BATCH)


def test_a_server_that_says_nothing_is_given_up(address):
    with pytest.raises(RemoteFailed, match="did not answer: ReadTimeout"):
        RemoteRuntime(address, "silent", "1", connect_s=30.0, read_s=0.1).run(BATCH)


def test_a_server_that_sends_byte_by_byte_is_not_heard_to_the_end(address):
    with pytest.raises(RemoteFailed, match="did not answer: Timeout"):
        RemoteRuntime(address, "dripping", "1", connect_s=0.5, read_s=0.5).run(BATCH)
    assert (asked(address, "dripping"), asked(address, "heard to the end")) == (2, 0)


def test_a_server_that_is_not_there_is_a_failure():
    with pytest.raises(RemoteFailed, match="did not answer"):
        RemoteRuntime("http://127.0.0.1:9", "good", "1").run(BATCH)


def test_no_answer_is_asked_for_twice_and_a_refusal_once(address):
    for name in ("busy", "moved"):
        before = asked(address, name)
        with pytest.raises(RemoteFailed):
            patient(address, name).run(BATCH)
        assert asked(address, name) - before == (2 if name == "busy" else 1)


def test_a_server_that_keeps_failing_is_left_alone_for_a_while(address):
    now = [0.0]
    runtime = patient(address, "babble", breaker=Breaker(lambda: now[0]))
    for _ in range(FAILURES_MAX):
        with pytest.raises(RemoteFailed, match="cannot be read"):
            runtime.run(BATCH)
    before = asked(address, "babble")
    with pytest.raises(RemoteFailed, match="left alone"):
        runtime.run(BATCH)
    assert asked(address, "babble") == before
    now[0] = 5.0
    with pytest.raises(RemoteFailed, match="cannot be read"):
        runtime.run(BATCH)


def test_one_good_answer_forgives_the_failures_before():
    breaker = Breaker(lambda: 0.0)
    for has_failed in (True, True, False, True, True):
        breaker.note(has_failed=has_failed)
    breaker.check()


def test_the_question_is_a_header_and_the_numbers_behind_it():
    body, length = write_question(BATCH)
    assert body[:length].startswith(b'{"inputs": [{"name": "images", "shape": [2, 3, 16, 16], "datatype": "FP32"')
    assert body[length:] == BATCH.tobytes()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'{"outputs": []}',
        b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [-1, -1], "data": [1]}]}',
        b'{"outputs": [{"name": "logits", "datatype": "BYTES", "shape": [1], "data": ["x"]}]}',
        b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [99999999999, 9], "data": [1]}]}',
        b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [1e999], "data": [1]}]}',
    ],
)
def test_an_answer_that_is_not_one_is_refused(answer):
    with pytest.raises(RemoteFailed, match="cannot be read"):
        read_answer(answer, len(answer), model=MODEL)
