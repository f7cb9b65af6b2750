"""The review in a real browser: one clock, equal loudness, blind rounds, ABX, and notes."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math

import numpy as np
import pytest
import soundfile

from audio_pipeline.jobs.review import take_of
from audio_pipeline.metering.meter import measure
from audio_pipeline.pages.review import at_gain, listening_copy, matching, names_of, review
from tests.conftest import speech_like
from tests.pages.hostile import HOSTILE, hostile_report
from tests.pages.in_browser import loaded, samples_of, until

RATE = 48_000


@pytest.fixture
def opened(review_page, open_page):
    return loaded(open_page(review_page))


ENGINE = """(async (samples, doing) => {
  const context = new OfflineAudioContext(1, samples, 48000);
  const buffers = [1, -1].map((sign) => {
    const buffer = context.createBuffer(1, samples + 96000, 48000);
    buffer.getChannelData(0).forEach((_, n, data) => (data[n] = (sign * (n + 1)) / 2 ** 20));
    return buffer;
  });
  const engine = new renderEnding.Engine(context, buffers);
  doing(engine);
  return (await context.startRendering()).getChannelData(0);
})"""
"""Two mixes that know where they are: every sample tells its own place, the sign tells the mix."""


def test_after_ten_switches_every_sample_stands_where_it_would_without(opened):
    heard = samples_of(
        opened,
        ENGINE + "(96000, (engine) => { engine.start(0.5, 0);"
        " for (let n = 1; n <= 10; n++) engine.select(n % 2, n * 0.15); })",
    )
    place = np.round(np.abs(heard.astype(float)) * 2**20).astype(int)
    steady = np.ones(len(heard), bool)
    for n in range(1, 11):
        switch = round(n * 0.15 * RATE)
        steady[switch : switch + 240] = False  # two ramps of 5 ms
        after = heard[switch + 240 : switch + 480]
        assert (after < 0).all() == (n % 2 == 1)
    assert (place == np.arange(len(heard)) + 24_000 + 1)[steady].all()


def test_a_loop_returns_to_its_first_sample_in_every_mix(opened):
    heard = samples_of(
        opened,
        ENGINE + "(48000, (engine) => { engine.loop = { start: 0.25, stop: 0.5 };"
        " engine.start(0.25, 0); engine.select(1, 0.6); })",
    )
    place = np.round(np.abs(heard.astype(float)) * 2**20).astype(int)
    expected = 12_000 + np.arange(48_000) % 12_000 + 1
    steady = np.ones(len(heard), bool)
    steady[28_800:29_040] = False
    assert (place == expected)[steady].all()


def test_no_gap_and_no_bump_while_switching_between_equal_mixes(opened):
    heard = samples_of(
        opened,
        ENGINE.replace("[1, -1]", "[1, 1]").replace("(sign * (n + 1)) / 2 ** 20", "0.5")
        + "(24000, (engine) => { engine.start(0, 0); engine.select(1, 0.2); engine.select(0, 0.3); })",
    )
    assert np.abs(heard - 0.5).max() < 1e-6


def test_what_is_heard_is_matched_within_a_fifth_of_a_loudness_unit(opened, takes):
    """Rendered by the page's own engine from its own copies, with its own gains."""
    levels = []
    for n in range(2):
        channels = [
            samples_of(
                opened,
                f"""(async () => {{
                const t = renderEnding.transport;
                const context = new OfflineAudioContext(2, 14 * 48000, 48000);
                const engine = new renderEnding.Engine(context, t.buffers);
                t.setUp(engine);
                engine.selected = {n};
                engine.start(0, 0);
                return (await context.startRendering()).getChannelData({channel});
                }})()""",
            )
            for channel in range(2)
        ]
        levels.append(measure(np.stack(channels, axis=1).astype(float), RATE).integrated_lufs)
    assert levels[0] == pytest.approx(levels[1], abs=0.2)
    unmatched = takes[1].report.dialogue_lufs - takes[0].report.dialogue_lufs
    assert unmatched == pytest.approx(6.02, abs=0.01)


