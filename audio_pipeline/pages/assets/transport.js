// The player at the bottom of a page: play, seek, cues, the clock, and their keyboard shortcuts.

const SKIP_S = 1;

class Transport {
  // `sections` are { name, start_s, stop_s }; `loaded` is a promise of the decoded buffers.
  constructor({ clock, sections, duration, charts, loaded, readout }) {
    Object.assign(this, { clock, sections, duration, charts, readout });
    this.engine = null;
    this.context = null;
    this.buffers = null;
    this.at = 0;
    this.hovered = null;
    this.playButton = document.getElementById("play");
    this.setUp = () => {};
    this.onPlaying = () => {}; // called for every animation frame during playback
    this.say("Loading the sound …");
    this.ready = loaded.then(
      (buffers) => {
        this.buffers = buffers;
        this.say("");
      },
      () => this.say("This browser cannot play the copy in this page; listen to the file itself."),
    );
    this.playButton?.addEventListener("click", () => this.toggle());
    charts.onSeek = (seconds) => this.seek(seconds);
    charts.onHover = (seconds) => {
      this.hovered = seconds;
      this.show();
    };
    for (const button of document.querySelectorAll("button.cue")) {
      button.addEventListener("click", () => this.seek(Number(button.dataset.at)));
    }
    addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  say(text) {
    const state = document.getElementById("audio-state");
    if (state) state.textContent = text;
  }

  get playing() {
    return this.engine?.playing ?? false;
  }

  async toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    await this.ready;
    if (!this.buffers) return;
    if (!this.engine) {
      this.context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
      this.engine = new Engine(this.context, this.buffers);
      this.setUp(this.engine);
    }
    await this.context.resume();
    this.engine.start(this.at >= this.duration - 0.01 ? 0 : this.at);
    this.name();
    this.follow();
  }

  pause() {
    this.engine.stop();
    this.at = this.engine.position();
    this.name();
    this.show();
  }

  name() {
    this.playButton.textContent = this.playing ? "Pause" : "Play";
  }

  seek(seconds) {
    this.at = Math.min(Math.max(seconds, 0), this.duration);
    if (this.playing) this.engine.start(this.at);
    this.show();
  }

  follow() {
    if (!this.playing) return;
    this.at = this.engine.position(this.context.currentTime - (this.context.outputLatency || 0));
    if (this.at >= this.duration) {
      this.pause();
      return;
    }
    this.onPlaying();
    this.show();
    requestAnimationFrame(() => this.follow());
  }

  show() {
    const section = this.sectionAt(this.at);
    this.charts.moveTo(this.at);
    setText("timecode", this.clock.at(this.at));
    setText("where", section ? section.name : "");
    setText("readout", this.readout(this.hovered ?? this.at));
    for (const row of document.querySelectorAll("button.cue")) {
      const here = section !== undefined && Number(row.dataset.at) === section.start_s;
      row.toggleAttribute("aria-current", here);
    }
  }

  sectionAt(seconds) {
    return this.sections.findLast((section) => section.start_s <= seconds + 1e-9);
  }

  // Seek to the previous or next cue; during playback, back skips a cue passed less than 0.5 s ago.
  nextCue(direction) {
    const cues = this.sections.map((section) => section.start_s);
    const wanted =
      direction > 0 ? cues.find((at) => at > this.at + 0.01) : cues.findLast((at) => at < this.at - (this.playing ? 0.5 : 0.01));
    this.seek(wanted ?? (direction > 0 ? this.duration : 0));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const does = {
      " ": () => this.toggle(),
      ArrowLeft: () => (event.shiftKey ? this.nextCue(-1) : this.seek(this.at - SKIP_S)),
      ArrowRight: () => (event.shiftKey ? this.nextCue(1) : this.seek(this.at + SKIP_S)),
      Home: () => this.seek(0),
      End: () => this.seek(this.duration),
      "+": () => this.charts.zoomBy(0.5),
      "-": () => this.charts.zoomBy(2),
    }[event.key];
    // a control focused by keyboard keeps its own action for the space bar
    if (!does || (event.key === " " && event.target.matches("button:focus-visible, summary, a, input"))) return;
    event.preventDefault();
    does();
  }
}

function isTyping(target) {
  return target instanceof Element && target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
}

function setText(id, text) {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) element.textContent = text;
}

function dataOf(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Runs after the page is drawn, so that opening it does not wait for the audio.
function afterFirstPaint() {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
