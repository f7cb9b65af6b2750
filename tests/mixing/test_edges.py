"""What lies just outside a layer's span: the ring of a head, and stems that are too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audio_pipeline.errors import StemError
from audio_pipeline.mixing import session
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import build_graph
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.spans import TILE, Span
from tests.mixing.small_sounds import Ramp
from tests.scenes import make_scene


@pytest.mark.parametrize("stop", [TILE, TILE + 1, TILE - 100])
def test_the_ring_of_a_head_is_heard_after_the_layer_has_ended(stop: int) -> None:
    """For headphones, also where the layer ends with a tile and the ring falls into the next one."""
    scene = replace(make_scene(), listening="headphones")
    layer = Ramp(until=f"{stop * 1000 / 48_000:.9f}ms", channels=1, pan="R80")
    graph = build_graph(scene, {"x": layer}, {})
    back = graph.placer.look_back
    assert graph.sources["x"].span.stop == stop
    assert graph.strip_spans["x"] == Span(0, stop + back)
    assert graph.active_spans() == (Span(0, stop + back),)
    rung = Console(graph).render(Span(stop, stop + 2 * back))
    dry = np.pad(Console(graph).dry("x", Span(stop - back, stop))[:, 0], (0, 2 * back))
    assert np.abs(rung[:back]).max() > 1e-6
    np.testing.assert_allclose(rung, graph.placer.place(dry, np.array([layer.pan])), atol=1e-12)


def test_stems_that_are_too_much_together_are_refused(
    shared_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is two gigabytes, float64: four of the largest stems."""
    assert session.MOST_STEM_BYTES == 2**31
    preset = build_preset(load_document(shared_project, "short"))
    opened = session.open_session(shared_project, preset, {})
    together = sum(stem.samples.nbytes for stems in opened.stems.values() for stem in stems)
    monkeypatch.setattr(session, "MOST_STEM_BYTES", together)
    session.open_session(shared_project, preset, {})
    monkeypatch.setattr(session, "MOST_STEM_BYTES", together - 1)
    with pytest.raises(StemError, match="of memory together"):
        session.open_session(shared_project, preset, {})
