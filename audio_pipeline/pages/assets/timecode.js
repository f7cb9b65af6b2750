// Timecode and clock time as text. Labels follow SMPTE ST 12-1 and 12-3: drop frame skips the labels 00 and 01
// (00 to 03 at 59.94 frames a second) of every minute except each tenth.

const PICTURE_RATES = {
  "23.976": { nominal: 24, perSecond: 24000 / 1001, drop: false },
  "24": { nominal: 24, perSecond: 24, drop: false },
  "25": { nominal: 25, perSecond: 25, drop: false },
  "29.97df": { nominal: 30, perSecond: 30000 / 1001, drop: true },
  "29.97": { nominal: 30, perSecond: 30000 / 1001, drop: false },
  "30": { nominal: 30, perSecond: 30, drop: false },
  "48": { nominal: 48, perSecond: 48, drop: false },
  "50": { nominal: 50, perSecond: 50, drop: false },
  "59.94df": { nominal: 60, perSecond: 60000 / 1001, drop: true },
  "59.94": { nominal: 60, perSecond: 60000 / 1001, drop: false },
  "60": { nominal: 60, perSecond: 60, drop: false },
};

// A frame's first sample may be half a sample before its exact time, and seconds are rounded; equals ROUNDED_S
// in timeline/moments.py.
const ROUNDED_S = 1 / 15000;

class PictureClock {
  constructor(rate, start) {
    this.rate = PICTURE_RATES[rate] ?? PICTURE_RATES["24"];
    this.dropped = this.rate.drop ? this.rate.nominal / 15 : 0;
    this.first = this.frameOf(start ?? "00:00:00:00");
  }

  frameOf(timecode) {
    const [h, m, s, f] = timecode.split(/[:;]/).map(Number);
    const minute = h * 60 + m;
    const label = (minute * 60 + s) * this.rate.nominal + f;
    return label - this.dropped * (minute - Math.floor(minute / 10));
  }

  at(seconds) {
    const { nominal, perSecond, drop } = this.rate;
    let label = this.first + Math.floor((seconds + ROUNDED_S) * perSecond);
    const minute = nominal * 60;
    const tenMinutes = minute * 10 - 9 * this.dropped;
    label %= 144 * tenMinutes;
    if (drop) {
      const rest = label % tenMinutes;
      let minutes = 9 * Math.floor(label / tenMinutes);
      if (rest >= minute) minutes += 1 + Math.floor((rest - minute) / (minute - this.dropped));
      label += this.dropped * minutes;
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
