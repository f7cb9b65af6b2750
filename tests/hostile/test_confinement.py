"""A preset cannot reach out of its project, and nothing is replaced but earlier renders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import soundfile

from audio_pipeline.errors import PresetError, RenderError, StemError
from audio_pipeline.jobs.batch.plan import matrices_of
from audio_pipeline.jobs.render import Order, Rendered, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import contents, tiny_project
from tests.hostile.law import plan, refusal


@pytest.fixture
def film(tmp_path: Path) -> Project:
    """A project beside a folder that it must not touch: `secret/` with a stem and a preset."""
    folder = tiny_project(tmp_path / "film")
    (tmp_path / "secret").mkdir()
    shutil.copy(folder / "stems" / "voice_a.flac", tmp_path / "secret" / "voice.flac")
    (tmp_path / "secret" / "theirs.toml").write_text('extends = "tiny"')
    return Project(folder)


def rendered(film: Project, name: str = "tiny", out: Path | None = None, **changes: object) -> Rendered:
    preset = build_preset(load_document(film, name))
    return render(Order(film, preset, out or film.renders, **changes))


PATHS = {
    "..": "../secret/voice.flac",
    ".. from inside": "stems/../../secret/voice.flac",
    "absolute": "{secret}/voice.flac",
    "absolute into the project": "{root}/stems/voice_a.flac",
    "a link": "stems/link.flac",
    "a link to a folder": "stems/out/voice.flac",
    "a link that leads to itself": "stems/loop.flac",
    "home": "~/voice.flac",
    "a variable": "$HOME/voice.flac",
    "an address": "https://example.com/voice.flac",
    "a null": "stems/voice\0.flac",
    "nothing": "",
    "a folder": "stems",
    "very long": "x/" * 5_000,
    "a name that is too long": "x" * 300,
    "a device": "/dev/zero",
    "a process's own": "/proc/self/environ",
}
KEYS = {
    "a voice's stem": '[layers.voice_a]\nstem = "{path}"',
    "a clip's stem": '[layers.new]\nkind = "clip"\nstem = "{path}"',
    "an impulse response": '[effects.space]\nkind = "space"\nimpulse_response = "{path}"',
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("case", PATHS)
def test_a_path_that_leads_out_or_nowhere_is_refused(film: Project, case: str, key: str) -> None:
    secret = film.root.parent / "secret"
    (film.root / "stems" / "link.flac").symlink_to(secret / "voice.flac")
    (film.root / "stems" / "out").symlink_to(secret)
    (film.root / "stems" / "loop.flac").symlink_to("loop.flac")
    path = PATHS[case].format(secret=secret, root=film.root).replace("\0", "\\u0000")
    (film.presets / "evil.toml").write_text('extends = "tiny"\n' + KEYS[key].format(path=path))
    before = contents(film.root.parent)
    error = refusal(lambda: rendered(film, "evil"))
    assert isinstance(error, PresetError if (case, key) == ("nothing", "a clip's stem") else StemError)
    assert contents(film.root.parent) == before


def test_the_command_line_may_name_what_a_preset_may_not(film: Project) -> None:
    outside = film.root.parent / "secret" / "voice.flac"
    assert rendered(film, stem_files={"voice_a": outside}).master.file.exists()


@pytest.mark.parametrize(
    "name", ["../secret/theirs", "/etc/passwd", "..", ".", "", "a/b", "tiny.toml", "tiny\n"]
)
def test_extends_names_a_preset_of_the_project_and_no_path(film: Project, name: str) -> None:
    (film.presets / "evil.toml").write_text(f'extends = "{name}"'.replace("\n", "\\n"))
    error = refusal(lambda: plan(film, "evil"))
    assert isinstance(error, PresetError)
    assert "unknown preset" in error.message


def test_a_preset_that_is_a_link_out_of_the_project_is_refused(film: Project) -> None:
    (film.presets / "theirs.toml").symlink_to(film.root.parent / "secret" / "theirs.toml")
    error = refusal(lambda: plan(film, "theirs"))
    assert isinstance(error, PresetError)
    assert "presets/theirs.toml is a link that leads out of the project" in error.message


def test_a_preset_file_elsewhere_renders_under_its_own_name_inside(film: Project) -> None:
    made = rendered(film, str(film.presets / ".." / ".." / "secret" / "theirs.toml"))
    assert made.master.file == film.root / "renders" / "theirs.wav"


@pytest.mark.parametrize("named", ["../outside.toml", "/etc/outside.toml", "presets/../../outside.toml"])
def test_a_batch_file_names_no_preset_outside_the_project(film: Project, named: str) -> None:
    (film.root.parent / "outside.toml").write_text('extends = "short"')
    (film.presets / "all.batch.toml").write_text(f'presets = ["{named}"]')
    error = refusal(lambda: matrices_of(film, ["all"], False))
    assert error is not None
    assert "outside the project" in error.message


def test_a_batch_file_that_is_a_link_out_is_refused_unless_the_command_names_it(film: Project) -> None:
    outside = film.root.parent / "mine.batch.toml"
    name = film.preset_names()[0]
    outside.write_text(f'presets = ["{name}"]')
    (film.presets / "all.batch.toml").symlink_to(outside)
    error = refusal(lambda: matrices_of(film, ["all"], False))
    assert error is not None
    assert "outside the project" in error.message
    assert matrices_of(film, [str(outside)], False)[0].presets == (name,)


def test_renders_that_are_a_link_out_are_refused_unless_the_command_names_them(film: Project) -> None:
    elsewhere = film.root.parent / "secret" / "renders"
    elsewhere.mkdir()
    (film.root / "renders").symlink_to(elsewhere)
    with pytest.raises(RenderError, match="leads out of the project"):
        rendered(film)
    assert contents(elsewhere) == {}
    assert rendered(film, out=film.root / "renders").master.file.exists()


def test_stems_are_not_written_through_a_link(film: Project) -> None:
    (film.root / "renders").mkdir()
    (film.root / "renders" / "tiny.stems").symlink_to(film.root.parent / "secret")
    before = contents(film.root.parent)
    with pytest.raises(RenderError, match="stems are not written through it"):
        rendered(film, stems=True)
    assert contents(film.root.parent) == before


def _wave_of_another_program(path: Path) -> None:
    soundfile.write(path, [0.1] * 4800, 48_000, format="WAV")


def _text(path: Path) -> None:
    path.write_text("precious")


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _link(path: Path) -> None:
    (path.parent / "precious").write_text("precious")
    path.symlink_to("precious")


def _dangling_link(path: Path) -> None:
    path.symlink_to("nothing")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "precious").write_text("precious")


def _report_of_another(path: Path) -> None:
    path.write_text('{"schema": "SomethingElse.1"}')


@pytest.mark.parametrize(
    "make",
    [_wave_of_another_program, _text, _nothing, _link, _dangling_link, _folder, _report_of_another],
)
@pytest.mark.parametrize("name", ["tiny.wav", "tiny.report.json", "tiny.stems/tiny_DX.wav"])
def test_what_is_no_earlier_render_is_not_replaced(film: Project, name: str, make: object) -> None:
    path = film.root / "renders" / name
    path.parent.mkdir(parents=True)
    make(path)
    before = contents(film.root)
    with pytest.raises(RenderError) as error:
        rendered(film, stems=True)
    assert "was not rendered by this program" in error.value.message
    assert "--out DIR" in error.value.hint
    assert contents(film.root) == before


def test_an_earlier_render_is_replaced_with_its_stems_and_its_report(film: Project) -> None:
    rendered(film, stems=True)
    before = contents(film.renders)
    rendered(film, stems=True)
    assert contents(film.renders) == before


@pytest.mark.parametrize("version", [1, 2])
def test_a_report_of_any_version_is_an_earlier_render(film: Project, version: int) -> None:
    film.renders.mkdir()
    (film.renders / "tiny.report.json").write_text(f'{{"schema": "LoudnessReport.{version}"}}')
    rendered(film)
    assert len((film.renders / "tiny.report.json").read_text()) > 1000


def test_a_stem_of_the_mix_is_not_written_over_even_if_it_was_rendered_here(film: Project) -> None:
    preset = 'extends = "tiny"\n[layers.new]\nkind = "clip"\nstem = "renders/again.wav"\n'
    (film.presets / "again.toml").write_text('extends = "tiny"')
    rendered(film, "again")
    (film.presets / "again.toml").write_text(preset)
    before = contents(film.root)
    with pytest.raises(RenderError, match=r"again\.wav is a stem of this mix"):
        rendered(film, "again")
    assert contents(film.root) == before


def test_a_preset_called_as_a_stem_does_not_replace_that_stem(film: Project) -> None:
    recording = film.root / "stems" / "voice_a.wav"
    _wave_of_another_program(recording)
    (film.presets / "voice_a.toml").write_text('extends = "tiny"')
    before = recording.read_bytes()
    with pytest.raises(RenderError, match=r"voice_a\.wav already exists"):
        rendered(film, "voice_a", out=film.root / "stems")
    assert recording.read_bytes() == before


CODE = [
    "__import__('os').system('touch pwned')",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "{0.__class__}",
    "%(touch)s",
    "!!python/object/apply:os.system ['touch pwned']",
]


@pytest.mark.parametrize("code", CODE)
def test_no_key_runs_code(film: Project, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(film.root)
    before = contents(film.root.parent)
    for key in ("title", "cues.black", "layers.grain.level", "voice_a.stem", "layers.x.kind", code):
        refusal(lambda text=f"{key}={code}": plan(film, "tiny", (text,)))
    assert contents(film.root.parent) == before
