// The picture of one source: spectrogram, a lane for each label, events, near misses and gaps, all on one time axis.

const MOST_LANES = 12, LANE_PIXELS = 30, MEL_LANES = 4, HEADROOM = 1.15;
const KEPT_SECONDS = 200;
const COLOURS = { event: "#3fbf7f", near: "#e0a030", lost: "#d05050", score: "#9fc5e8", on: "#e4e7ea", off: "#6b747d", lane: "#262c32" };

// From black over violet and orange to pale yellow, like matplotlib's magma.
const PALETTE = [[0, 0, 4], [40, 17, 89], [101, 26, 128], [158, 47, 127], [212, 72, 101], [247, 112, 92], [254, 176, 120], [252, 253, 191]];
const SHADES = Uint32Array.from({ length: 256 }, (_, level) => {
  const at = (level / 255) * (PALETTE.length - 1), low = Math.min(PALETTE.length - 2, Math.floor(at));
  const [r, g, b] = PALETTE[low].map((value, i) => Math.round(value + (at - low) * (PALETTE[low + 1][i] - value)));
  return (255 << 24) | (b << 16) | (g << 8) | r;
});

export const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export class Chart {
  constructor(name, hello, onMoment) {
    this.name = name;
    this.hello = hello;
    this.frames = Math.ceil(KEPT_SECONDS / hello.frame_seconds);
    this.numbers = new Int32Array(this.frames).fill(-1); // of the frame in each place
    this.lost = new Uint8Array(this.frames);
    this.scores = hello.labels.map(() => new Uint8Array(this.frames));
    this.end = 0; // frame after the newest
    this.columns = new Map(); // number of a column -> its bands
    this.marks = new Map();
    this.began = null;
    this.figures = { position: 0, missing: 0 };
    this.figuresAt = performance.now();
    this.seconds = 60;
    this.moment = null;
    this.element = document.createElement("article");
    this.element.innerHTML = '<h2></h2><span class="figures"></span><div class="chart"></div><ul class="why"></ul>';
    this.element.querySelector("h2").textContent = name;
    this.element.dataset.source = name;
    this.lanes = hello.labels.map((_, index) => index).slice(0, MOST_LANES);
    this.picture = document.createElement("canvas");
    this.onMoment = onMoment;
    this.plot = null;
    this.visible = true;
    new IntersectionObserver((entries) => { this.visible = entries[entries.length - 1].isIntersecting; }).observe(this.element);
  }

  takeScores(item) {
    if (item.began !== null) this.began = item.began;
    const lost = item.lost === null ? null : bytesOf(item.lost);
    for (let i = 0; i < item.count; i++) {
      const place = (item.first + i) % this.frames;
      this.numbers[place] = item.first + i;
      this.lost[place] = lost === null ? 0 : lost[i];
      for (const scores of this.scores) scores[place] = 0;
    }
    const values = bytesOf(item.values); // one label after another
    item.labels.forEach((label, row) => {
      for (let i = 0; i < item.count; i++) this.scores[label][(item.first + i) % this.frames] = values[row * item.count + i];
    });
    this.end = Math.max(this.end, item.first + item.count);
  }

  takeSound(item) {
    const bytes = bytesOf(item.columns), bands = this.hello.bands;
    const first = Math.round(item.at / this.hello.column_seconds);
    for (let i = 0; i * bands < bytes.length; i++) this.columns.set(first + i, bytes.subarray(i * bands, (i + 1) * bands));
    const oldest = first - KEPT_SECONDS / this.hello.column_seconds;
    for (const column of this.columns.keys()) { if (column >= oldest) break; this.columns.delete(column); }
  }

  takeMark(record) {
    if (record.onset === undefined || record.offset === undefined) return;
    this.marks.set(`${record.type} ${record.label} ${record.onset}`, record);
    if (this.marks.size > 400) this.marks.delete(this.marks.keys().next().value);
  }

  takeFigures(figures) {
    this.figures = figures;
    const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);
    const number = (value, digits, unit) => (value === null ? "–" : `${value.toFixed(digits)} ${unit}`);
    const parts = [["coverage", percent(figures.coverage)], ["lag", number(figures.lag, 2, "s")], ["level", number(figures.level, 0, "dBFS")]];
    const line = this.element.querySelector(".figures");
    line.replaceChildren(...parts.flatMap(([word, value]) => {
      const bold = document.createElement("b");
      bold.textContent = value;
      return [`${word} `, bold, "  "];
    }));
    const state = document.createElement("span");
    state.textContent = figures.ended ? "ended" : figures.missing > 3 ? `nothing received for ${figures.missing.toFixed(0)} s` : "";
    state.className = figures.ended ? "" : "bad";
    line.append(state);
  }

  // The newest moment, which goes on while nothing is received.
  get now() { return this.figures.position + (this.figures.ended ? 0 : this.figures.missing > 3 ? this.figures.missing : 0); }

  draw() {
    if (!this.visible) return;
    this.chooseLanes();
    if (this.plot === null) this.plot = this.makePlot();
    const width = this.element.clientWidth - 20;
    if (width !== this.plot.width) this.plot.setSize({ width, height: this.height });
    const end = Math.max(this.now, this.end * this.hello.frame_seconds);
    this.range = [end - this.seconds, end];
    this.element.dataset.end = end;
    this.plot.setData(this.data(), true);
  }

  chooseLanes() {
    const { labels, frame_seconds } = this.hello;
    if (labels.length <= MOST_LANES) return;
    const first = Math.max(0, this.end - Math.round(this.seconds / frame_seconds));
    const peaks = this.scores.map((scores) => {
      let peak = 0;
      for (let frame = first; frame < this.end; frame++) peak = Math.max(peak, scores[frame % this.frames]);
      return peak;
    });
    const order = labels.map((_, i) => i).sort((a, b) => peaks[b] - peaks[a] || a - b);
    this.lanes = order.slice(0, MOST_LANES).sort((a, b) => a - b);
  }

  data() {
    const { frame_seconds } = this.hello, times = [], lanes = this.lanes.map(() => []);
    const first = Math.max(0, Math.floor(this.range[0] / frame_seconds)), count = this.lanes.length;
    for (let frame = first; frame < this.end; frame++) {
      const place = frame % this.frames, there = this.numbers[place] === frame && !this.lost[place];
      times.push((frame + 0.5) * frame_seconds);
      this.lanes.forEach((label, i) => lanes[i].push(there ? count - 1 - i + this.scores[label][place] / 255 / HEADROOM : null));
    }
    return times.length ? [times, ...lanes] : [[this.range[0]], ...lanes.map(() => [null])];
  }

  get height() { return (this.lanes.length + MEL_LANES) * LANE_PIXELS + 30; }

  makePlot() {
    const top = this.lanes.length + MEL_LANES;
    const line = { stroke: COLOURS.score, width: 1.2, points: { show: false } };
    const plot = new uPlot({
      width: this.element.clientWidth - 20,
      height: this.height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range: () => this.range }, y: { range: () => [0, top] } },
      axes: [
        { stroke: "#8b949e", size: 30, grid: { show: false }, space: 80, values: (_, splits) => splits.map((at) => this.timeOf(at)) },
        {
          stroke: "#e4e7ea", size: 100, grid: { show: false }, ticks: { show: false },
          splits: () => this.lanes.map((_, i) => this.lanes.length - 0.5 - i),
          values: () => this.lanes.map((label) => this.hello.labels[label].name.slice(0, 16)),
        },
      ],
      series: [{}, ...this.lanes.map(() => line)],
      hooks: { drawClear: [(u) => this.drawGround(u)], draw: [(u) => this.drawMarks(u)] },
    }, [[0], ...this.lanes.map(() => [null])], this.element.querySelector(".chart"));
    plot.over.addEventListener("click", (event) => {
      const at = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x");
      if (at < 0) return;
      this.moment = at;
      this.onMoment(this, at);
    });
    return plot;
  }

  timeOf(seconds) {
    if (this.began === null) return `${seconds.toFixed(0)} s`;
    return new Date(1000 * (this.began + seconds)).toLocaleTimeString([], { hour12: false });
  }

  drawGround(u) {
    const { ctx, bbox } = u, y = (value) => u.valToPos(value, "y", true), count = this.lanes.length;
    ctx.save();
    ctx.fillStyle = "#000";
    ctx.fillRect(bbox.left, y(count + MEL_LANES), bbox.width, y(count) - y(count + MEL_LANES));
    this.drawMel(u, y(count + MEL_LANES), y(count));
    this.lanes.forEach((label, i) => {
      const bottom = count - 1 - i, settings = this.hello.labels[label];
      if (i % 2) { ctx.fillStyle = COLOURS.lane; ctx.fillRect(bbox.left, y(bottom + 1), bbox.width, y(bottom) - y(bottom + 1)); }
      for (const which of ["off", "on"]) {
        ctx.strokeStyle = COLOURS[which];
        ctx.setLineDash(which === "on" ? [6, 4] : [2, 4]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y(bottom + settings[which] / HEADROOM));
        ctx.lineTo(bbox.left + bbox.width, y(bottom + settings[which] / HEADROOM));
        ctx.stroke();
      }
    });
    ctx.restore();
  }

  drawMel(u, top, bottom) {
    const { column_seconds: step, bands } = this.hello;
    const first = Math.floor(this.range[0] / step), count = Math.ceil(this.range[1] / step) - first;
    this.picture.width = count;
    this.picture.height = bands;
    const context = this.picture.getContext("2d"), image = context.createImageData(count, bands);
    const pixels = new Uint32Array(image.data.buffer);
    let least = 255, most = 0; // the scale follows what is shown
    for (const [number, column] of this.columns) {
      if (number < first) continue;
      for (const value of column) { if (value < least) least = value; if (value > most) most = value; }
    }
    const factor = 255 / Math.max(60, most - least); // at least 30 dB
    for (const [number, column] of this.columns) {
      if (number < first || number >= first + count) continue;
      for (let band = 0; band < bands; band++) pixels[(bands - 1 - band) * count + number - first] = SHADES[Math.min(255, ((column[band] - least) * factor) | 0)];
    }
    context.putImageData(image, 0, 0);
    const left = u.valToPos(first * step, "x", true), right = u.valToPos((first + count) * step, "x", true);
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, top, u.bbox.width, bottom - top);
    u.ctx.clip();
    u.ctx.imageSmoothingEnabled = false;
    u.ctx.drawImage(this.picture, left, top, right - left, bottom - top);
    u.ctx.restore();
  }

  drawMarks(u) {
    const { ctx, bbox } = u, y = (value) => u.valToPos(value, "y", true), count = this.lanes.length;
    const clip = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(at, "x", true)));
    ctx.save();
    ctx.lineWidth = 2;
    const whole = (onset, offset) => {
      ctx.globalAlpha = 0.35;
      ctx.fillStyle = COLOURS.lost;
      ctx.fillRect(clip(onset), y(count + MEL_LANES), Math.max(2, clip(offset) - clip(onset)), y(0) - y(count + MEL_LANES));
    };
    for (const mark of this.marks.values()) {
      if (mark.offset < this.range[0] || mark.onset > this.range[1]) continue;
      if (mark.type === "gap") { whole(mark.onset, mark.offset); continue; }
      const lane = this.lanes.findIndex((label) => this.hello.labels[label].name === mark.label);
      if (lane < 0) continue;
      const left = clip(mark.onset), width = Math.max(3, clip(mark.offset) - left), top = y(count - lane) + 1;
      ctx.fillStyle = ctx.strokeStyle = COLOURS[mark.type];
      ctx.setLineDash(mark.type === "near" ? [4, 3] : []);
      ctx.globalAlpha = mark.type === "event" ? 0.35 : 0.12;
      ctx.fillRect(left, top, width, y(count - 1 - lane) - top);
      ctx.globalAlpha = 1;
      ctx.strokeRect(left, top, width, y(count - 1 - lane) - top - 1);
    }
    if (this.now > this.figures.position) whole(this.figures.position, this.now);
    if (this.moment !== null && this.moment > this.range[0]) {
      ctx.globalAlpha = 1;
      ctx.fillStyle = COLOURS.on;
      ctx.fillRect(clip(this.moment), bbox.top, 1, bbox.height);
    }
    ctx.restore();
  }

  showWhy(answer) {
    const rows = [[`at ${this.timeOf(answer.at)}`, "", ""], ...answer.notes.map((note) => ["", note, "note"]),
      ...answer.verdicts.map((one) => [one.label, one.text, one.cause])];
    this.element.querySelector(".why").replaceChildren(...rows.map(([label, text, cause]) => {
      const row = document.createElement("li"), bold = document.createElement("b");
      bold.textContent = label;
      row.className = cause;
      row.append(bold, ` ${text}`);
      return row;
    }));
  }
}
