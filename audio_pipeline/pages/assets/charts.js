// Charts over time on uPlot: one zoom for all, a playhead, cues, and colours from the style sheet.

const SOFTEST = -90; // silence is drawn at this level

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const CHART_FONT = '12px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif';

// A report's curve for drawing: empty before the first complete window, the bottom for silence.
function drawn(points, stepS, windowS) {
  return points.map((p, n) => (p === null ? ((n + 1) * stepS < windowS - 1e-9 ? null : SOFTEST) : Math.max(p, SOFTEST)));
}

function axis(label, options = {}) {
  return {
    stroke: () => colour("--soft"),
    font: CHART_FONT,
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => String(value).replace("-", "−")),
    size: 52,
    gap: 6,
    label: label || undefined,
    labelFont: CHART_FONT,
    labelSize: 16,
    labelGap: 0,
    ...options,
  };
}

const timeAxis = (shown) =>
  axis("", {
    size: shown ? 28 : 8,
    space: 64,
    values: (_, splits) => splits.map((t) => (shown ? shortTime(t, splits) : "")),
  });

function shortTime(t, splits) {
  const fine = splits.length > 1 && splits[1] - splits[0] < 1;
  const minutes = Math.floor(t / 60);
  const rest = t - minutes * 60;
  return `${minutes}:${fine ? rest.toFixed(2).padStart(5, "0") : String(Math.round(rest)).padStart(2, "0")}`;
}

// Charts with a common time axis: zoom, seek and hover apply to all of them.
class TimeCharts {
  constructor(duration, cues) {
    this.duration = duration;
    this.cues = cues;
    this.charts = [];
    this.shown = [0, duration];
    this.onSeek = () => {};
    this.onHover = () => {};
    this.playhead = 0;
    addEventListener("resize", () => this.resize());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.charts) chart.redraw(false);
    });
  }

  add(id, height, data, series, scale, { labels = false, last = false, underlay = null } = {}) {
    const host = document.getElementById(id);
    if (!host) return null;
    const chart = new uPlot(
      {
        width: host.clientWidth,
        height,
        legend: { show: false },
        padding: [labels ? 34 : 6, 22, 0, 0],
        cursor: {
          sync: { key: "time", setSeries: false },
          drag: { x: true, y: false, setScale: false },
          points: { show: series.some((s) => s.hover) },
          y: false,
        },
        select: { show: true },
        scales: { x: { time: false, range: () => this.shown }, y: scale.scale },
        axes: [timeAxis(last), axis(scale.label, scale.axis)],
        series: [{}, ...series],
        hooks: {
          drawAxes: underlay ? [underlay] : [],
          draw: [(u) => this.drawCues(u, labels, underlay ? "#ffffff80" : colour("--cue"))],
          setSelect: [(u) => this.zoomToSelection(u)],
          setCursor: [(u) => this.hover(u)],
        },
      },
      data,
      host,
    );
    this.charts.push(chart);
    const head = document.createElement("div");
    head.className = "playhead";
    chart.over.append(head);
    chart.head = head;
    let pressed = 0;
    chart.over.addEventListener("mousedown", (event) => (pressed = event.clientX));
    chart.over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - pressed) > 3) return;
      const { left } = chart.over.getBoundingClientRect();
      this.onSeek(chart.posToVal(event.clientX - left, "x"));
    });
    chart.over.addEventListener("dblclick", () => this.zoom(0, this.duration));
    return chart;
  }

  drawCues(u, labels, stroke) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = stroke;
    ctx.fillStyle = colour("--soft");
    ctx.lineWidth = devicePixelRatio;
    ctx.font = CHART_FONT.replace("12px", `${11 * devicePixelRatio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    const free = [-Infinity, -Infinity];
    for (const cue of this.cues) {
      const x = u.valToPos(cue.at, "x", true);
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (!labels) continue;
      const width = ctx.measureText(cue.name).width;
      const at = Math.min(x, bbox.left + bbox.width - width);
      const row = free.findIndex((edge) => edge < at);
      if (row < 0) continue;
      ctx.fillText(cue.name, at, bbox.top - (5 + 14 * row) * devicePixelRatio);
      free[row] = at + width + 8 * devicePixelRatio;
    }
    ctx.restore();
  }

  zoomToSelection(u) {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x");
    const to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoom(from, to);
  }

  zoom(from, to) {
    const width = Math.min(Math.max(to - from, 0.2), this.duration);
    const start = Math.min(Math.max(from, 0), this.duration - width);
    this.shown = [start, start + width];
    for (const chart of this.charts) chart.setScale("x", { min: start, max: start + width });
    this.moveTo(this.playhead);
  }

  zoomBy(factor) {
    const [from, to] = this.shown;
    const middle = this.playhead > from && this.playhead < to ? this.playhead : (from + to) / 2;
    const half = ((to - from) * factor) / 2;
    this.zoom(middle - half, middle + half);
  }

  hover(u) {
    this.onHover(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null);
  }

  moveTo(seconds) {
    this.playhead = seconds;
    for (const chart of this.charts) {
      const x = chart.valToPos(seconds, "x");
      chart.head.style.transform = `translateX(${x}px)`;
      chart.head.hidden = seconds < this.shown[0] || seconds > this.shown[1];
    }
  }

  resize() {
    for (const chart of this.charts) {
      chart.setSize({ width: chart.root.parentElement.clientWidth, height: chart.height });
    }
    this.moveTo(this.playhead);
  }

  bindZoomButtons() {
    const does = { in: () => this.zoomBy(0.5), out: () => this.zoomBy(2), whole: () => this.zoom(0, this.duration) };
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", does[button.dataset.zoom]);
    }
  }
}

const levelScale = (label, low, high) => ({ label, scale: { range: () => [low, high] }, axis: {} });

const balanceScale = {
  label: "balance",
  scale: { dir: -1, range: () => [-1.05, 1.05] },
  axis: { splits: () => [-1, 0, 1], filter: (_, splits) => splits, values: () => ["L", "C", "R"] },
};

function line(name, width = 1.5, options = {}) {
  return { stroke: () => colour(name), width, points: { show: false }, ...options };
}

// An image under the axes of a chart; its width is the full duration.
function imageUnderlay(image, duration) {
  return (u) => {
    const { ctx, bbox } = u;
    const left = u.valToPos(0, "x", true);
    const right = u.valToPos(duration, "x", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.drawImage(image, left, bbox.top, right - left, bbox.height);
    ctx.restore();
  };
}

function frequencyScale(lowest, highest) {
  const marks = [50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000].filter((f) => f < highest);
  return {
    label: "Hz",
    scale: { distr: 3, range: () => [lowest, highest] },
    axis: {
      splits: () => marks,
      filter: (_, splits) => splits,
      values: (_, splits) => splits.map((f) => (f >= 1000 ? `${f / 1000}k` : `${f}`)),
      grid: { show: false },
    },
  };
}
