"""Mix-as-code for the ending of a film: one preset file in, a measured master out.

The public API. Every name is imported at its first use, so `import audio_pipeline` loads no other module.

    import audio_pipeline as ap

    project = ap.Project("film")
    render = ap.render(project.preset("final"), out="renders")
    verdict = ap.check(render.report, "ebu-r128")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio_pipeline import dsp as dsp
    from audio_pipeline import testing as testing
    from audio_pipeline import units as units
    from audio_pipeline.api import Project as Project
    from audio_pipeline.api import Render as Render
    from audio_pipeline.api import check as check
    from audio_pipeline.api import compare as compare
    from audio_pipeline.api import measure as measure
    from audio_pipeline.api import render as render
    from audio_pipeline.effects.base import Effect as Effect
    from audio_pipeline.effects.base import Processor as Processor
    from audio_pipeline.effects.base import Strip as Strip
    from audio_pipeline.errors import AudioPipelineError as AudioPipelineError
    from audio_pipeline.errors import PresetError as PresetError
    from audio_pipeline.errors import RenderError as RenderError
    from audio_pipeline.errors import ReportError as ReportError
    from audio_pipeline.errors import StemError as StemError
    from audio_pipeline.layers.base import Layer as Layer
    from audio_pipeline.layers.base import Source as Source
    from audio_pipeline.preset.model import Preset as Preset
    from audio_pipeline.reporting.comparison import Comparison as Comparison
    from audio_pipeline.reporting.model import DeliveryVerdict as DeliveryVerdict
    from audio_pipeline.reporting.model import LoudnessReport as LoudnessReport
    from audio_pipeline.timeline.scene import Scene as Scene
    from audio_pipeline.timeline.scene import StemRequest as StemRequest
    from audio_pipeline.timeline.spans import Span as Span
    from audio_pipeline.version import __version__ as __version__

_MODULES = ("dsp", "testing", "units")
_HOMES = {
    "api": ("Project", "Render", "check", "compare", "measure", "render"),
    "effects.base": ("Effect", "Processor", "Strip"),
    "errors": ("AudioPipelineError", "PresetError", "RenderError", "ReportError", "StemError"),
    "layers.base": ("Layer", "Source"),
    "preset.model": ("Preset",),
    "reporting.comparison": ("Comparison",),
    "reporting.model": ("DeliveryVerdict", "LoudnessReport"),
    "timeline.scene": ("Scene", "StemRequest"),
    "timeline.spans": ("Span",),
    "version": ("__version__",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted((*_MODULES, *_HOME_OF))


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562)."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
