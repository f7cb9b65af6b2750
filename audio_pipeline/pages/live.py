"""Serves the page of a watched mix on loopback and notifies it of changes."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import urlsplit

from audio_pipeline.pages.bounded_server import BoundedHandler, BoundedServer
from audio_pipeline.pages.markup import element, whole_page

HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")
_KEEP_ALIVE_S = 15.0


@dataclass(frozen=True)
class State:
    """What the watched mix is at: `version` counts pages, `words` are an error's sentence and hint."""

    version: int = 0
    doing: Literal["rendering", "done", "failed"] = "rendering"
    words: tuple[str, ...] = ()


class LivePage:
    """One page and what is known about it, for any number of browsers. Use as a context manager."""

    def __init__(self, name: str, port: int) -> None:
        """`port` 0 takes any that is free. Raises OSError when it is taken."""
        self._changed = threading.Condition()
        self._state = State()
        self._page = _empty_page(name)
        self._closed = False
        self._server = BoundedServer((HOST, port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
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
        """A render has begun."""
        self._tell(replace(self._state, doing="rendering", words=()))

    def fail(self, words: tuple[str, ...]) -> None:
        """It failed; the page stays the one before."""
        self._tell(replace(self._state, doing="failed", words=words))

    def show(self, page: str) -> None:
        """It is done, and this is its page."""
        self._page = page
        self._tell(State(self._state.version + 1, "done"))

    def page(self) -> str:
        """The page of now, marked with its version."""
        with self._changed:
            return self._page.replace('id="live"', f'id="live" data-version="{self._state.version}"', 1)

    def after(self, seen: State | None) -> State | None:
        """The state, once it is another than `seen`; `seen` again after 15 s, None when all is over."""
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
        element("p", "The page comes when the first render is done."),
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
        """Two addresses: the page, and the events that it listens to."""

        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            # a page elsewhere that has its name point to loopback must not read this one
            if not _is_loopback(self.headers.get("Host", "")):
                self.send_error(403, "Loopback only")
            elif self.path == "/":
                self._send_page(live.page().encode("utf-8"))
            elif self.path == "/events":
                self._send_events()
            else:
                self.send_error(404, "There is one page here, at /")

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
                    return  # the browser has gone
                seen = state

        def _headers(self, media_type: str) -> None:
            self.send_header("Content-Type", media_type)
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    return Handler
