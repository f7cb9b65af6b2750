// Plays several mixes in sync on one clock, with one of them audible. All sources start at the same time from
// the same sample, so that switching only changes gains and keeps the position.

const SAMPLE_RATE = 48000;
const SWITCH_S = 0.005;
const LEAD_S = 0.02; // a source scheduled this far ahead starts on its sample

class Engine {
  constructor(context, buffers) {
    this.context = context;
    this.buffers = samePlaces(context, buffers);
    this.gains = buffers.map(() => {
      const node = context.createGain();
      node.gain.value = 0;
      node.connect(context.destination);
      return node;
    });
    this.levels = buffers.map(() => 1);
    this.selected = 0;
    this.sources = null;
    this.from = { time: 0, position: 0 };
    this.loop = null;
  }

  get duration() {
    return this.buffers[0].duration;
  }

  get playing() {
    return this.sources !== null;
  }

  // Start at a position, in seconds; `time` is the context's.
  start(position, time = this.context.currentTime + LEAD_S) {
    this.stop(time);
    const length = this.buffers[0].length;
    const sample = Math.min(Math.max(Math.round(position * SAMPLE_RATE), 0), length - 1);
    this.from = { time, position: sample / SAMPLE_RATE };
    this.sources = this.buffers.map((buffer, n) => {
      const source = new AudioBufferSourceNode(this.context, { buffer });
      if (this.loop) {
        Object.assign(source, { loop: true, loopStart: this.loop.start, loopEnd: this.loop.stop });
      }
      source.connect(this.gains[n]);
      source.start(time, sample / SAMPLE_RATE);
      return source;
    });
    this.gains.forEach((node, n) => {
      node.gain.cancelScheduledValues(0);
      node.gain.setValueAtTime(this.level(n), time);
    });
  }

  stop(time = this.context.currentTime) {
    if (!this.sources) return;
    this.from = { time, position: this.position(time) };
    for (const source of this.sources) source.stop(time);
    this.sources = null;
  }

  // Switch to another mix by two ramps of 5 ms whose sum is one.
  select(index, time = this.context.currentTime) {
    if (index === this.selected) return;
    this.change(() => (this.selected = index), time);
  }

  // The gain of every mix, linear.
  setLevels(levels, time = this.context.currentTime) {
    this.change(() => (this.levels = levels), time);
  }

  // Loop over { start, stop } in seconds, null for no loop; playback continues from its position.
  setLoop(loop) {
    const position = this.position();
    this.loop = loop;
    if (this.playing) this.start(this.folded(position));
  }

  position(time = this.context.currentTime) {
    if (!this.playing) return this.from.position;
    return this.folded(this.from.position + Math.max(0, time - this.from.time));
  }

  folded(position) {
    if (!this.loop || position < this.loop.stop) return Math.min(position, this.duration);
    const length = this.loop.stop - this.loop.start;
    return this.loop.start + ((position - this.loop.start) % length);
  }

  level(index) {
    return index === this.selected ? this.levels[index] : 0;
  }

  change(what, time) {
    const before = this.gains.map((_, n) => this.level(n));
    what();
    this.gains.forEach((node, n) => {
      if (before[n] === this.level(n)) return;
      node.gain.setValueAtTime(before[n], time);
      node.gain.linearRampToValueAtTime(this.level(n), time + SWITCH_S);
    });
  }
}

// Buffers padded to the longest, so that all of them loop over the same samples.
function samePlaces(context, buffers) {
  const longest = Math.max(...buffers.map((buffer) => buffer.length));
  return buffers.map((buffer) => {
    if (buffer.length === longest) return buffer;
    const padded = context.createBuffer(buffer.numberOfChannels, longest, SAMPLE_RATE);
    for (let n = 0; n < buffer.numberOfChannels; n++) padded.copyToChannel(buffer.getChannelData(n), n);
    return padded;
  });
}

// The bytes that a page holds as base64 in the element with this id.
function bytesOf(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return bytes;
}

// Decodes with an offline context, which works before the user has interacted with the page.
function decode(bytes) {
  return new OfflineAudioContext(2, 1, SAMPLE_RATE).decodeAudioData(bytes.buffer);
}