def test_the_softest_stays_and_the_others_come_down_to_it(takes):
    reports = [take.report for take in takes]
    anchor, gains = matching(reports)
    assert anchor == "dialogue_lufs"
    assert gains == [0.0, pytest.approx(-6.02, abs=0.01)]
    anchor, gains = matching([reports[0], reports[1].model_copy(update={"dialogue_lufs": None})])
    assert anchor == "integrated_lufs"
    assert max(gains) == 0.0


def test_music_and_effects_keep_the_level_that_they_have_under_the_voices(takes):
    final = takes[0].report
    assert final.provenance["anchor"] == "dialogue"
    without_voices = final.model_copy(update={"dialogue_lufs": None, "integrated_lufs": -44.0})
    assert matching([final, without_voices]) == ("dialogue_lufs", [pytest.approx(0.0, abs=0.01)] * 2)


def test_the_gain_is_shown_and_one_key_takes_it_away_and_back(opened):
    def shown():
        return opened.eval_on_selector_all("[data-gain]", "all => all.map(e => e.textContent)")

    assert shown() == ["0.0 dB", "−6.0 dB"]
    opened.keyboard.press("m")
    assert shown() == ["0.0 dB", "0.0 dB"]
    opened.keyboard.press("m")
    assert shown() == ["0.0 dB", "−6.0 dB"]


def test_digits_switch_while_it_plays_and_the_place_goes_on(opened):
    opened.keyboard.press("Shift+ArrowRight")
    opened.keyboard.press("Space")
    until(opened, "renderEnding.transport.playing")
    for n in range(10):
        opened.keyboard.press("21"[n % 2])
        assert opened.evaluate("renderEnding.transport.engine.selected") == (n + 1) % 2
    lag = opened.evaluate(
        "(() => { const { engine, context } = renderEnding.transport; const now = context.currentTime;"
        " return engine.position(now) - (engine.from.position + now - engine.from.time); })()"
    )
    assert lag == pytest.approx(0.0, abs=1e-9)
    assert opened.locator("[data-mix][aria-pressed=true]").first.inner_text().split() == ["1", "short"]
    opened.keyboard.press("Space")


def test_a_section_loops(opened, takes):
    section = takes[0].report.sections[1]
    opened.click(f"#loops button:text-is('{section.name}')")
    opened.click("#play")
    until(opened, "renderEnding.transport.at > 0.6")
    loop = opened.evaluate("renderEnding.transport.engine.loop")
    assert loop == {"start": section.start_s, "stop": section.stop_s}
    until(opened, f"renderEnding.transport.at < {section.start_s + 0.1}")
    opened.keyboard.press("l")
    assert opened.evaluate("renderEnding.transport.engine.loop") is None
    opened.keyboard.press("Space")


def test_differences_are_told_at_matched_level(opened):
    told = opened.inner_text("#differences")
    assert "loud, from short" in told
    assert "master.dialogue" in told
    assert "as loud as" in told  # nothing is left of the 6 dB
    assert "Integrated loudness" not in told
    assert "Duration, s" in told


def test_a_blind_round_hides_what_tells_and_keeps_its_key(opened):
    opened.fill("[aria-label='Note on loud']", "the loud one")
    opened.click("#blind")
    whole = opened.inner_text("main") + opened.inner_text(".player")
    assert "the loud one" not in opened.eval_on_selector_all("textarea", "all => all.map(e => e.value)")
    for word in ("loud", "−6.0 dB", "LUFS"):
        assert word not in whole.replace("loudness", "").replace("louder", "")
    assert opened.evaluate("renderEnding.charts.charts[0].series.slice(1).every((s) => !s.show)")
    opened.fill("[aria-label='Note on B']", "this one")
    opened.click("[aria-label='Star for B']")
    key = opened.evaluate("renderEnding.notes.round.key")
    assert sorted(key.values()) == ["loud", "short"]
    opened.reload()
    loaded(opened)
    assert opened.evaluate("renderEnding.notes.round.key") == key
    assert opened.input_value("[aria-label='Note on B']") == "this one"
    opened.click("#reveal")
    assert f"B was {key['B']}" in opened.inner_text("#blind-state")
    assert opened.input_value("[aria-label='Note on loud']") == "the loud one"


