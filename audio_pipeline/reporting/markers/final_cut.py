"""Marker lists that are XML: Final Cut's, version 7 and X."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.fcpxml import read_fcpxml
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.xmeml import read_xmeml
from audio_pipeline.timeline.moments import Clock

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def is_xml(text: str) -> bool:
    """Whether a text is XML."""
    return text.lstrip().startswith("<")


def read_final_cut(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a sequence. Raises ReportError for XML of another kind, and for a marker that cannot be
    read."""
    root = _root(path, text)
    if root.tag == "xmeml":
        return read_xmeml(path, root, clock)
    if root.tag == "fcpxml":
        return read_fcpxml(path, root, clock)
    raise ReportError(
        f"{path} is XML of another kind ({root.tag[:40]!r})",
        hint="Export Final Cut Pro 7 XML or FCPXML; Avid's markers as text.",
    )


def _root(path: Path, text: str) -> Element:
    from xml.etree import ElementTree  # noqa: PLC0415 - few lists are XML

    if "<!ENTITY" in text:  # which could make a small file large
        raise ReportError(f"{path} defines entities, which no editor writes: not a marker list")
    try:
        # the declaration of an encoding no longer holds: the text is decoded already
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not XML: {error}") from error
