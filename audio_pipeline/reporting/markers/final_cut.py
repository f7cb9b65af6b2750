"""Marker lists in XML: Final Cut Pro 7 and X."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.fcpxml import read_fcpxml
from audio_pipeline.reporting.markers.hints import EXPORT_AGAIN
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.xmeml import read_xmeml
from audio_pipeline.timeline.moments import Clock

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def is_xml(text: str) -> bool:
    """Whether a text is XML."""
    return text.lstrip().startswith("<")


def read_final_cut(path: Path, text: str, clock: Clock) -> MarkerList:
    """The markers of a sequence. Raises ReportError for other XML, and for an invalid marker."""
    root = _root(path, text)
    if root.tag == "xmeml":
        return read_xmeml(path, root, clock)
    if root.tag == "fcpxml":
        return read_fcpxml(path, root, clock)
    raise ReportError(
        f"{path} is not Final Cut Pro XML: its root element is {root.tag[:40]!r}",
        hint="Export Final Cut Pro 7 XML or FCPXML; from Avid, export markers as text.",
    )


def _root(path: Path, text: str) -> Element:
    from xml.etree import ElementTree  # noqa: PLC0415 - few lists are XML

    if "<!ENTITY" in text:  # entities can expand a small file to a huge one
        raise ReportError(f"{path} declares XML entities: not a marker list", hint=EXPORT_AGAIN)
    try:
        # the text is decoded already, so its encoding declaration no longer applies
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314 - no entities
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not XML: {error}", hint=EXPORT_AGAIN) from error
