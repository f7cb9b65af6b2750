"""`contact.toml` of a project: the contact for its deliveries."""

from __future__ import annotations

import tomllib
from pathlib import Path

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import PresetError
from audio_pipeline.suggestions import did_you_mean

FILE = "contact.toml"
KEYS = ("company", "name", "role", "email", "phone", "address", "note")
_MOST_BYTES = 20_000
_LONGEST = 300


def read_contact(root: Path) -> dict[str, str]:
    """The contact fields of the project in `root`; none without the file.

    Raises PresetError with the key for an invalid file.
    """
    path = root / FILE
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(read_small_text(path, FILE, "contact file", _MOST_BYTES, PresetError))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PresetError(
            f"{FILE} is not TOML: {' '.join(str(error).split())}", hint='Write name = "Ada Example".'
        ) from error
    for key, value in table.items():
        if key not in KEYS:
            meant = did_you_mean(key, KEYS, "; {}")
            raise PresetError(f"{FILE}: unknown key {key!r}{meant}", hint=f"Keys: {', '.join(KEYS)}.")
        if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
            raise PresetError(
                f"{FILE}: {key} must be one line of at most {_LONGEST} characters",
                hint=f'Write {key} = "…".',
            )
    return {key: table[key] for key in KEYS if table.get(key)}
