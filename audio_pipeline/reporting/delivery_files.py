"""Finds deliveries: built-in ones, a project's own, and those of plug-ins."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import PresetError, ReportError
from audio_pipeline.plugins import plugin, plugin_kinds
from audio_pipeline.suggestions import did_you_mean

SHIPPED = Path(__file__).parent / "deliveries"
MAX_BYTES = 64_000


def delivery_names(own: Path | None = None) -> list[str]:
    """The names of all deliveries; `own` is a project's folder of deliveries."""
    return sorted({*names_of_files(own), *plugin_kinds("deliveries")})


def names_of_files(own: Path | None) -> list[str]:
    """The names of the built-in deliveries and of a project's own."""
    return [*_in(SHIPPED), *_in(own)]


def full_name(name: str, own: Path | None) -> str:
    """The full name of the delivery `name`, which may be an unambiguous prefix ("netflix").

    Raises ReportError, with the nearest name, for an unknown delivery.
    """
    if name in names_of_files(own):  # avoids reading entry points
        return name
    names = delivery_names(own)
    begins = [known for known in names if known.startswith(name)] if name else []
    if name in names or len(begins) == 1:
        return name if name in names else begins[0]
    meant = did_you_mean(name, names, "{} ")
    raise ReportError(f"unknown delivery {name[:60]!r}", hint=f"{meant}There are: {', '.join(names)}.")


def delivery_text(name: str, own: Path | None) -> str:
    """The TOML text of the delivery `name`.

    Raises ReportError when it cannot be read, and when two deliveries have this name.
    """
    shipped, in_project = name in _in(SHIPPED), name in _in(own)
    if shipped and in_project:
        raise ReportError(
            f"deliveries/{name}.toml of the project has the name of a delivery of render-ending",
            hint="Rename it.",
        )
    if shipped or (in_project and own is not None):
        folder = SHIPPED if shipped or own is None else own
        shown = f"deliveries/{name}.toml"
        return read_small_text(folder / f"{name}.toml", shown, "delivery", MAX_BYTES, ReportError)
    return _of_plugin(name)


def _of_plugin(name: str) -> str:
    try:
        found = plugin("deliveries", name)
        if found is None:
            raise ReportError(
                f"unknown delivery {name[:60]!r}", hint="check --list shows the deliveries."
            )
        file = found.load()
    except PresetError as error:
        raise ReportError(error.message, hint=error.hint) from error
    try:
        text = file.read_text("utf-8")
    except (AttributeError, TypeError, OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"the plug-in {found}: the delivery {name!r} cannot be read",
            hint="Its entry point must name the path of a TOML file.",
        ) from error
    return str(text)


def _in(folder: Path | None) -> list[str]:
    """The names of the deliveries in a folder; empty when the folder does not exist."""
    try:
        files = [] if folder is None else list(folder.iterdir())
    except OSError:
        return []
    return [file.stem for file in files if file.suffix == ".toml"]
