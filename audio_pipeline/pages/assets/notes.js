// A listener's notes on the mixes: stored in the browser, exported as JSON and CSV.

class Notes {
  // `given`: notes built into the page, { id, state }; additions to them are stored separately from other notes.
  constructor(id, names, given) {
    this.key = `render-ending review ${id}${given ? ` ${given.id}` : ""}`;
    this.names = names;
    this.state = { open: {}, rounds: [], abx: [], ...given?.state };
    try {
      Object.assign(this.state, JSON.parse(localStorage.getItem(this.key)) ?? {});
    } catch {
      // storage is unavailable or invalid: start empty
    }
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state));
    } catch {
      // export still works without storage
    }
  }

  // The current blind round, or undefined.
  get round() {
    return this.state.rounds.find((round) => !round.revealed);
  }

  // A round: letters in the order on the page, the key, and the notes taken before it was revealed.
  startRound(order) {
    this.endRound();
    const key = Object.fromEntries(order.map((mix, n) => [letter(n), this.names[mix]]));
    this.state.rounds.push({ key, notes: {}, revealed: false });
    this.save();
  }

  endRound() {
    if (this.round) this.round.revealed = true;
    this.save();
  }

  // { star, note } of a mix: by letter while blind, so that earlier notes do not identify a mix.
  of(name) {
    const round = this.round;
    const notes = round ? round.notes : this.state.open;
    const key = round ? Object.keys(round.key).find((l) => round.key[l] === name) : name;
    return (notes[key] ??= { star: false, note: "" });
  }

  // Every note with text, in order of time: by letter in the current round, by name once it is revealed.
  markers() {
    const all = Object.entries(this.state.open).map(([name, said]) => [name, said]);
    for (const round of this.state.rounds) {
      for (const [sign, said] of Object.entries(round.notes)) all.push([round.revealed ? round.key[sign] : sign, said]);
    }
    return all
      .filter(([, said]) => oneLine(said.note ?? ""))
      .map(([name, said]) => ({ at_s: said.at_s ?? 0, text: oneLine(`${name}: ${said.note}`) }))
      .sort((a, b) => a.at_s - b.at_s);
  }

  addAbx(a, b, test) {
    const { trials, right, p } = test;
    this.state.abx.push({ a, b, trials: trials.length, right, p });
    this.save();
  }

  asJson(title, gains) {
    const mixes = this.names.map((name, n) => ({ name, gain_db: gains[n], star: false, note: "", ...this.state.open[name] }));
    return JSON.stringify({ schema: "ReviewNotes.1", title, mixes, blind: this.state.rounds, abx: this.state.abx }, null, 2) + "\n";
  }

  asCsv() {
    const rows = [["mix", "round", "letter", "star", "note", "against", "trials", "right", "p", "at_s"]];
    for (const name of this.names) {
      const { star = false, note = "", at_s = "" } = this.state.open[name] ?? {};
      rows.push([name, "open", "", star ? "yes" : "no", note, "", "", "", "", at_s]);
    }
    this.state.rounds.forEach((round, n) => {
      for (const [sign, name] of Object.entries(round.key)) {
        const { star = false, note = "", at_s = "" } = round.notes[sign] ?? {};
        rows.push([name, `blind ${n + 1}`, sign, star ? "yes" : "no", note, "", "", "", "", at_s]);
      }
    });
    this.state.abx.forEach(({ a, b, trials, right, p }, n) => {
      rows.push([a, `ABX ${n + 1}`, "", "", "", b, trials, right, p]);
    });
    const columns = rows[0].length;
    const lines = rows.map((row) => Array.from({ length: columns }, (_, n) => csvCell(String(row[n] ?? ""))).join(","));
    return lines.join("\n") + "\n";
  }
}

const letter = (n) => String.fromCharCode(65 + n);

// Text that a spreadsheet would run as a formula starts with an apostrophe (OWASP, "CSV Injection").
function csvCell(text) {
  const safe = /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
