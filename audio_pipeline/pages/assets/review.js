// The review of several mixes: switching, matching, looping, blind rounds and ABX.

const review = dataOf("review");
const { mixes } = review;
const duration = Math.max(...mixes.map((mix) => mix.duration_s));
const notes = new Notes(review.id, mixes.map((mix) => mix.name), review.notes);
const pictureClock = new PictureClock(...mixes[0].picture);
const markers = new NoteMarkers(review.title, pictureClock);
const byId = (id) => document.getElementById(id);

let selected = 0;
let matched = true;
let looped = null; // { start, stop }
let test = null; // the current ABX test
let order = mixes.map((_, n) => n); // the mixes in their order on the page

const decibels = (db) => `${db < 0 ? "−" : db > 0 ? "+" : ""}${Math.abs(db).toFixed(1)} dB`;
const blind = () => notes.round !== undefined;
const gainOf = (n) => (matched || test || blind() ? mixes[n].gain_db : 0);
const shownName = (n) => (blind() ? letter(order.indexOf(n)) : mixes[n].name);
// the loudness of a stereo copy may differ from that of its file
const heardGainOf = (n) => gainOf(n) + mixes[n].plays_lu;
// section data that does not identify the mix to a blind listener
const sectionsNow = () => mixes[blind() || test ? 0 : selected].sections;

const styles = ["solid", "dashed", "dotted", "dashed"];
const dashes = [[], [8, 4], [2, 3], [8, 3, 2, 3]];
const dashOf = (n) => (Math.floor(n / 6) + n) % dashes.length;
const palette = ["--mix-1", "--mix-2", "--mix-3", "--mix-4", "--mix-5", "--mix-6"];

const charts = new TimeCharts(duration, []);
const step = Math.min(...mixes.map((mix) => mix.curves.step_s));
const times = Array.from({ length: Math.round(duration / step) }, (_, n) => (n + 1) * step);
const lines = () => mixes.map((_, n) => line(palette[n % palette.length], 1.25, { dash: dashes[dashOf(n)] }));
const chart = charts.add("curves", 280, [times, ...curves()], lines(), levelScale("LUFS, 3 s", -80, -10), {
  labels: true,
});
const farthest = Math.min(20, Math.max(2, ...apart().flat().map(Math.abs)));
const apartChart = charts.add("apart", 130, [times, ...apart()], lines(), levelScale("LU apart", -farthest, farthest), {
  last: true,
});

const transport = new Transport({
  clock: pictureClock,
  sections: sectionsNow(),
  duration,
  charts,
  loaded: afterFirstPaint().then(loadAll),
  readout,
});
transport.setUp = (engine) => {
  engine.selected = selected;
  engine.levels = levels();
  engine.loop = looped;
};
transport.onPlaying = markPlayed;

async function loadAll() {
  const buffers = [];
  for (const n of mixes.keys()) {
    transport.say(`Loading mix ${n + 1} of ${mixes.length} …`);
    buffers.push(await decode(bytesOf(`audio-${n}`)));
  }
  return buffers;
}

function levels() {
  return mixes.map((_, n) => 10 ** (gainOf(n) / 20));
}

function curves() {
  return mixes.map((mix, n) =>
    drawn(mix.curves.short_term_lufs, mix.curves.step_s, 3).map((v) => (v === null ? null : Math.max(v + heardGainOf(n), -80))),
  );
}

// Momentary loudness minus that of the first mix; levels below the gate count as the gate.
function apart() {
  const heard = mixes.map((mix, n) => mix.curves.momentary_lufs.map((v) => (v === null ? -70 : Math.max(v + heardGainOf(n), -70))));
  return heard.map((own) => times.map((_, k) => (own[k] ?? -70) - (heard[0][k] ?? -70)));
}

function readout(seconds) {
  const text = [clockTime(seconds)];
  if (!blind() && !test) {
    const { curves: own } = mixes[selected];
    const n = Math.max(Math.ceil(seconds / own.step_s - 1e-6) - 1, 0);
    const value = own.momentary_lufs[n] ?? null;
    text.push(`momentary ${value === null ? "–" : (value + heardGainOf(selected)).toFixed(1).replace("-", "−")} LUFS`);
  }
  if (!blind() && !test) text.push(`gain ${decibels(gainOf(selected))}`);
  return text.join("  ·  ");
}

// Selecting

function select(n) {
  selected = n;
  transport.engine?.select(n);
  refresh();
}

function toggleMatching() {
  if (test || blind()) return; // a level difference would identify a mix and bias the listener
  matched = !matched;
  applyLevels();
}

