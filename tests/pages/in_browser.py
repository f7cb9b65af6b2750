"""What tests do with an open page."""

from __future__ import annotations

import base64

import numpy as np


def loaded(page):
    """Wait until the sound of a page is decoded."""
    page.evaluate("renderEnding.transport.ready")
    return page


def until(page, condition):
    """Wait, picture by picture, until a condition in JavaScript is true. The page's policy forbids the
    way that Playwright's own `wait_for_function` has."""
    page.evaluate(
        "new Promise((resolve) => { const look = () => "
        f"({condition}) ? resolve() : requestAnimationFrame(look); look(); }})"
    )


def samples_of(page, expression):
    """A Float32Array, or the promise of one, as numpy."""
    text = page.evaluate(
        f"""(async () => {{
        const bytes = new Uint8Array((await ({expression})).slice().buffer);
        let text = "";
        for (let n = 0; n < bytes.length; n += 8192) {{
          text += String.fromCharCode(...bytes.subarray(n, n + 8192));
        }}
        return btoa(text);
        }})()"""
    )
    return np.frombuffer(base64.b64decode(text), np.float32)
