"""Collects the texts of the project: messages, help, strings, docstrings, comments, pages and docs."""

from __future__ import annotations

import ast
import io
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

from audio_pipeline.cli.main import cli

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "audio_pipeline"

ERRORS = {"AudioPipelineError", "PresetError", "StemError", "RenderError", "ReportError"}
"""Classes of which every message should have a hint."""


class Text(NamedTuple):
    """One text and where it is: "audio_pipeline/units.py:121"."""

    where: str
    text: str


class Message(NamedTuple):
    """A call of an error class; `text` is empty when the sentence comes from elsewhere."""

    where: str
    text: str
    has_hint: bool


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module; several tests walk it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    """The Python files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def _where(path: Path, line: int) -> str:
    return f"{path.relative_to(REPOSITORY).as_posix()}:{line}"


def text_of(node: ast.AST) -> str | None:
    """A string literal as text, an f-string with its expressions in braces; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (text_of(value) for value in node.values)
        return "".join("{…}" if part is None else part for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None and right is None else f"{left or '{…}'}{right or '{…}'}"
    return None


def strings(path: Path) -> list[Text]:
    """Every string of a module, docstrings included, that holds a space."""
    found: list[Text] = []

    class Visitor(ast.NodeVisitor):
        def generic_visit(self, node: ast.AST) -> None:
            text = text_of(node)
            if text is None:
                super().generic_visit(node)
            elif " " in text.strip():
                found.append(Text(_where(path, getattr(node, "lineno", 0)), " ".join(text.split())))

    Visitor().visit(parsed(path))
    return found


def comments(path: Path) -> list[Text]:
    """The comments of a module or a preset; a block of comment lines is one text."""
    found: list[Text] = []
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        lines = enumerate(source.splitlines(), 1)
        marked = [
            (n, line.partition("#")[2], line.lstrip().startswith("#"))
            for n, line in lines
            if "#" in line
        ]
    else:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        marked = [
            (token.start[0], token.string.lstrip("#"), not token.line[: token.start[1]].strip())
            for token in tokens
            if token.type == tokenize.COMMENT
        ]
    previous = (0, False)
    for line, text, alone in marked:
        if found and alone and previous == (line - 1, True):
            found[-1] = Text(found[-1].where, f"{found[-1].text} {text.strip()}")
        else:
            found.append(Text(_where(path, line), text.strip()))
        previous = (line, alone)
    return found


def messages() -> Iterator[Message]:
    """Every call of an error class of the package."""
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and _name(node.func) in ERRORS:
                text = text_of(node.args[0]) if node.args else None
                has_hint = any(keyword.arg in ("hint", None) for keyword in node.keywords)
                yield Message(_where(path, node.lineno), text or "", has_hint)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def commands() -> dict[str, click.Command]:
    """The command and its subcommands, by name."""
    assert isinstance(cli, click.Group)
    context = click.Context(cli)
    names = cli.list_commands(context)
    found = {name: cli.get_command(context, name) for name in names}
    return {"render-ending": cli, **{name: command for name, command in found.items() if command}}


def option_helps() -> list[Text]:
    """The help text of every option of every command."""
    return [
        Text(f"{name} {parameter.opts[0]}", parameter.help or "")
        for name, command in commands().items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]


def command_helps() -> list[Text]:
    """The first paragraph of the help of every command, and its line in the list of commands."""
    return [
        Text(name, text)
        for name, command in commands().items()
        for text in (command.help or "", command.short_help or "")
    ]


def documents() -> list[Text]:
    """The paragraphs of README, CHANGELOG, the docs and the pages' templates and scripts."""
    files = [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/*.md"),
        *REPOSITORY.glob("stems/*.md"),
        *(PACKAGE / "pages" / "assets").glob("*.js"),
        *PACKAGE.rglob("*.html"),
    ]
    found: list[Text] = []
    for path in sorted(files):
        line = 1
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            found.append(Text(_where(path, line), " ".join(paragraph.split())))
            line += paragraph.count("\n") + 2
    return found


def deliveries_and_presets() -> list[Text]:
    """Descriptions and comments of the TOML files that ship."""
    found: list[Text] = []
    for path in sorted([*REPOSITORY.glob("presets/*.toml"), *PACKAGE.rglob("*.toml")]):
        found += comments(path)
        pending: list[object] = [tomllib.loads(path.read_text(encoding="utf-8"))]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                pending += value.values()
            elif isinstance(value, list):
                pending += value
            elif isinstance(value, str) and " " in value:
                found.append(Text(_where(path, 1), value))
    return found


def all_texts() -> list[Text]:
    """Every text that a user or a maintainer reads."""
    in_code = [text for path in modules() for text in (*strings(path), *comments(path))]
    return [*in_code, *option_helps(), *command_helps(), *documents(), *deliveries_and_presets()]
