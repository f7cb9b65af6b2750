"""Writes the reference of the documentation site from the program itself: a hook of mkdocs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

import click
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

from audio_pipeline.cli.main import COMMANDS, cli
from audio_pipeline.preset.model import Head, Master, Picture
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.reporting.delivery import delivery_names, load_delivery
from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.units import Parameters

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

MODULES = {
    "Project, render, measure, check, compare": "audio_pipeline.api",
    "Errors": "audio_pipeline.errors",
    "Layers": "audio_pipeline.layers.base",
    "Effects": "audio_pipeline.effects.base",
    "Scene": "audio_pipeline.timeline.scene",
    "Spans and tiles": "audio_pipeline.timeline.spans",
    "Units": "audio_pipeline.units",
    "Tests of sounds": "audio_pipeline.testing",
    "Noise": "audio_pipeline.dsp.noise",
    "Events": "audio_pipeline.dsp.events",
    "Filters": "audio_pipeline.dsp.filters",
    "Fades": "audio_pipeline.dsp.fades",
    "Decibels": "audio_pipeline.dsp.decibels",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of the folder."""
    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def pages() -> dict[str, str]:
    """Every page of the reference by its name, as Markdown."""
    return {
        "command": _command(),
        "preset": _preset(),
        "layers": _sounds("Layers", "layers", LAYERS),
        "effects": _sounds("Effects", "effects", EFFECTS),
        "deliveries": _deliveries(),
        "report": _report(),
        "api": _api(),
    }


def _command() -> str:
    parts = ["# The command", *_one_command(cli, "render-ending", "Render one mix")]
    context = click.Context(cli, info_name="render-ending")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts += _one_command(command, f"render-ending {name}", name)
    return "\n\n".join(parts)


def _one_command(command: click.Command, call: str, title: str) -> list[str]:
    context = click.Context(command, info_name=call)
    usage = " ".join([call, *command.collect_usage_pieces(context)])
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            rows.append((f"`{record[0]}`", record[1]))
    example = inspect.cleandoc(command.epilog or "").replace("\b", "").strip()
    example = "\n".join(line.strip() for line in example.splitlines()[1:])
    parts = [f"## {title}", inspect.cleandoc(command.help or ""), f"```text\n{usage}\n```"]
    return [*parts, _table(("Option", "Meaning"), rows), f"```text\n{example}\n```"]


def _preset() -> str:
    parts = [
        "# Preset keys",
        "A preset is a TOML file; [Change the ending](../presets.md) explains it. `extends` names the preset"
        " that it changes. Sounds are in [layers](layers.md) and [effects](effects.md).",
    ]
    for title, model in (("At the top", Head), ("[picture]", Picture), ("[master]", Master)):
        parts += [f"## {title}", inspect.cleandoc(model.__doc__ or ""), _keys(model)]
    return "\n\n".join(parts)


def _sounds(title: str, shelf: str, kinds: Mapping[str, type[Parameters]]) -> str:
    own = {kind: cls for kind, cls in kinds.items() if cls.__module__.startswith("audio_pipeline.")}
    parts = [f"# {title}", f"Every kind of `[{shelf}.NAME]` with its parameters and their defaults."]
    for kind, cls in own.items():
        parts += [f"## {kind}", inspect.cleandoc(cls.__doc__ or ""), _keys(cls)]
    return "\n\n".join(parts)


def _keys(model: type[Parameters]) -> str:
    """The keys of a table with their defaults, as a preset writes them."""
    fields = model.model_fields
    given = {name: field.get_default() for name, field in fields.items() if not field.is_required()}
    shown = model.model_construct(**given).model_dump(mode="json", include=set(given))
    rows = [
        (f"`{field.alias or name}`", _value(shown.get(name)), field.description or "")
        for name, field in fields.items()
        if name != "kind"
    ]
    return _table(("Key", "Default", "Meaning"), rows)


def _value(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{', '.join(map(str, value)) if isinstance(value, list) else value}`"


def _deliveries() -> str:
    parts = ["# Deliveries", "What `render-ending check --delivery NAME` demands, clause by clause."]
    for delivery in map(load_delivery, delivery_names()):
        rows = [
            (FIGURES[c.figure].label, c.limit(), c.source + (f" ({c.caveat})" if c.caveat else ""))
            for c in delivery.clauses
        ]
        head = f"## {delivery.name}", f"{delivery.title}. Source: {delivery.source}"
        parts += [*head, _table(("Figure", "Limit", "Source"), rows)]
    return "\n\n".join(parts)


def _report() -> str:
    parts = [
        "# Report fields",
        "A report is JSON, `LoudnessReport.2`. A figure that is null has its reason in `reasons`, by its key."
        " [Read a report](../reports.md) explains the figures.",
    ]
    waiting: list[type[BaseModel]] = [LoudnessReport]
    done: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop(0)
        if model in done:
            continue
        done.add(model)
        rows = []
        for name, field in model.model_fields.items():
            inner = list(_models(field.annotation))
            waiting += inner
            links = ", ".join(f"[{m.__name__}](#{m.__name__.lower()})" for m in inner)
            rows.append((f"`{field.alias or name}`", links, field.description or _as_text(name)))
        text = inspect.cleandoc(model.__doc__ or "")
        parts += [f"## {model.__name__}", text, _table(("Key", "Table", "Meaning"), rows)]
    return "\n\n".join(parts)


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    """The report's tables that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _as_text(name: str) -> str:
    """A key in words, with its unit."""
    if name in FIGURES:
        return f"{FIGURES[name].label}, {FIGURES[name].unit}"
    units = {"lufs": "LUFS", "lu": "LU", "db": "dB", "dbfs": "dBFS", "dbtp": "dBTP", "dba": "dB(A)"}
    units |= {"s": "seconds", "samples": "samples", "hz": "Hz", "percent": "%"}
    words, _, unit = name.rpartition("_")
    if unit in units and words:
        return f"{words.replace('_', ' ')}, {units[unit]}"
    return name.replace("_", " ")


def _api() -> str:
    parts = [
        "# Python API",
        "`import audio_pipeline as ap` gives every name of the first sections; the modules of `dsp` are"
        " imported by their names. [Use it from Python](../python.md) shows how they go together.",
    ]
    for title, module in MODULES.items():
        parts += [f"## {title}", f"`{module}`", f"::: {module}"]
    return "\n\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
