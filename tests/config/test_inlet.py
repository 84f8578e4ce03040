"""A connection's way in: the clock and the seats that a slow body meets."""

import socket
from threading import Semaphore

import pytest
from gunicorn.http.errors import LimitRequestHeaders

from config import inlet
from config.inlet import BODY_S, CONTINUE, FREE_S, Inlet


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    hand = Clock()
    monkeypatch.setattr(inlet, "monotonic", hand.monotonic)
    return hand


@pytest.fixture
def ends():
    """Both ends of a connection: the client's, the server's."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def opened(server, *, seats=1, owes_continue=False):
    one = Inlet(server, seats if isinstance(seats, Semaphore) else Semaphore(seats))
    one.open(owes_continue=owes_continue)
    return one


def test_nothing_is_read_for_a_head(ends):
    ends[0].sendall(b"x")
    with pytest.raises(LimitRequestHeaders):
        Inlet(ends[1], Semaphore(1)).recv(10)


def test_what_is_there_is_given_without_a_seat(ends, clock):
    one = opened(ends[1], seats=0)
    ends[0].sendall(b"body")
    clock.now += FREE_S + 1
    assert one.recv(10) == b"body"


def test_a_slow_body_without_a_free_seat_is_given_up(ends, clock):
    one = opened(ends[1], seats=0)
    clock.now += FREE_S + 1
    with pytest.raises(BlockingIOError):
        one.recv(10)


def test_t27_a_body_that_drips_is_cut_after_30_seconds(ends, clock):
    one = opened(ends[1])
    for _ in range(int(BODY_S)):
        ends[0].sendall(b"x")
        assert one.recv(10) == b"x"
        clock.now += 1.0
    with pytest.raises(TimeoutError):
        one.recv(10)


def test_a_seat_is_free_again_once_the_request_is_over(ends, clock):
    seats = Semaphore(1)
    one = opened(ends[1], seats=seats)
    clock.now += FREE_S
    ends[0].sendall(b"x")
    one.recv(10)
    clock.now += BODY_S - FREE_S - 0.01
    with pytest.raises(TimeoutError):
        one.recv(10)
    assert not seats.acquire(blocking=False)
    one.shut()
    assert seats.acquire(blocking=False)


def test_after_the_answer_nothing_is_waited_for_and_no_seat_is_taken(ends, clock):
    seats = Semaphore(1)
    one = opened(ends[1], seats=seats)
    one.shut()
    ends[0].sendall(b"left over")
    assert one.recv(100) == b"left over"
    with pytest.raises(TimeoutError):
        one.recv(100)
    assert seats.acquire(blocking=False)


def test_a_client_that_asked_first_is_told_to_go_on_when_the_body_is_read(ends, clock):
    client, server = ends
    one = opened(server, owes_continue=True)
    client.sendall(b"body")
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(100)
    one.recv(10)
    assert client.recv(100) == CONTINUE
