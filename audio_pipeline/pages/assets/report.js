// The page of one render.

const report = dataOf("report");
const media = dataOf("media");
const step = report.curves.step_s;
const times = report.curves.level_dbfs.map((_, n) => (n + 1) * step);
const cues = report.sections.map((section) => ({ name: section.name, at: section.start_s }));
const charts = new TimeCharts(report.duration_s, cues);

const loudest = Math.max(report.max_momentary_lufs ?? -30, -30);
charts.add(
  "loudness",
  280,
  [
    times,
    drawn(report.curves.level_dbfs, step, 0),
    drawn(report.curves.momentary_lufs, step, 0.4),
    drawn(report.curves.short_term_lufs, step, 3),
  ],
  [line("--faint", 1), line("--one", 1.25, { hover: true }), line("--two", 2.25, { hover: true })],
  levelScale("LUFS, dBFS", SOFTEST, Math.ceil((loudest + 4) / 10) * 10),
  { labels: true },
);
charts.add("balance", 90, [times, media.balance.slice(0, times.length)], [line("--ink", 1)], balanceScale);

const image = new Image();
image.addEventListener("load", () => {
  const { lowest_hz, highest_hz } = media.spectrogram;
  charts.add(
    "spectrogram",
    240,
    [times, times.map(() => null)],
    [line("--ink")],
    frequencyScale(lowest_hz, highest_hz),
    { last: true, underlay: imageUnderlay(image, report.duration_s) },
  );
  charts.moveTo(transport.at);
});
image.src = media.spectrogram.png;

if (media.close_up) drawCloseUp(media.close_up, report);

const transport = new Transport({
  clock: new PictureClock(report.provenance.picture_rate, report.provenance.picture_start),
  sections: report.sections,
  duration: report.duration_s,
  charts,
  loaded: afterFirstPaint().then(() => decode(bytesOf("audio-0"))).then((buffer) => [buffer]),
  readout: (seconds) => valuesAt(seconds),
});
charts.bindZoomButtons();

function valuesAt(seconds) {
  const n = Math.min(Math.max(Math.ceil(seconds / step - 1e-6) - 1, 0), times.length - 1);
  const figure = (points, unit) => {
    const value = points[n];
    return value === null || value === undefined ? `– ${unit}` : `${value.toFixed(1).replace("-", "−")} ${unit}`;
  };
  const balance = media.balance[n];
  const side = balance === null || balance === undefined ? "–" : Math.abs(balance) < 0.05 ? "C" : `${balance < 0 ? "L" : "R"}${Math.round(Math.abs(balance) * 100)}`;
  return [
    clockTime(seconds),
    `momentary ${figure(report.curves.momentary_lufs, "LUFS")}`,
    `short-term ${figure(report.curves.short_term_lufs, "LUFS")}`,
    `level ${figure(report.curves.level_dbfs, "dBFS")}`,
    `balance ${side}`,
  ].join("  ·  ");
}

function drawCloseUp(close, { dropout }) {
  const x = close.level_dbfs.map((_, n) => close.start_s + (n + 0.5) * close.step_s);
  const marks = [{ name: "dropout", at: dropout.at_s }];
  if (dropout.fall_s !== null) marks.push({ name: "fallen", at: dropout.at_s + dropout.fall_s });
  if (dropout.silence_at_s !== null) marks.push({ name: "silence", at: dropout.silence_at_s });
  const near = new TimeCharts(x[x.length - 1], marks);
  near.shown = [close.start_s, x[x.length - 1]];
  near.add(
    "close-up",
    260,
    [x, close.level_dbfs.map((v) => v ?? SOFTEST), levelLine(x, -Infinity, dropout.at_s, dropout.level_before_dbfs), levelLine(x, dropout.at_s, dropout.silence_at_s ?? Infinity, dropout.floor_dbfs)],
    [line("--one", 1), line("--two", 2, { dash: [6, 4] }), line("--two", 2, { dash: [6, 4] })],
    levelScale("dBFS, 2 ms", SOFTEST, -20),
    { labels: true, last: true },
  );
  near.onSeek = (seconds) => transport.seek(seconds);
  near.onHover = (seconds) => {
    transport.hovered = seconds;
    transport.show();
  };
}

function levelLine(x, from, to, level) {
  return x.map((t) => (t >= from && t <= to ? level : null));
}

window.renderEnding = { transport, charts, Engine, PictureClock, decode, bytesOf };
