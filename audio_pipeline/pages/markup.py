"""HTML that is safe by construction: all text but `Markup` is escaped, and pages load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape as _escape
from pathlib import Path

from audio_pipeline.errors import encodable, encodable_texts
from audio_pipeline.version import __version__

ASSETS = Path(__file__).parent / "assets"

_PIECE = 3 << 20
"""Bytes encoded as base64 at a time; a multiple of three, so that the pieces join into one text."""

_VOID = ("meta", "link", "input", "br", "hr")


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def escape(text: str) -> str:
    """`text` escaped for HTML; characters that UTF-8 cannot encode become `\\xff`."""
    return _escape(encodable(text))


def element(name: str, /, *children: str, **attributes: str | bool | None) -> Markup:
    """An HTML element. Children are escaped unless they are `Markup`; `class_` becomes `class`, and `_` in an
    attribute's name becomes `-`; True writes the name alone, False and None omit the attribute."""
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Children joined without a parent, escaped unless they are `Markup`."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children))


def data_block(identity: str, value: object) -> Markup:
    """Data for the page's script, as JSON that cannot end the `<script>` element."""
    text = json.dumps(encodable_texts(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # inside <script> the parser reacts only to "<"; some JSON readers treat the other two as line ends
    for sign in ("<", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(f'<script type="application/json" id="{escape(identity)}">{text}</script>\n')


def bytes_block(identity: str, data: bytes) -> Iterator[Markup]:
    """Bytes for the page's script as base64, in pieces, because audio is large."""
    yield Markup(f'<script type="text/plain" id="{escape(identity)}">')
    for start in range(0, len(data), _PIECE):
        yield Markup(base64.b64encode(data[start : start + _PIECE]).decode("ascii"))
    yield Markup("</script>\n")


def data_address(data: bytes, media_type: str) -> str:
    """Bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def asset(name: str) -> str:
    """The text of one of the files in `assets/`."""
    return (ASSETS / name).read_text(encoding="utf-8")


def whole_page(
    title: str,
    body: Markup,
    blocks: Iterable[Markup],
    scripts: tuple[str, ...],
    *,
    connects: bool = False,
) -> str:
    """The page of `page_pieces` as one text."""
    return "".join(page_pieces(title, body, blocks, scripts, connects=connects))


def page_pieces(
    title: str,
    body: Markup,
    blocks: Iterable[Markup],
    scripts: tuple[str, ...],
    *,
    connects: bool = False,
    named: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """A page in one file: `body`, then data `blocks`, then the named scripts, joined into one.

    Its content security policy forbids loading anything and runs only the page's own scripts, by their hashes;
    `connects` allows connections to its own server; `named` adds `<meta>` elements to the head.
    """
    library = asset("uplot/uPlot.iife.min.js")
    own = "\n".join(asset(name) for name in scripts)
    style = asset("uplot/uPlot.min.css") + asset("page.css")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"script-src {source_hash(library)} {source_hash(own)}; style-src {source_hash(style)}"
        + ("; connect-src 'self'" if connects else "")
    )
    head = page_head(title, style, policy, named)
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n'
    yield from blocks
    yield f'<script>{library}</script>\n<script type="module">{own}</script>\n</body>\n</html>\n'


def page_head(title: str, style: str, policy: str, named: Mapping[str, str] | None = None) -> Markup:
    """A page's `<head>`: its `policy`, the generator, the `<meta>` elements in `named`, its `title` and its
    `style`."""
    further = [element("meta", name=name, content=content) for name, content in (named or {}).items()]
    return join(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="generator", content=f"render-ending {__version__}"),
        *further,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        Markup(f"<style>{style}</style>"),
    )


def source_hash(text: str) -> str:
    """The hash source of an inline script or style for the page's policy (CSP level 3)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
