"""From a note to a blind comparison, in a browser: the watched page, the preset, the render, the choice."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from audio_pipeline.pages.live import MOST_WAITING, LivePage
from tests.command import environment, tiny_project
from tests.pages.in_browser import loaded


@pytest.fixture
def watched(tmp_path):
    """`watch tiny`, running: its project and its address."""
    folder = tiny_project(tmp_path / "film")
    command = [sys.executable, "-m", "audio_pipeline", "watch", "tiny", "--port", "0"]
    watching = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1"),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        address = watching.stdout.readline().strip()
        assert watching.stderr.readline().startswith("rendered in ")
        yield folder, address, watching
    finally:
        watching.kill()
        watching.communicate()


def test_a_note_becomes_a_preset_a_render_and_a_blind_comparison(watched, open_page):
    folder, address, watching = watched
    page = loaded(open_page(address))
    note = page.locator("#note textarea")
    note.fill("voice_a.stem = /etc/passwd")
    page.click("text=Render this note")
    page.wait_for_selector("#live.failed")
    assert "a note cannot set layers.voice_a.stem" in page.inner_text("#live")
    assert watching.stderr.readline().startswith("error: a note cannot set")
    watching.stderr.readline()
    note.fill("grain.level = base - 6 dB\nblack = 1.5s")
    page.click("text=Render this note")
    page.wait_for_selector("#compare:visible", timeout=60_000)
    assert watching.stderr.readline().startswith(
        "presets/tiny-note-1.toml: compare it blind at http://127"
    )
    text = (folder / "presets" / "tiny-note-1.toml").read_text()
    assert text.startswith('extends = "tiny"\n')
    assert 'level = "base - 6 dB"' in text
    assert (folder / "renders" / "tiny-note-1.wav").is_file()
    compared = loaded(open_page(address.rstrip("/") + page.get_attribute("#compare", "href")))
    assert compared.locator("body.blind").count() == 1
    assert "tiny" not in compared.inner_text("#mixes")
    compared.fill("[aria-label='Note on A']", "this one")
    compared.click("#reveal")
    key = compared.evaluate("renderEnding.notes.state.rounds[0].key")
    assert sorted(key.values()) == ["tiny", "tiny-note-1"]
    assert key["A"] in compared.inner_text("#blind-state")
    assert watching.poll() is None


def post(live, body, **headers):
    place = urlsplit(live.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    connection.request("POST", headers.pop("path", "/note"), body, sent)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture
def live():
    with LivePage("final", 0) as page:
        yield page


def token_of(live):
    return live.page().partition('data-token="')[2].partition('"')[0]


NOTE = json.dumps({"note": "seed = 2"})


def test_a_note_is_taken_from_the_served_page_alone(live):
    token = token_of(live)
    assert len(token) > 30
    own = live.address.rstrip("/")
    assert post(live, NOTE) == 403
    assert post(live, NOTE, X_Token=token[1:]) == 403
    assert post(live, NOTE, X_Token=token + "x") == 403
    assert post(live, NOTE, X_Token=token, Origin="http://evil.example") == 403
    assert post(live, NOTE, X_Token=token, Origin="null") == 403
    assert post(live, NOTE, X_Token=token, Host="evil.example") == 403
    assert post(live, NOTE, X_Token=token, Content_Type="text/plain") == 400
    assert live.asked() is None
    assert post(live, NOTE, X_Token=token, Origin=own) == 202
    assert live.asked() == "seed = 2"
    assert live.asked() is None


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"note": 3}', "[" * 4000, '{"note": "' + "a" * 9000 + '"}']
)
def test_what_is_no_note_is_refused(live, body):
    assert post(live, body, X_Token=token_of(live)) == 400
    assert live.asked() is None


def test_only_so_many_notes_wait(live):
    token = token_of(live)
    took = [post(live, NOTE, X_Token=token) for _ in range(MOST_WAITING + 1)]
    assert took == [202] * MOST_WAITING + [429]


def test_a_comparison_is_served_under_its_own_address(live):
    address = live.compare("<p>two mixes</p>")
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    connection.request("GET", place.path)
    assert connection.getresponse().read() == b"<p>two mixes</p>"
    connection.close()
    assert live.comparison("/compare/other") is None
