"""Watching: a change renders again and the open page follows; an error has the terminal's words."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from audio_pipeline.pages.changes import Changes
from audio_pipeline.pages.live import LivePage
from audio_pipeline.pages.markup import element, whole_page
from audio_pipeline.pages.page import page, page_media
from tests.pages.in_browser import until


@pytest.fixture
def live():
    with LivePage("final", 0) as page:
        yield page


def page_saying(text):
    body = element("main", element("h1", text), element("div", id="live", role="status", hidden=True))
    return whole_page(text, body, (), ("live.js",), connects=True)


def ask(live, path="/", host=None):
    place = urlsplit(live.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    connection.request("GET", path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_the_page_is_served_on_loopback_and_to_its_own_name_only(live):
    assert urlsplit(live.address).hostname == "127.0.0.1"
    live.show(page_saying("one"))
    assert ask(live)[0] == 200
    assert ask(live, host="localhost:80")[0] == 200
    assert ask(live, host="evil.example")[0] == 403
    assert ask(live, "/../../etc/passwd")[0] == 404


def test_the_open_page_follows_every_render_and_shows_errors_until_the_next(live, open_page):
    opened = open_page(live.address)
    assert opened.inner_text("h1") == "final"
    live.show(page_saying("first"))
    opened.wait_for_selector("h1:text-is('first')")
    live.begin()
    opened.wait_for_selector("#live:text-is('Rendering …')")
    words = ("error: presets/final.toml is not valid TOML: <b>here</b>", "hint: Correct it.")
    live.fail(words)
    opened.wait_for_selector("#live.failed")
    assert opened.inner_text("#live") == "\n".join(words)
    assert opened.inner_text("h1") == "first"
    live.show(page_saying("second"))
    opened.wait_for_selector("h1:text-is('second')")
    assert opened.locator("#live").is_hidden()


def test_a_real_page_returns_to_its_place(live, short_render, open_page):
    text = page(
        short_render.report,
        Changes(None, ()),
        page_media(short_render.master.file, -60.0),
        live=True,
    )
    live.show(text)
    opened = open_page(live.address)
    opened.click("button.cue:text-is('cross')")
    at = opened.evaluate("renderEnding.transport.at")
    live.show(text)
    opened.wait_for_selector("#live[data-version='2']", state="attached")
    until(opened, f"renderEnding.transport.at === {at}")


def test_watching_renders_after_a_change_says_errors_and_ends_on_ctrl_c(project):
    command = [sys.executable, "-m", "audio_pipeline", "watch", "short", "--port", "0"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    watching = subprocess.Popen(
        command, cwd=project.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert watching.stdout.readline().startswith("http://127.0.0.1:")
        assert watching.stderr.readline().startswith("rendered in ")
        assert (project.renders / "short.report.html").is_file()
        preset = project.presets / "short.toml"
        right = preset.read_text()
        preset.write_text(right + "\n[layers.grain]\nlevl = '-60 dBFS'\n")
        error = watching.stderr.readline()
        assert error.startswith("error: presets/short.toml: [layers.grain] has no key 'levl'")
        assert watching.stderr.readline().startswith("hint: ")
        preset.write_text(right + "\n[layers.grain]\nlevel = '-58 dBFS'\n")
        assert watching.stderr.readline().startswith("rendered in ")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=20) == 0
        assert watching.stderr.read() == "stopped\n"
    finally:
        watching.kill()
        watching.communicate()
