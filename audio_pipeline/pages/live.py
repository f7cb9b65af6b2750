"""Serves the page of a watched mix on loopback and notifies it of changes."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections import deque
from dataclasses import replace
from http import HTTPStatus
from typing import Literal, cast
from urllib.parse import urlsplit

from audio_pipeline.pages.bounded_server import BoundedHandler, BoundedServer
from audio_pipeline.pages.markup import element, whole_page
from audio_pipeline.records import dataclass

HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")
_KEEP_ALIVE_S = 15.0
MOST_WAITING = 8
"""The maximum number of notes in the render queue."""
MOST_COMPARISONS = 8
"""The maximum number of comparisons in memory; each holds the audio of two mixes."""
MOST_NOTE_BYTES = 8192


@dataclass(frozen=True)
class State:
    """The state of the watched mix: `version` counts pages, `words` are the message and hint of an error,
    `comparison` is the path of the last comparison."""

    version: int = 0
    doing: Literal["rendering", "done", "failed"] = "rendering"
    words: tuple[str, ...] = ()
    comparison: str = ""


class LivePage:
    """One page and its state, for any number of browsers. Use as a context manager."""

    def __init__(self, name: str, port: int) -> None:
        """`port` 0 means any free port. Raises OSError when the port is in use."""
        self._changed = threading.Condition()
        self._state = State()
        self._page = _empty_page(name)
        self._closed = False
        self._token = secrets.token_urlsafe(32)
        self._asked: deque[str] = deque()
        self._comparisons: dict[str, str] = {}
        self._server = BoundedServer((HOST, port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self._server.server_port}/"

    def __enter__(self) -> LivePage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def begin(self) -> None:
        """Announce that a render has started."""
        self._tell(replace(self._state, doing="rendering", words=()))

    def asked(self) -> str | None:
        """The next note in the render queue, or None."""
        with self._changed:
            return self._asked.popleft() if self._asked else None

    def ask(self, note: str, token: str) -> HTTPStatus:
        """Queue a note if its token matches the served page."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return HTTPStatus.FORBIDDEN
        with self._changed:
            if len(self._asked) >= MOST_WAITING:
                return HTTPStatus.TOO_MANY_REQUESTS
            self._asked.append(note)
        return HTTPStatus.ACCEPTED

    def compare(self, page: str) -> str:
        """Serve a page that compares a note with the mix; returns its address."""
        with self._changed:
            path = f"/compare/{secrets.token_urlsafe(8)}"
            self._comparisons[path] = page
            for old in list(self._comparisons)[:-MOST_COMPARISONS]:
                del self._comparisons[old]
        self._tell(replace(self._state, doing="done", words=(), comparison=path))
        return self.address.rstrip("/") + path

    def comparison(self, path: str) -> str | None:
        """The comparison page at `path`, or None."""
        with self._changed:
            return self._comparisons.get(path)

    def fail(self, words: tuple[str, ...]) -> None:
        """Announce a failed render; the last page stays."""
        self._tell(replace(self._state, doing="failed", words=words))

    def show(self, page: str) -> None:
        """Announce a finished render and its page."""
        self._page = page
        self._tell(State(self._state.version + 1, "done"))

    def page(self) -> str:
        """The current page, marked with its version."""
        with self._changed:
            marks = f'data-version="{self._state.version}" data-token="{self._token}"'
            return self._page.replace('id="live"', f'id="live" {marks}', 1)

    def after(self, seen: State | None) -> State | None:
        """Wait for a state that differs from `seen`; returns `seen` after 15 s, None after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._state != seen, _KEEP_ALIVE_S)
            return None if self._closed else self._state

    def _tell(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()


def _empty_page(name: str) -> str:
    body = element(
        "main",
        element("h1", name),
        element("div", id="live", role="status"),
        element("p", "The page appears after the first render."),
    )
    return whole_page(name, body, (), ("live.js",), connects=True)


def _is_loopback(host: str) -> bool:
    """Whether the Host of a request names this computer, with or without a port."""
    try:
        return urlsplit(f"//{host}").hostname in _NAMES
    except ValueError:  # an invalid address
        return False


def _handler(live: LivePage) -> type[BoundedHandler]:
    class Handler(BoundedHandler):
        """Serves the page, its events, its notes and their comparisons."""

        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            # a foreign page whose name resolves to loopback must not read this one
            if not _is_loopback(self.headers.get("Host", "")):
                self.send_error(403, "Loopback only")
            elif self.path == "/":
                self._send_page(live.page().encode("utf-8"))
            elif self.path == "/events":
                self._send_events()
            elif (compared := live.comparison(self.path)) is not None:
                self._send_page(compared.encode("utf-8"))
            else:
                self.send_error(404, "Not found. The page is at /")

        def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
            host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
            # a foreign page cannot read the token, nor send this header without a preflight request
            if not _is_loopback(host) or (origin is not None and origin != f"http://{host}"):
                self.send_error(403, "From this page only")
            elif self.path != "/note":
                self.send_error(404, "Notes go to /note")
            else:
                note = self._note()
                status = HTTPStatus.BAD_REQUEST
                if note is not None:
                    status = live.ask(note, self.headers.get("X-Token", ""))
                self.send_response(status)
                self._headers("text/plain; charset=utf-8")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _note(self) -> str | None:
            length = self.headers.get("Content-Length", "")
            is_json = self.headers.get("Content-Type", "").split(";")[0] == "application/json"
            if not is_json or not length.isascii() or not length.isdecimal() or len(length) > 5:
                return None
            if int(length) > MOST_NOTE_BYTES:
                return None
            try:
                said = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                return None
            note = said.get("note") if isinstance(said, dict) else None
            return note if isinstance(note, str) else None

        def _send_page(self, data: bytes) -> None:
            self.send_response(200)
            self._headers("text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _send_events(self) -> None:
            cast("BoundedServer", self.server).lasts(self.connection)
            self.send_response(200)
            self._headers("text/event-stream")
            self.end_headers()
            seen: State | None = None
            while (state := live.after(seen)) is not None:
                text = ":\n\n" if state == seen else f"data: {json.dumps(vars(state))}\n\n"
                try:
                    self.wfile.write(text.encode("utf-8"))
                    self.wfile.flush()
                except OSError:
                    return  # the browser has disconnected
                seen = state

        def _headers(self, media_type: str) -> None:
            self.send_header("Content-Type", media_type)
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    return Handler