def test_letters_are_shuffled_fairly(opened):
    counts = opened.evaluate(
        "(() => { const counts = {}; for (let n = 0; n < 6000; n++) {"
        " const o = renderEnding.shuffled([0, 1, 2]).join(''); counts[o] = (counts[o] ?? 0) + 1; }"
        " return counts; })()"
    )
    assert len(counts) == 6
    # χ² with 5 degrees of freedom passes 30 once in 80 000
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 30


def test_abx_p_is_the_binomial_tail(opened):
    for n, right in ((1, 1), (8, 7), (16, 12), (10, 0), (2000, 1100)):
        exact = sum(math.comb(n, k) for k in range(right, n + 1)) / 2**n
        assert opened.evaluate(f"renderEnding.guessing({n}, {right})") == pytest.approx(exact, rel=1e-6)


def test_abx_plays_what_it_says_and_counts_the_right_answers(opened):
    opened.click("#play")
    until(opened, "renderEnding.transport.playing")
    opened.click("#abx-start")
    for _ in range(8):
        x = opened.evaluate("renderEnding.abx().x")
        assert opened.evaluate("renderEnding.selected()") == x
        assert opened.locator("[data-mix][aria-pressed=true]").count() == 0
        opened.keyboard.press("a")
        assert opened.evaluate("renderEnding.selected()") == 0
        opened.keyboard.press("b")
        assert opened.evaluate("renderEnding.selected()") == 1
        opened.click("#abx-is-a" if x == 0 else "#abx-is-b")
    opened.click("#abx-finish")
    assert opened.inner_text("#abx-state") == "8 of 8 right, p = 0.004. You hear a difference."


def test_abx_takes_an_answer_only_after_a_b_and_x_were_played(opened):
    def answers():
        return [opened.is_enabled(f"#abx-is-{which}") for which in "ab"]

    opened.click("#abx-start")
    for key in "abx":
        opened.keyboard.press(key)  # selected, but nothing plays
    assert answers() == [False, False]
    assert opened.inner_text("#abx-state") == "Trial 1. Play A, B and X, then answer."
    assert opened.evaluate("renderEnding.abx().answer(0)") is False
    opened.click("#play")
    until(opened, "renderEnding.abx().played.has('x')")  # it was selected when it began to play
    opened.click("[data-abx=a]")
    assert answers() == [False, False]
    assert opened.inner_text("#abx-state") == "Trial 1. Play B, then answer."
    opened.keyboard.press("b")
    assert answers() == [True, True]
    opened.click("#abx-is-b")
    assert opened.evaluate("renderEnding.abx().trials.length") == 1
    assert answers() == [False, False]  # drawn again for every trial
    assert opened.inner_text("#abx-state") == "Trial 2. Play A and B, then answer."
    opened.click("#abx-finish")
    assert "1 right" in opened.inner_text("#abx-state")


def exported_csv(opened):
    with opened.expect_download() as download:
        opened.click("#export-csv")
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))


def test_abx_results_are_in_the_csv(opened):
    opened.click("#play")
    until(opened, "renderEnding.transport.playing")
    for trials in (1, 2):
        opened.click("#abx-start")
        for _ in range(trials):
            opened.keyboard.press("a")
            opened.keyboard.press("b")
            opened.click("#abx-is-a" if opened.evaluate("renderEnding.abx().x") == 0 else "#abx-is-b")
        opened.click("#abx-finish")
    tests = [row for row in exported_csv(opened) if row["round"].startswith("ABX")]
    told = [tuple(row[k] for k in ("mix", "against", "round", "trials", "right", "p")) for row in tests]
    assert told == [
        ("short", "loud", "ABX 1", "1", "1", "0.5"),
        ("short", "loud", "ABX 2", "2", "2", "0.25"),
    ]


