"""Keys tell apart whatever sounds apart: another value, another program."""

from __future__ import annotations

from pathlib import Path

import pytest

import audio_pipeline
from audio_pipeline.memo.keys import FOLDERS_WITHOUT_EFFECT, exact, sources_key

PACKAGE = Path(audio_pipeline.__file__).parent


def test_a_new_folder_and_a_new_module_change_the_key_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "one.py").write_text("a")
    keys = [sources_key(tmp_path)]
    for added in (
        "layers/two.py",
        "layers/machine/deep.py",
        "new_folder/three.py",
        "beside.py",
        "n.toml",
    ):
        (tmp_path / added).parent.mkdir(exist_ok=True)
        (tmp_path / added).write_text("a")
        keys.append(sources_key(tmp_path))
    (tmp_path / "layers" / "one.py").write_text("b")
    keys.append(sources_key(tmp_path))
    (tmp_path / "layers" / "one.py").rename(tmp_path / "layers" / "other.py")
    keys.append(sources_key(tmp_path))
    assert len(set(keys)) == len(keys)
    for folder in FOLDERS_WITHOUT_EFFECT:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "any.py").write_text("a")
    (tmp_path / "layers" / "one.pyc").write_bytes(b"a")
    assert sources_key(tmp_path) == keys[-1]


def test_no_module_that_a_render_depends_on_is_left_out_of_the_key() -> None:
    """Every folder is in the key or named as one that no render depends on; those are not imported."""
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert set(FOLDERS_WITHOUT_EFFECT) - {"starter"} <= folders  # the wheel alone has the starter
    left_out = tuple(f"audio_pipeline.{folder}" for folder in FOLDERS_WITHOUT_EFFECT)
    for module in PACKAGE.rglob("*.py"):
        folder = module.relative_to(PACKAGE).parts[0]
        if folder not in (*FOLDERS_WITHOUT_EFFECT, "__main__.py"):
            assert not any(name in module.read_text() for name in left_out), module


def test_a_parameter_of_a_kind_that_no_key_can_hold_is_an_error() -> None:
    with pytest.raises(TypeError, match="object cannot be part of a key"):
        exact({"a": [object()]})
    assert exact((1, 1.0, True, None, "x", {"a": ()})) == [
        1,
        ["float", (1.0).hex()],
        True,
        None,
        "x",
        {"a": []},
    ]
