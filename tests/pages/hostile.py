"""Names that want to be more than text."""

from __future__ import annotations

import json

from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_json import to_json

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "\"'`&amp; ${x} {{differences}}",
    "🎞️ عربي \u202ertl\u2028",
)


def hostile_report(report):
    """The report with such names wherever a name can stand."""
    wild = json.loads(to_json(report))
    wild["mix"], wild["files"] = HOSTILE[0], {HOSTILE[1]: None}
    wild["warnings"] = [{"code": "version_1", "message": text, "figure": text} for text in HOSTILE]
    for section, name in zip(wild["sections"], HOSTILE, strict=False):
        section["name"] = name
    wild["provenance"]["preset"]["title"] = HOSTILE[1]
    wild["provenance"]["preset"]["description"] = HOSTILE[4]
    wild["provenance"][HOSTILE[2]] = HOSTILE[3]
    wild["delivery"]["title"] = HOSTILE[0]
    return LoudnessReport.model_validate(wild)
