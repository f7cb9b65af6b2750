"""Draw the strip above a preview's picture: "for review only", the timecode and the current cue.

Above, since the controls of a player cover the lower edge of a video.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audio_pipeline.timeline.timecode import PictureRate

WIDTH, HEIGHT = 960, 60
NOTICE = "FOR REVIEW ONLY"
_SIZE = 28
_MARGIN = 20
_DIGITS = "0123456789:;"
_LONGEST_CUE = 24


def strip_frames(
    rate: PictureRate, first_frame: int, frames: int, cues: Sequence[tuple[str, int]]
) -> Iterator[NDArray[np.uint8]]:
    """The strip of each picture frame, `(HEIGHT, WIDTH)` grey.

    `first_frame` counts from 00:00:00:00; `cues` are names and frames from the first, in order.
    """
    digits = {sign: _drawn(sign) for sign in _DIGITS}
    cell = max(glyph.shape[1] for glyph in digits.values())
    notice = _drawn(NOTICE)
    starts = [at for _, at in cues]
    base, current = _with(notice, None), -1
    for frame in range(frames):
        if (cue := bisect_right(starts, frame)) != current:
            current = cue
            base = _with(notice, _drawn(cues[cue - 1][0][:_LONGEST_CUE]) if cue else None)
        strip = base.copy()
        text = rate.timecode(first_frame + frame)
        left = (WIDTH - cell * len(text)) // 2
        for n, sign in enumerate(text):
            _paste(strip, digits[sign], left + n * cell + (cell - digits[sign].shape[1]) // 2)
        yield strip


def _with(notice: NDArray[np.uint8], cue: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    strip = np.zeros((HEIGHT, WIDTH), np.uint8)
    _paste(strip, notice, _MARGIN)
    if cue is not None:
        _paste(strip, cue, WIDTH - _MARGIN - cue.shape[1])
    return strip


def _paste(strip: NDArray[np.uint8], glyphs: NDArray[np.uint8], left: int) -> None:
    top = (HEIGHT - glyphs.shape[0]) // 2
    strip[top : top + glyphs.shape[0], left : left + glyphs.shape[1]] = glyphs


def _drawn(text: str) -> NDArray[np.uint8]:
    """`text` in white on black, `(height, width)`; every text has the same height."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only a preview draws text

    font = ImageFont.load_default(_SIZE)
    width = max(1, int(np.ceil(font.getlength(text))))
    image = Image.new("L", (width, _SIZE + _SIZE // 2))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.asarray(image)
