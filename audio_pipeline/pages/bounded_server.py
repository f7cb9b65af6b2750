"""A small HTTP server for loopback with a limited number of connections and a time limit for each.

An invalid or incomplete request closes only its own connection. Nothing is printed.
"""

from __future__ import annotations

import errno
import io
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST_CONNECTIONS = 48
"""The maximum number of connections; one more is answered 503. A browser opens six."""
MOST_LASTING = 12
"""The maximum number of long-lived connections. One more closes the oldest; its browser reconnects."""
REQUEST_S = 5.0
"""Seconds that a client may take to send its complete request."""
SEND_S = 10.0
"""Seconds that a client may take to receive the response."""

_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_WAIT_FOR_HANDLES_S = 0.1
_BUSY = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class BoundedServer(ThreadingHTTPServer):
    """Serves each connection in its own thread, at most `MOST_CONNECTIONS` at once."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], handler: type[BoundedHandler]) -> None:
        """Raise OSError when the port is taken."""
        super().__init__(address, handler)
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lasting: list[socket.socket] = []
        self._changing = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection; retries after a short pause when no file handle is free."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _SCARCE:
                time.sleep(_WAIT_FOR_HANDLES_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve the connection in a new thread, or answer 503 when there are too many."""
        if not self._free.acquire(blocking=False):
            with suppress(OSError):
                request.setblocking(False)
                request.send(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection; runs in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changing:
                self._lasting = [other for other in self._lasting if other is not request]
            self._free.release()

    def lasts(self, request: socket.socket) -> None:
        """Register a long-lived connection; close the oldest when there are too many."""
        with self._changing:
            self._lasting.append(request)
            oldest = self._lasting.pop(0) if len(self._lasting) > MOST_LASTING else None
        if oldest is not None:
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that disconnects and a thread that cannot be started."""


class BoundedHandler(BaseHTTPRequestHandler):
    """Reads a request within `REQUEST_S`, however slowly its bytes come."""

    timeout = SEND_S

    def setup(self) -> None:
        """Set the time limit for reading the request."""
        super().setup()
        self.rfile = io.BufferedReader(_Deadline(self.connection, time.monotonic() + REQUEST_S))

    def handle_one_request(self) -> None:
        """Serve the request; an incomplete one closes its connection."""
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class _Deadline(io.RawIOBase):
    """The bytes from a connection; after the deadline reading raises TimeoutError."""

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError("the request took too long")
        before = self._connection.gettimeout()
        self._connection.settimeout(left_s)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(before)
