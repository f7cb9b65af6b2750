"""The loudness of a mix under its ceiling, measured again only where the ceiling acts.

Elsewhere the energies from the mixing pass are used, times the gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.mastering.ceiling import CeilingAction, Held
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mastering.mixdown import Mixdown, Part
from audio_pipeline.metering.energies import Energies
from audio_pipeline.metering.history import HOPS_PER_S, integrated_lufs, lufs
from audio_pipeline.metering.kweighting import channel_weights
from audio_pipeline.metering.part_energies import momentary_power
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import in_order


@dataclass(frozen=True, eq=False)
class Finished:
    """The measurement of a mix at its gains under its ceiling.

    `energies` are the K-weighted energies of every hop of each measured part, `(hops,)`; `held_tiles`
    are the tiles that the ceiling affects.
    """

    gains: Gains
    sample_rate_hz: int
    energies: Mapping[Part, Samples]
    held_tiles: frozenset[Span]
    ceiling: CeilingAction

    def lufs(self, part: Part) -> float | None:
        """The integrated loudness of a part; None below the gate."""
        return integrated_lufs(momentary_power(self.energies[part], self.sample_rate_hz))

    def momentary_lufs(self, part: Part) -> Samples:
        """The loudness of every 400 ms of a part, every 10 ms."""
        return lufs(momentary_power(self.energies[part], self.sample_rate_hz))


def finished_loudness(
    mixdown: Mixdown, parts: Sequence[Part], programme: Span, sample_rate_hz: int, workers: int
) -> Finished:
    """The measurement of the given parts of a mix under its ceiling."""
    energies = {part: energies_before_the_ceiling(mixdown, part) for part in parts}
    runs = {part: _HeldRuns(mixdown, part, sample_rate_hz, energies[part]) for part in parts}
    action, held_tiles = CeilingAction(), []

    def made(tile: Span) -> tuple[Held | None, list[Samples]]:
        held = mixdown.held(tile)
        if held is None:
            return None, []
        return held, [mixdown.part(part, tile) * held.gain[:, None] for part in parts]

    tiles = mixdown.tiles_that_may_be_held(programme)
    for tile, (held, samples) in zip(tiles, in_order(made, tiles, workers), strict=True):
        if held is None:
            continue
        action = action.with_tile(held.gain, tile, held.stems_db)
        held_tiles.append(tile)
        for run, of_part in zip(runs.values(), samples, strict=True):
            run.feed(tile, of_part)
    for run in runs.values():
        run.finish()
    return Finished(mixdown.gains, sample_rate_hz, energies, frozenset(held_tiles), action)


def energies_before_the_ceiling(mixdown: Mixdown, part: Part) -> Samples:
    """The K-weighted energy of every hop of a part at the gains of a mix, `(hops,)`."""
    energies, programme = mixdown.premaster.energies, mixdown.gains.of_programme
    of_dialogue = mixdown.gains.of_dialogue * programme
    if part == "mix":
        return energies.mix(of_dialogue, programme)
    return energies.first * of_dialogue**2


class _HeldRuns:
    """Replaces the energies of tiles that the ceiling changes.

    The weighting filter starts a second before a run of such tiles and ends a second after it: its
    memory decays by 2000 dB a second.
    """

    def __init__(self, mixdown: Mixdown, part: Part, sample_rate_hz: int, energies: Samples) -> None:
        self._mixdown = mixdown
        self._part = part
        self._rate = sample_rate_hz
        self._energies = energies
        self._stop: int | None = None

    def feed(self, tile: Span, held: Samples) -> None:
        """Feed the next tile that the ceiling affects; `held` are its samples, `(len(tile), 2)`."""
        if tile.start != self._stop:
            self.finish()
            self._begin(tile.start)
        self._take(held)
        self._stop = tile.stop

    def finish(self) -> None:
        """End the open run, if any."""
        if self._stop is not None:
            self._take(self._mixdown.part(self._part, Span(self._stop, self._stop + self._rate)))
            self._put()
        self._stop = None

    def _begin(self, start: int) -> None:
        self._meter = Energies(self._rate, channel_weights(2))
        self._start = max(0, start - self._rate)
        if self._start < start:
            self._take(self._mixdown.part(self._part, Span(self._start, start)))

    def _take(self, samples: Samples) -> None:
        for second in range(0, len(samples), self._rate):
            self._meter.feed(samples[second : second + self._rate])

    def _put(self) -> None:
        made = self._meter.history(silence(0, 2)).weighted
        first = self._start // self._rate * HOPS_PER_S
        skipped = 0 if not self._start else HOPS_PER_S
        place = self._energies[first + skipped :]
        place[: len(made) - skipped] = made[skipped : skipped + len(place)]