@pytest.mark.parametrize("channels", [1, 6])
def test_a_file_that_is_not_stereo_is_matched_at_the_level_at_which_it_plays(
    channels, tmp_path, open_page
):
    speech = np.stack([speech_like(seed, 4.0) for seed in range(6)], axis=1)
    takes = []
    for name, samples in (("stereo", speech[:, :2]), ("other", speech[:, :channels])):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="PCM_24")
        takes.append(take_of(tmp_path / f"{name}.wav"))
    file = tmp_path / "review.html"
    file.write_text(review(takes, [listening_copy(take) for take in takes]), encoding="utf-8")
    opened = loaded(open_page(file))
    levels = []
    for n in range(2):
        stereo = [
            samples_of(opened, f"renderEnding.transport.buffers[{n}].getChannelData({side})")
            for side in range(2)
        ]
        played = measure(np.stack(stereo, axis=1).astype(float), RATE).integrated_lufs
        levels.append(
            played
            + opened.evaluate(
                f"JSON.parse(document.getElementById('review').textContent).mixes[{n}].gain_db"
            )
        )
    assert levels[0] == pytest.approx(levels[1], abs=0.1)
    if channels == 1:
        assert takes[1].plays_lu == pytest.approx(3.01, abs=0.01)
        assert "Integrated loudness" not in opened.inner_text("#differences")


def test_a_copy_that_plays_louder_moves_loudness_and_no_peak(takes):
    report = takes[0].report
    heard = at_gain(report, -1.0, 3.0)
    for name, moved in (
        ("integrated_lufs", 2.0),
        ("max_short_term_lufs", 2.0),
        ("true_peak_dbtp", -1.0),
    ):
        assert getattr(heard, name) - getattr(report, name) == pytest.approx(moved)
    changes = zip(heard.curves.momentary_lufs, report.curves.momentary_lufs, strict=True)
    assert {round(a - b, 6) for a, b in changes if b is not None} == {2.0}


def test_stars_and_notes_stay_and_are_exported(opened):
    opened.click("[aria-label='Star for loud']")
    opened.fill("[aria-label='Note on loud']", '=SUM(1,2) "quoted"\nsecond line 🎬')
    opened.reload()
    loaded(opened)
    assert opened.get_attribute("[aria-label='Star for loud']", "aria-pressed") == "true"
    opened.click("#blind")
    opened.click("#reveal")
    with opened.expect_download() as download:
        opened.click("#export-json")
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert exported["schema"] == "ReviewNotes.1"
    by_name = {mix["name"]: mix for mix in exported["mixes"]}
    assert by_name["loud"]["star"] is True
    assert by_name["loud"]["gain_db"] == pytest.approx(-6.02, abs=0.01)
    assert sorted(exported["blind"][0]["key"].values()) == ["loud", "short"]
    rows = exported_csv(opened)
    loud = next(row for row in rows if row["mix"] == "loud" and row["round"] == "open")
    assert loud["note"] == '\'=SUM(1,2) "quoted"\nsecond line 🎬'
    assert {row["letter"] for row in rows if row["round"] == "blind 1"} == {"A", "B"}


def test_hostile_names_are_shown_as_text(takes, review_page, open_page, tmp_path):
    wild = [
        dataclasses.replace(
            take, report=hostile_report(takes[0].report).model_copy(update={"mix": name})
        )
        for take, name in zip(takes, HOSTILE[:2], strict=True)
    ]
    copy = listening_copy(takes[0])
    file = tmp_path / "wild.html"
    file.write_text(review(wild, [copy, copy]), encoding="utf-8")
    opened = loaded(open_page(file))
    shown = opened.eval_on_selector_all(".mix", "all => all.map(e => e.textContent.slice(2))")
    assert shown == list(HOSTILE[:2])
    assert opened.locator("img, [onerror]").count() == 0


def test_equal_names_are_told_apart_by_their_folders(takes):
    twins = [dataclasses.replace(take, report=takes[0].report) for take in takes]
    assert len(set(names_of(twins))) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_and_a_phone_no_sideways_scrolling(review_page, open_page, scheme):
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra

    opened = loaded(open_page(review_page, color_scheme=scheme, viewport={"width": 360, "height": 740}))
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(opened).response["violations"] == []
    opened.click("#abx-start")
    opened.click("#blind")
    assert Axe().run(opened).response["violations"] == []


def test_ten_mixes_of_a_minute_weigh_less_than_30_mb(takes, review_page):
    seconds = sum(take.report.duration_s for take in takes)
    assert review_page.stat().st_size / seconds * 600 < 30e6
