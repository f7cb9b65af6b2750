import numpy as np
import pytest
import soundfile

from audio_pipeline.reporting.facts import MixFacts, Section
from audio_pipeline.reporting.fold_check import HOLE_DB, FoldCheck, fold_warning
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.timeline.spans import Span

RATE = 48_000
CALM, OUT_OF_PHASE = Section("calm", Span(0, 2 * RATE)), Section("hole", Span(2 * RATE, 4 * RATE))


def programme() -> np.ndarray:
    """Two seconds of unlike channels, two of channels that cancel, two of silence."""
    x = 0.05 * np.random.default_rng(1).standard_normal((6 * RATE, 2))
    x[2 * RATE :, 1] = -x[2 * RATE :, 0]
    x[4 * RATE :] = 0.0
    return x


def check(x: np.ndarray, sections: list[Section], block: int = 30_000) -> list[dict]:
    folding = FoldCheck(sections, RATE)
    for start in range(0, len(x), block):
        folding.feed(x[start : start + block])
    return folding.result()


def test_every_section_is_folded_by_itself_and_silence_is_not_judged() -> None:
    silent = Section("silence", Span(4 * RATE, 6 * RATE))
    calm, hole = check(programme(), [CALM, OUT_OF_PHASE, silent])
    assert calm["section"] == "calm"
    assert calm["deepest_db"] > -3.0
    assert hole["section"] == "hole"
    assert hole["deepest_db"] == pytest.approx(-60.0)


def test_a_section_does_not_depend_on_the_blocks_of_the_file() -> None:
    sections, x = [CALM, OUT_OF_PHASE], programme()
    assert check(x, sections, 999) == check(x, sections, 10**6)


def test_the_warning_names_the_sections_with_holes_and_no_other() -> None:
    warning = fold_warning(check(programme(), [CALM, OUT_OF_PHASE]))
    assert warning is not None
    assert "hole (-60.0 dB" in warning
    assert "calm" not in warning
    assert fold_warning(check(programme(), [CALM])) is None


@pytest.mark.parametrize(("deepest", "warned"), [(-HOLE_DB - 0.1, True), (-HOLE_DB + 0.1, False)])
def test_a_hole_is_a_third_octave_that_loses_more_than_6_db(deepest: float, warned: bool) -> None:
    fold = {"section": "black", "deepest_db": deepest, "at_hz": 800.0}
    assert (fold_warning([fold]) is not None) == warned


def test_the_report_of_a_stereo_file_has_the_folds_and_the_warning(tmp_path) -> None:
    path = tmp_path / "mix.wav"
    soundfile.write(path, programme()[: 4 * RATE], RATE, subtype="PCM_24")
    report = report_of_file(path, MixFacts("mix", (CALM, OUT_OF_PHASE)), "mix.wav")
    assert [fold["section"] for fold in report["provenance"]["mono_fold"]] == ["calm", "hole"]
    assert any("Folded to mono" in warning for warning in report["warnings"])


def test_a_mono_file_is_not_folded(tmp_path) -> None:
    path = tmp_path / "mix.wav"
    soundfile.write(path, programme()[: 4 * RATE, 0], RATE, subtype="PCM_24")
    report = report_of_file(path, MixFacts("mix"), "mix.wav")
    assert report["provenance"]["mono_fold"] is None
    assert not any("Folded" in warning for warning in report["warnings"])