function applyLevels() {
  transport.engine?.setLevels(levels());
  chart.setData([times, ...curves()], false);
  apartChart.setData([times, ...apart()], false);
  refresh();
}

// Looping

function setLoop(section) {
  const same = looped && section && looped.start === section.start_s && looped.stop === section.stop_s;
  looped = section && !same ? { start: section.start_s, stop: section.stop_s } : null;
  if (transport.engine) transport.engine.setLoop(looped);
  if (looped && (transport.at < looped.start || transport.at >= looped.stop)) transport.seek(looped.start);
  refresh();
}

// Blind rounds

function startBlind() {
  endAbx();
  order = shuffled(mixes.keys());
  notes.startRound(order);
  selected = order[0];
  transport.engine?.select(selected);
  applyLevels();
  listMixes();
  document.querySelector(".mix").focus();
}

function reveal() {
  notes.endRound();
  const { key } = notes.state.rounds.at(-1);
  order = mixes.map((_, n) => n);
  applyLevels();
  listMixes();
  byId("blind").focus();
  byId("blind-state").textContent = `The key: ${Object.entries(key).map(([sign, name]) => `${sign} was ${name}`).join(", ")}.`;
}

// ABX

function startAbx() {
  const [a, b] = ["abx-a", "abx-b"].map((id) => Number(byId(id).value));
  if (a === b) {
    byId("abx-state").textContent = "Choose two mixes.";
    return;
  }
  test = new AbxTest(a, b);
  applyLevels();
  hear("x");
}

function hear(which) {
  test.heard = which;
  if (transport.playing) test.play(which);
  select(test[which]);
}

// A mix selected during playback counts as played.
function markPlayed() {
  if (test?.play(test.heard)) refresh();
}

function answer(mix) {
  if (test.answer(mix)) hear("x");
}

function trialState() {
  const missing = test.unplayed.map((which) => which.toUpperCase());
  const wanted = missing.length ? `Play ${missing.join(", ").replace(/, (.)$/, " and $1")}, then answer.` : "Which one is X?";
  return `Trial ${test.trials.length + 1}. ${wanted}`;
}

function endAbx() {
  if (!test) return;
  const done = test;
  test = null;
  if (done.trials.length) notes.addAbx(mixes[done.a].name, mixes[done.b].name, done);
  applyLevels();
  byId("abx-state").textContent = done.verdict();
}

// The page

function refresh() {
  const hidden = blind() || test !== null;
  document.body.classList.toggle("blind", hidden);
  document.body.classList.toggle("round", blind());
  byId("matching").setAttribute("aria-pressed", String(matched || hidden));
  byId("matching").disabled = hidden;
  byId("blind").hidden = blind();
  byId("shuffle").hidden = byId("reveal").hidden = !blind();
  byId("abx-trial").hidden = !test;
  byId("abx-start").hidden = test !== null;
  if (blind()) byId("blind-state").textContent = "The letters were shuffled; names, figures and curves are hidden.";
  if (test) byId("abx-state").textContent = trialState();
  byId("abx-is-a").disabled = byId("abx-is-b").disabled = !test || test.unplayed.length > 0;
  for (const button of document.querySelectorAll("[data-abx]")) {
    button.setAttribute("aria-pressed", String(test !== null && button.dataset.abx === test.heard));
  }
  for (const button of document.querySelectorAll("[data-mix]")) {
    button.setAttribute("aria-pressed", String(!test && Number(button.dataset.mix) === selected));
    button.disabled = test !== null;
  }
  for (const gain of document.querySelectorAll("[data-gain]")) gain.textContent = decibels(gainOf(Number(gain.dataset.gain)));
  mixes.forEach((_, n) => {
    for (const { series } of charts.charts) {
      series[n + 1].width = n === selected ? 2.75 : 1.25;
      series[n + 1].show = !hidden;
    }
  });
  charts.cues = sectionsNow().map(({ name, start_s }) => ({ name, at: start_s }));
  transport.sections = sectionsNow();
  for (const each of charts.charts) each.redraw(true);
  listLoops();
  transport.show();
}

