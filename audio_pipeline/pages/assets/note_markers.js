// Notes as markers for other programs: an edit list for Resolve, REAPER's CSV, and Final Cut Pro 7's XML, which
// Premiere and Resolve also read. The time of a marker is the playhead's position when the note was begun.

class NoteMarkers {
  constructor(title, clock) {
    this.title = title;
    this.clock = clock;
  }

  asEdl(markers) {
    const lines = [`TITLE: ${oneLine(this.title)}`, `FCM: ${this.clock.rate.drop ? "DROP FRAME" : "NON-DROP FRAME"}`, ""];
    markers.forEach(({ at_s, text }, n) => {
      const [start, stop] = [this.clock.at(at_s), this.clock.at((this.frame(at_s) + 1) / this.clock.rate.perSecond)];
      const number = String(n + 1).padStart(3, "0");
      lines.push(`${number}  001      V     C        ${start} ${stop} ${start} ${stop}`);
      lines.push(` |C:ResolveColorBlue |M:${text.replaceAll("|", "/")} |D:1`, "");
    });
    return lines.join("\r\n") + "\r\n";
  }

  asReaper(markers) {
    const rows = markers.map(({ at_s, text }, n) => `M${n + 1},${csvCell(text)},${this.clock.at(at_s)},,`);
    return ["#,Name,Start,End,Length", ...rows].join("\r\n") + "\r\n";
  }

  asXml(markers, duration) {
    const { nominal, perSecond, drop } = this.clock.rate;
    const rate = `<rate><timebase>${nominal}</timebase><ntsc>${perSecond === nominal ? "FALSE" : "TRUE"}</ntsc></rate>`;
    const listed = markers.map(
      ({ at_s, text }) =>
        `    <marker><comment></comment><name>${xmlText(text)}</name><in>${this.frame(at_s)}</in><out>-1</out></marker>`,
    );
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      "<!DOCTYPE xmeml>",
      '<xmeml version="4">',
      '  <sequence id="notes">',
      `    <name>${xmlText(this.title)}</name>`,
      `    <duration>${this.frame(duration)}</duration>`,
      `    ${rate}`,
      "    <media><video><track></track></video></media>",
      `    <timecode>${rate}<string>${this.clock.at(0)}</string><frame>${this.clock.first}</frame>` +
        `<displayformat>${drop ? "DF" : "NDF"}</displayformat></timecode>`,
      ...listed,
      "  </sequence>",
      "</xmeml>",
      "",
    ].join("\n");
  }

  frame(seconds) {
    return Math.floor((seconds + ROUNDED_S) * this.clock.rate.perSecond);
  }
}

// Text without line breaks and characters that are invalid in markers.
function oneLine(text) {
  return text.replace(/[\s\p{C}]+/gu, " ").trim();
}

function xmlText(text) {
  return oneLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
