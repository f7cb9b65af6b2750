"""How long it takes from saving a preset to the page that plays the new mix, in a running `watch`.

    python benchmarks/watch.py [CHANGES]

In a folder with `presets` and `stems`. The page is there when it has been fetched whole: what a browser
needs to decode a minute comes on top.
"""

from __future__ import annotations

import json
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_PATIENCE_S = 60


def main() -> None:
    """Print the median as `took N s`."""
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    preset = Path("presets/watched.toml")
    preset.write_text(_text(80))
    command = [sys.executable, "-m", "audio_pipeline", "watch", "watched", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        try:
            assert watch.stdout is not None
            address = watch.stdout.readline().strip()
            version, taken = _page_after(address, 0), []
            for change in range(1, changes + 1):
                time.sleep(0.5)
                begin = time.perf_counter()
                preset.write_text(_text(80 + 10 * change))
                version = _page_after(address, version)
                taken.append(time.perf_counter() - begin)
        finally:
            watch.send_signal(signal.SIGINT)
    print(f"took {statistics.median(taken):.4f} s")


def _text(fade_ms: int) -> str:
    return f'extends = "final"\n[effects.dropout]\nfade = "{fade_ms}ms"\n'


def _page_after(address: str, version: int) -> int:
    """Wait for a page later than `version`, fetch it, return its version."""
    with urllib.request.urlopen(f"{address}events", timeout=_PATIENCE_S) as events:
        for line in events:
            if line.startswith(b"data:") and json.loads(line[5:])["version"] > version:
                break
    with urllib.request.urlopen(address, timeout=_PATIENCE_S) as page:
        found = re.search(rb'data-version="(\d+)"', page.read())
    if found is None or int(found[1]) <= version:
        raise SystemExit("the page is an old one")
    return int(found[1])


if __name__ == "__main__":
    main()
