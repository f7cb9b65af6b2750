// Timecode and clock time as text. Labels follow SMPTE ST 12-1: drop frame leaves out labels 00 and 01 of
// every minute but each tenth.

const PICTURE_RATES = {
  "23.976": { nominal: 24, perSecond: 24000 / 1001, drop: false },
  "24": { nominal: 24, perSecond: 24, drop: false },
  "25": { nominal: 25, perSecond: 25, drop: false },
  "29.97df": { nominal: 30, perSecond: 30000 / 1001, drop: true },
  "29.97": { nominal: 30, perSecond: 30000 / 1001, drop: false },
  "30": { nominal: 30, perSecond: 30, drop: false },
};

class PictureClock {
  constructor(rate, start) {
    this.rate = PICTURE_RATES[rate] ?? PICTURE_RATES["24"];
    this.first = this.frameOf(start ?? "00:00:00:00");
  }

  frameOf(timecode) {
    const [h, m, s, f] = timecode.split(/[:;]/).map(Number);
    const minute = h * 60 + m;
    const label = (minute * 60 + s) * this.rate.nominal + f;
    return this.rate.drop ? label - 2 * (minute - Math.floor(minute / 10)) : label;
  }

  at(seconds) {
    const { nominal, perSecond, drop } = this.rate;
    // a position that is a frame's first sample must not fall into the frame before by its rounding
    let label = this.first + Math.floor(seconds * perSecond + 1e-6);
    const tenMinutes = nominal * 600 - 18;
    label %= drop ? 144 * tenMinutes : nominal * 86400;
    if (drop) {
      const rest = label % tenMinutes;
      let dropped = 18 * Math.floor(label / tenMinutes);
      if (rest >= nominal * 60) dropped += 2 * (1 + Math.floor((rest - nominal * 60) / (nominal * 60 - 2)));
      label += dropped;
    }
    const whole = Math.floor(label / nominal);
    const two = (n) => String(n).padStart(2, "0");
    const parts = [whole / 3600, (whole / 60) % 60, whole % 60].map((n) => two(Math.floor(n)));
    return `${parts.join(":")}${drop ? ";" : ":"}${two(label % nominal)}`;
  }
}

function clockTime(seconds) {
  const hundredths = Math.round(seconds * 100);
  const rest = (hundredths % 6000) / 100;
  return `${Math.floor(hundredths / 6000)}:${rest.toFixed(2).padStart(5, "0")}`;
}
