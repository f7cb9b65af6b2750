"""The page of a preview: a player for its video, its cues, and the timecode of the shown frame."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from audio_pipeline.errors import encodable
from audio_pipeline.pages.markup import asset, data_block, element, page_head, source_hash
from audio_pipeline.records import dataclass

_SCRIPTS = ("timecode.js", "preview.js")


@dataclass(frozen=True)
class PreviewFacts:
    """`video` is the file in the page's folder; `start` the timecode of its first frame; `cues` are names,
    timecodes and seconds from the first frame; `rows` are facts about the picture."""

    title: str
    video: str
    rate: str
    start: str
    cues: Sequence[tuple[str, str, float]]
    rows: Sequence[tuple[str, str]]


def preview_page(facts: PreviewFacts) -> str:
    """The page as HTML; it loads the video and nothing else."""
    address = quote(encodable(facts.video))
    video = element(
        "video",
        id="video",
        src=address,
        controls=True,
        playsinline=True,
        preload="auto",
        aria_label="Preview",
    )
    buttons = [
        element("button", "−1 frame", type="button", id="back"),
        element("output", facts.start, id="timecode", aria_label="Timecode"),
        element("button", "+1 frame", type="button", id="forward"),
    ]
    cues = [
        element(
            "li",
            element("button", name, type="button", data_seconds=f"{seconds:.9f}"),
            element("span", timecode),
        )
        for name, timecode, seconds in facts.cues
    ]
    rows = [
        element("tr", element("th", head, scope="row"), element("td", text)) for head, text in facts.rows
    ]
    body = element(
        "main",
        element("p", "For review only", class_="notice"),
        element("h1", facts.title),
        video,
        element("div", *buttons, class_="transport"),
        element("h2", "Cues"),
        element("ul", *cues, class_="cues"),
        element("h2", "Picture"),
        element("table", element("tbody", *rows)),
    )
    style = asset("plain.css") + asset("preview.css")
    script = "\n".join(asset(name) for name in _SCRIPTS)
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; media-src 'self' file:; "
        f"script-src {source_hash(script)}; style-src {source_hash(style)}"
    )
    head = page_head(f"{facts.title}: preview", style, policy)
    data = data_block("preview", {"rate": facts.rate, "start": facts.start})
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n{data}'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )
