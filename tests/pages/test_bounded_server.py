"""Whatever clients send to the live page, or fail to send, it prints nothing and keeps serving."""

from __future__ import annotations

import errno
import http.client
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from audio_pipeline.pages import bounded_server
from audio_pipeline.pages.live import LivePage


@pytest.fixture
def live(capfd: pytest.CaptureFixture[str]) -> Iterator[LivePage]:
    with LivePage("final", 0) as page:
        yield page
        assert _status(page) == 200, "it keeps serving"
    assert capfd.readouterr() == ("", "")


def _status(live: LivePage) -> int:
    connection = http.client.HTTPConnection(str(urlsplit(live.address).netloc), timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _connected(live: LivePage, data: bytes = b"") -> socket.socket:
    place = urlsplit(live.address)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(data)
    return connection


def _answer(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    data = b""
    try:
        while part := connection.recv(1 << 16):
            data += part
    except ConnectionResetError:  # it closed while we were still sending
        pass
    connection.close()
    return data


HOSTS = [
    b"[::1",
    b"[",
    b"]",
    b"a]b[",
    b"[::1]:x",
    b"127.0.0.1]",
    b"\xff\xfe",
    b"x" * 5000,
    b"",
    b"[v1.x]",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_malformed_host_is_refused(live: LivePage, host: bytes) -> None:
    answer = _answer(_connected(live, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.0 403")


REQUESTS = {
    "no line at all": (b"\r\n\r\n", b""),
    "noise": (bytes(range(1, 256)) + b"\r\n\r\n", b""),
    "a long address": (b"GET /" + b"a" * (1 << 17) + b" HTTP/1.1\r\n\r\n", b"HTTP/1.0 414"),
    "a long header": (b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 17) + b"\r\n\r\n", b"HTTP/1.0 431"),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"HTTP/1.0 431"),
    "another method": (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.0 501"),
    "another version": (b"GET / HTTP/99.9.9\r\n\r\n", b""),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.0 403"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_a_bad_request_is_refused(live: LivePage, case: str) -> None:
    data, begins = REQUESTS[case]
    assert _answer(_connected(live, data)).startswith(begins)


def test_a_request_that_never_ends_is_closed(monkeypatch: pytest.MonkeyPatch, live: LivePage) -> None:
    monkeypatch.setattr(bounded_server, "REQUEST_S", 0.2)
    assert _answer(_connected(live, b"GET / HTTP/1.1\r\nX: ")) == b""


def test_however_often_a_byte_comes_the_time_of_a_request_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET")
        whole = bounded_server._Deadline(ours, time.monotonic() + 60.0)
        assert whole.readinto(bytearray(1)) == 1
        late = bounded_server._Deadline(ours, time.monotonic() - 1.0)
        with pytest.raises(TimeoutError):
            late.readinto(bytearray(1))


def test_of_too_many_connections_the_last_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_server, "MOST_CONNECTIONS", 3)
    with LivePage("final", 0) as live:
        idle = [_connected(live, b"GET") for _ in range(3)]
        assert _answer(_connected(live)).startswith(b"HTTP/1.0 503")
        for connection in idle:
            connection.close()
        while _status(live) == 503:  # until their threads have noticed
            pass


def test_of_too_many_that_last_the_oldest_is_closed(
    monkeypatch: pytest.MonkeyPatch, live: LivePage
) -> None:
    monkeypatch.setattr(bounded_server, "MOST_LASTING", 2)
    events = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    streams = []
    for _ in range(3):
        streams.append(_connected(live, events))
        while b"data: " not in streams[-1].recv(1 << 16):  # it lasts from here on
            pass
    assert _answer(streams[0]) == b""
    live.begin()
    live.fail(("error: x",))
    for stream in streams[1:]:
        assert b"data: " in stream.recv(1 << 16)
        stream.close()


def test_without_file_handles_it_waits_for_some(monkeypatch: pytest.MonkeyPatch, live: LivePage) -> None:
    accept, failures = socketserver.TCPServer.get_request, [errno.EMFILE, errno.ENFILE]

    def scarce(self: Any) -> Any:
        if failures:
            raise OSError(failures.pop(), "none left")
        return accept(self)

    monkeypatch.setattr(socketserver.TCPServer, "get_request", scarce)
    monkeypatch.setattr(bounded_server, "_WAIT_FOR_HANDLES_S", 0.0)
    assert _status(live) == 200
    assert failures == []


def test_a_thread_that_cannot_be_started_costs_one_connection(
    monkeypatch: pytest.MonkeyPatch, live: LivePage
) -> None:
    start, failures = threading.Thread.start, [True]

    def scarce(self: threading.Thread) -> None:
        if failures:
            failures.pop()
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    assert _answer(_connected(live, b"GET / HTTP/1.1\r\n\r\n")) == b""
    assert failures == []


def test_a_client_that_goes_away_is_not_mentioned(live: LivePage) -> None:
    live.show("x" * (1 << 24))
    for _ in range(3):
        _connected(live, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").close()