function make(tag, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

function listMixes() {
  byId("mixes").replaceChildren(...order.map((n, place) => mixRow(n, place)));
  byId("switch").replaceChildren(
    ...order.map((n, place) => {
      const button = make("button", { type: "button", textContent: blind() ? letter(place) : String(place + 1), dataset: { mix: n } });
      button.setAttribute("aria-label", shownName(n));
      button.addEventListener("click", () => select(n));
      return button;
    }),
  );
  refresh();
}

function mixRow(n, nth) {
  const mix = mixes[n];
  const said = notes.of(mix.name);
  const key = nth < 10 ? String((nth + 1) % 10) : "";
  const button = make("button", { type: "button", className: "mix", dataset: { mix: n } }, make("kbd", { textContent: key }), " ", shownName(n));
  button.addEventListener("click", () => select(n));
  const star = make("button", { type: "button", className: "star", textContent: said.star ? "★" : "☆" });
  star.setAttribute("aria-label", `Star for ${shownName(n)}`);
  star.setAttribute("aria-pressed", String(said.star));
  star.addEventListener("click", () => {
    said.star = !said.star;
    star.textContent = said.star ? "★" : "☆";
    star.setAttribute("aria-pressed", String(said.star));
    notes.save();
  });
  const note = make("textarea", { rows: 1, value: said.note, placeholder: "A note" });
  note.setAttribute("aria-label", `Note on ${shownName(n)}`);
  const place = make("span", { className: "note-at" });
  const showPlace = () => (place.textContent = said.note && said.at_s !== undefined ? `at ${pictureClock.at(said.at_s)}` : "");
  note.addEventListener("input", () => {
    if (!said.note) said.at_s = transport.at; // the playhead's position when the note is begun
    said.note = note.value;
    showPlace();
    notes.save();
  });
  showPlace();
  const row = make("li", {}, button, star, note, place);
  if (!blind()) {
    const figures = [["gain", null], ...mix.figures].map(([label, value]) =>
      make("span", {}, `${label} `, make("b", value === null ? { dataset: { gain: n } } : { textContent: value })),
    );
    const swatch = make("span", { className: `key-line mix-${(n % palette.length) + 1} ${styles[dashOf(n)]}` });
    figures.unshift(swatch);
    row.append(make("p", { className: "about secret", textContent: mix.description }), make("p", { className: "figures secret" }, ...figures));
  }
  return row;
}

function listLoops() {
  const shown = JSON.stringify([sectionsNow(), looped]);
  if (byId("loops").dataset.shown === shown) return;
  byId("loops").dataset.shown = shown;
  byId("loops").replaceChildren(
    ...sectionsNow().map((section) => {
      const button = make("button", { type: "button", textContent: section.name });
      const here = looped !== null && looped.start === section.start_s && looped.stop === section.stop_s;
      button.setAttribute("aria-pressed", String(here));
      button.addEventListener("click", () => setLoop(section));
      return make("li", {}, button);
    }),
  );
}

function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (/^[0-9]$/.test(event.key) && !test) {
    const n = order[(Number(event.key) + 9) % 10];
    if (n !== undefined) select(n);
    return;
  }
  const key = event.key.toLowerCase();
  if (test && ["a", "b", "x"].includes(key)) hear(key);
  else if (key === "m") toggleMatching();
  else if (key === "l") setLoop(looped ? null : transport.sectionAt(transport.at));
}

addEventListener("keydown", shortcut);
byId("matching").addEventListener("click", toggleMatching);
byId("blind").addEventListener("click", startBlind);
byId("shuffle").addEventListener("click", startBlind);
byId("reveal").addEventListener("click", reveal);
byId("abx-start").addEventListener("click", startAbx);
byId("abx-is-a").addEventListener("click", () => answer(test.a));
byId("abx-is-b").addEventListener("click", () => answer(test.b));
byId("abx-finish").addEventListener("click", endAbx);
for (const button of document.querySelectorAll("[data-abx]")) button.addEventListener("click", () => hear(button.dataset.abx));
for (const [id, chosen] of [["abx-a", 0], ["abx-b", 1]]) {
  byId(id).append(...mixes.map((mix, n) => make("option", { value: n, textContent: mix.name, selected: n === chosen })));
}
byId("export-json").addEventListener("click", () =>
  download("review.json", "application/json", notes.asJson(review.title, mixes.map((mix) => mix.gain_db))),
);
byId("export-csv").addEventListener("click", () => download("review.csv", "text/csv", notes.asCsv()));
byId("export-edl").addEventListener("click", () => download("review.edl", "text/plain", markers.asEdl(notes.markers())));
byId("export-reaper").addEventListener("click", () => download("review_markers.csv", "text/csv", markers.asReaper(notes.markers())));
byId("export-xml").addEventListener("click", () =>
  download("review.xml", "application/xml", markers.asXml(notes.markers(), duration)),
);
charts.bindZoomButtons();
if (blind()) {
  // a round that was open when the page was closed continues with the same letters
  order = Object.values(notes.round.key).map((name) => mixes.findIndex((mix) => mix.name === name));
  selected = order[0];
}
listMixes();
if (review.starts_blind && !blind() && !notes.state.rounds.length) startBlind();

window.renderEnding = { transport, charts, notes, Engine, guessing, shuffled, abx: () => test, selected: () => selected };
