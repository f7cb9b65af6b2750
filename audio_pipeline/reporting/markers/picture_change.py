"""The change between two cuts: the place of each frame of the old edit list in the new one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.markers.edl import Event, events_of, is_edl, seconds_of_list
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.text import read_text
from audio_pipeline.timeline.moments import Clock


@dataclass(frozen=True)
class Shot:
    """One shot in frames: `source` is its start in its reel; `start` and `stop` count from the first frame of
    the programme."""

    reel: str
    source: int
    start: int
    stop: int


@dataclass(frozen=True)
class Piece:
    """Frames of the old programme that move together by `by` frames; None when the new cut lacks them."""

    start: int
    stop: int
    by: int | None


@dataclass(frozen=True)
class PictureChange:
    """All pieces of the old picture, in order; `old_stop` and `new_stop` are the ends of the two pictures."""

    pieces: tuple[Piece, ...]
    old_stop: int
    new_stop: int

    def moved(self, frame: int) -> int | None:
        """The place of the old programme's `frame` in the new one; None for a removed frame.

        A frame without picture moves with the picture before it, or with the first.
        """
        if frame >= self.old_stop:
            return frame + self.new_stop - self.old_stop
        before = [piece for piece in self.pieces if piece.start <= frame]
        piece = before[-1] if before else self.pieces[0]
        return None if piece.by is None else frame + piece.by

    def removed(self) -> tuple[Piece, ...]:
        """The removed pieces."""
        return tuple(piece for piece in self.pieces if piece.by is None)


def read_change(old: Path, new: Path, clock: Clock) -> PictureChange:
    """The change between two edit lists of the same picture.

    Raises ReportError for invalid lists, and for lists with nothing in common.
    """
    before, after = _shots(old, clock), _shots(new, clock)
    pieces: list[Piece] = []
    by = 0
    for shot in before:
        for piece in _pieces(shot, after, by):
            by = by if piece.by is None else piece.by
            pieces.append(piece)
    if all(piece.by is None for piece in pieces):
        raise ReportError(
            f"{new} and {old} have no picture in common",
            hint="Export both edit lists from the same timeline, with the same reel names.",
        )
    return PictureChange(
        tuple(_joined(pieces)), max(shot.stop for shot in before), max(shot.stop for shot in after)
    )


def _pieces(shot: Shot, after: Sequence[Shot], by: int) -> list[Piece]:
    """The shot, split into pieces of the new cut. If a frame occurs twice, the piece with the move closest to
    that of the preceding picture counts."""
    found = []
    for other in after:
        first = max(shot.source, other.source)
        last = min(shot.source + shot.stop - shot.start, other.source + other.stop - other.start)
        if other.reel == shot.reel and first < last:
            move = (other.start - other.source) - (shot.start - shot.source)
            begin = shot.start + first - shot.source
            found.append(Piece(begin, begin + last - first, move))
    found.sort(key=lambda piece: (abs((piece.by or 0) - by), piece.start))
    taken: list[Piece] = []
    for piece in found:
        taken += _free(piece, taken)
    return _with_gaps(shot, sorted(taken, key=lambda piece: piece.start))


def _free(piece: Piece, taken: Sequence[Piece]) -> list[Piece]:
    """The parts of a piece outside all others."""
    parts = [piece]
    for other in taken:
        parts = [
            Piece(a, b, piece.by)
            for part in parts
            for a, b in (
                (part.start, min(part.stop, other.start)),
                (max(part.start, other.stop), part.stop),
            )
            if a < b
        ]
    return parts


def _with_gaps(shot: Shot, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with the removed parts between them."""
    whole: list[Piece] = []
    at = shot.start
    for piece in pieces:
        if at < piece.start:
            whole.append(Piece(at, piece.start, None))
        whole.append(piece)
        at = piece.stop
    if at < shot.stop:
        whole.append(Piece(at, shot.stop, None))
    return whole


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].by == piece.by and joined[-1].stop == piece.start:
            joined[-1] = Piece(joined[-1].start, piece.stop, piece.by)
        else:
            joined.append(piece)
    return joined


def _shots(path: Path, clock: Clock) -> list[Shot]:
    """The shots of the picture in order. Raises ReportError for a file without shots."""
    text = read_text(path)
    if not is_edl(text):
        raise ReportError(f"{path} is not an edit list", hint="Export the cut as CMX 3600 EDL.")
    events = events_of(path, text)
    video = [event for event in events if event.track.upper().startswith(("V", "B", "AA/V"))]
    shots = [_shot(path, event, clock) for event in video or events]
    shots = sorted((shot for shot in shots if shot.start < shot.stop), key=lambda shot: shot.start)
    if not shots:
        raise ReportError(f"{path}: every shot has zero length", hint=EXPORT_AGAIN)
    return _without_overlaps(shots)


def _without_overlaps(shots: Sequence[Shot]) -> list[Shot]:
    """The shots, each up to the next: under a dissolve the incoming shot counts."""
    kept = []
    for shot, next_start in zip(shots, [*(s.start for s in shots[1:]), shots[-1].stop], strict=True):
        if shot.start < min(shot.stop, next_start):
            kept.append(Shot(shot.reel, shot.source, shot.start, min(shot.stop, next_start)))
    return kept


def _shot(path: Path, event: Event, clock: Clock) -> Shot:
    where, seconds = f"{path}, line {event.line}", seconds_of_list(clock, event.drop)

    def frame(text: str) -> int:
        return round(seconds(where, text) * clock.rate.frames_per_s)

    source, source_stop = frame(event.source_in), frame(event.source_out)
    start, stop = frame(event.record_in), frame(event.record_out)
    if start > stop:
        raise ReportError(f"{where}: the shot ends before it starts", hint=EXPORT_AGAIN)
    length = stop - start
    # a shot at another speed only matches itself: its speed becomes part of the reel name
    speed = Fraction(source_stop - source, length) if length else Fraction(1)
    reel = event.reel if speed == 1 else f"{event.reel} at {speed} from {source}"
    return Shot(reel, source, start, stop)
