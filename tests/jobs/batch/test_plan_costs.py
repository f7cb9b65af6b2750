"""Planning costs what is new in each mix, and has a bound that is told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.batch import foresee, shared_parts, shared_values
from audio_pipeline.jobs.batch import plan as planning
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.preset import explain, headers, model, timing
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.document import load_document, with_value
from audio_pipeline.preset.explain import differences
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule
from tests.hostile.law import refusal


def _many(project: Project, layers: int, base: str = "tiny") -> None:
    sounds = "".join(
        f'[layers.g{n}]\nkind = "grain"\nlevel = "-{60 + n % 9} dBFS"\n' for n in range(layers)
    )
    (project.presets / "many.toml").write_text(f'extends = "{base}"\n{sounds}')


def _planned(project: Project, *vary: str) -> list[Mix]:
    axes = parse_vary(vary)
    return plan(
        project, [m.varying(axes) for m in matrices_of(project, ["many"], False)], project.renders
    )


def _levels(count: int) -> str:
    return "grain.level=" + ",".join(f"-{50 + n / 100:.2f} dBFS" for n in range(count))


def _counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[None]:
    calls: list[None] = []
    function: Callable[..., Any] = getattr(module, name)

    def counting(*arguments: Any) -> Any:
        calls.append(None)
        return function(*arguments)

    monkeypatch.setattr(module, name, counting)
    return calls


@pytest.mark.parametrize(("module", "name"), [(model, "_checked"), (shared_parts, "exact")])
def test_a_further_mix_costs_only_what_is_new_in_it(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    _many(tiny, 60)
    calls = _counted(monkeypatch, module, name)
    costs = []
    for count in (10, 20):
        calls.clear()
        assert len(_planned(tiny, _levels(count))) == count
        costs.append(len(calls))
    assert costs[1] - costs[0] <= 10 * 5, "not 60 sounds for each of 10 more mixes"


LANGUAGES = """
[stems.en]
voice_a = "stems/voice_a.flac"
[stems.de]
voice_a = "stems/voice_b.flac"
set = { "voice_a.pan" = "R5" }
"""


def _axis(count: int) -> str:
    return '[vary]\n"grain.level" = [' + ", ".join(f'"-{50 + n}.5 dBFS"' for n in range(count)) + "]\n"


def _in_languages(count: int) -> str:
    return 'presets = ["many"]\n' + _axis(count) + LANGUAGES


def _with_a_reference(count: int) -> str:
    return 'presets = ["many"]\nreference = "en"\n' + _axis(count) + LANGUAGES


def _with_music_and_effects(count: int) -> str:
    return 'presets = ["many", "me"]\nreference = "en"\n' + _axis(count) + LANGUAGES


def _one_by_one(count: int) -> str:
    mix = '[[mix]]\npreset = "many"\nname = "m{0}"\nset = {{ "grain.level" = "-{0}.5 dBFS" }}\n'
    return "".join(mix.format(50 + n) for n in range(count))


COSTLY = (
    (model, "_checked"),
    (shared_parts, "exact"),
    (shared_values, "fields_of"),
    (headers, "stated_samples"),
    (foresee, "load_delivery"),
    (timing, "_check_parameters"),
)


@pytest.mark.parametrize(
    "text", [_in_languages, _with_a_reference, _with_music_and_effects, _one_by_one]
)
def test_a_further_mix_of_a_batch_file_costs_only_what_is_new_in_it(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, text: Callable[[int], str]
) -> None:
    _many(tiny, 60, "voiced")
    (tiny.presets / "me.toml").write_text(
        'extends = "many"\n[master]\nanchor = "programme"\nbuses = ["FX", "BG"]\n'
    )
    calls = [_counted(monkeypatch, module, name) for module, name in COSTLY]
    costs = []
    for count in (5, 10):
        for counted in calls:
            counted.clear()
        (tiny.presets / "all.batch.toml").write_text(text(count))
        mixes = plan(tiny, matrices_of(tiny, ["all"], False), tiny.renders)
        assert all(mix.failure is None for mix in mixes)
        costs.append([len(counted) for counted in calls])
    for (_, name), before, after in zip(COSTLY, *costs, strict=True):
        assert after - before <= 5 * 30, f"{name}: not 60 sounds for each of 5 to 20 more mixes"


def test_what_stands_in_the_names_is_not_looked_for_among_all_values(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many(tiny, 60)
    calls = _counted(monkeypatch, explain, "fields_of")
    matrices = [replace(m, sets={"dropout.fade": "80ms"}) for m in matrices_of(tiny, ["many"], False)]
    axes = parse_vary([_levels(10)])
    mixes = plan(tiny, [m.varying(axes) for m in matrices], tiny.renders)
    assert all(mix.name.endswith("_dropout.fade-80ms") for mix in mixes)
    assert len(calls) <= 10 * 5


def test_presets_of_one_base_check_it_once(tiny: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _many(tiny, 60)
    for n in range(10):
        (tiny.presets / f"p{n}.toml").write_text(f'extends = "many"\nseed = {n}\n')
    calls = _counted(monkeypatch, model, "_checked")
    assert len(plan(tiny, matrices_of(tiny, ["p*"], False), tiny.renders)) == 10
    assert len(calls) <= 60 + 10 * 10


def test_too_many_mixes_one_by_one_are_refused_before_any_is_planned(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many(tiny, 190)
    (tiny.presets / "all.batch.toml").write_text(_one_by_one(2000))
    monkeypatch.setattr(planning, "_mix", lambda *_: pytest.fail("a mix was planned"))
    with pytest.raises(PresetError, match="sounds together; a batch has at most 300 000"):
        plan(tiny, matrices_of(tiny, ["all"], False), tiny.renders)


def test_what_is_shared_is_what_each_mix_would_have_by_itself(tiny: Project) -> None:
    _many(tiny, 5)
    document = load_document(tiny, "many")
    vary = ("dropout.fade=80ms,250ms", "grain.level=-50 dBFS,-51 dBFS", "cues.black=300ms,500ms")
    mixes = _planned(tiny, *vary)
    assert len(mixes) == 8
    assert len({mix.family for mix in mixes}) == 2
    assert len({mix.sounds for mix in mixes}) == 4
    for mix in mixes:
        assert mix.preset is not None
        alone = document
        for key in ("dropout.fade", "grain.level", "cues.black"):
            value = next(v for k, v in mix.overrides.items() if k.endswith(key))
            alone = with_value(alone, key, value, "--vary")
        preset = build_preset(alone)
        assert (preset.layers, preset.effects, preset.cues) == (
            mix.preset.layers,
            mix.preset.effects,
            mix.preset.cues,
        )
        assert mix.length_s == float(planned_schedule(tiny, preset, {}).named("end"))
        assert document.base is not None
        changed = differences(preset, build_preset(document.base))
        wanted = {key: here for key, (_, here) in changed.items() if here is not None}
        assert {key: mix.overrides[key] for key in wanted} == wanted
        assert preset.document.origin(("layers", "grain", "level")) == "--vary"


def test_a_mistake_in_one_mix_is_found_though_its_other_parts_were_checked(tiny: Project) -> None:
    _many(tiny, 5)
    with pytest.raises(PresetError, match="'nowhere' is unknown"):
        _planned(tiny, "grain.until=silence,nowhere")
    with pytest.raises(PresetError, match="after the cue 'end'"):
        _planned(tiny, "cues.silence=1.5s,9s")


def test_ten_thousand_mixes_of_two_hundred_layers_are_refused_at_once(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many(tiny, 190)
    monkeypatch.setattr(planning, "_mix", lambda *_: pytest.fail("a mix was planned"))
    error = refusal(lambda: _planned(tiny, _levels(100), f"seed={','.join(map(str, range(1, 101)))}"))
    assert error is not None
    assert "sounds together; a batch has at most 300 000" in error.message


def test_the_bound_counts_all_presets_of_a_batch(tiny: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    _many(tiny, 3)  # with those of tiny: 6
    monkeypatch.setattr(planning, "MOST_SOUNDS", 12)
    assert len(_planned(tiny, _levels(2))) == 2
    with pytest.raises(PresetError, match="would have at least 18 sounds together"):
        _planned(tiny, _levels(3))
