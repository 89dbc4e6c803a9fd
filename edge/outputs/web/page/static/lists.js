// The lists below the pictures: last events, events by hour, notices.

const MOST_EVENTS = 50, MOST_NOTICES = 20, QUARTER = 900;

const cell = (text, kind = "td") => {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
};

const timeOf = (record) => {
  const said = record.onset_utc ?? record.at_utc;
  return said === undefined ? `${(record.onset ?? 0).toFixed(1)} s` : new Date(said).toLocaleTimeString([], { hour12: false });
};

export class Events {
  constructor() {
    this.body = document.querySelector("#events tbody");
    this.known = new Set();
  }

  clear() { this.body.replaceChildren(); this.known.clear(); }

  add(record, clips) {
    if (this.known.has(record.id)) return false;
    this.known.add(record.id);
    const row = document.createElement("tr"), last = cell("");
    row.append(cell(timeOf(record)), cell(record.source), cell(record.label),
      cell(`${(record.offset - record.onset).toFixed(2)} s`), cell(record.confidence.toFixed(2)), last);
    if (clips) {
      const button = cell("▶", "button");
      button.title = "play its clip";
      button.addEventListener("click", () => this.openClip(row, record), { once: true });
      last.append(button);
    }
    this.body.prepend(row);
    while (this.body.rows.length > 2 * MOST_EVENTS) this.body.lastElementChild.remove();
    return true;
  }

  openClip(row, record) {
    const opened = document.createElement("tr"), place = document.createElement("td");
    const audio = document.createElement("audio"), picture = document.createElement("img");
    opened.className = "clip";
    place.colSpan = 6;
    audio.controls = true;
    audio.addEventListener("error", () => audio.replaceWith("its clip is not saved yet, or no longer there"));
    picture.addEventListener("error", () => picture.remove()); // there is one with --clip-pictures only
    picture.alt = `spectrogram of ${record.label}`;
    audio.src = `clip/${record.id}`;
    picture.src = `picture/${record.id}`;
    place.append(picture, audio);
    opened.append(place);
    row.after(opened);
    audio.play().catch(() => {});
  }
}

export class Day {
  constructor() { this.table = document.querySelector("#day"); this.counts = {}; }

  take(counts) { this.counts = counts; this.draw(); }

  add(record) {
    if (record.onset_utc === undefined) return;
    const quarter = Math.floor(Date.parse(record.onset_utc) / 1000 / QUARTER) * QUARTER;
    const label = (this.counts[record.label] ??= {});
    label[quarter] = (label[quarter] ?? 0) + 1;
    this.draw();
  }

  draw() {
    const midnight = new Date().setHours(0, 0, 0, 0) / 1000, rows = [];
    for (const [label, quarters] of Object.entries(this.counts)) {
      const hours = new Array(24).fill(0);
      for (const [quarter, count] of Object.entries(quarters)) {
        if (quarter >= midnight) hours[new Date(1000 * quarter).getHours()] += count;
      }
      if (hours.some((count) => count > 0)) rows.push([label, hours]);
    }
    rows.sort(([a], [b]) => a.localeCompare(b));
    const most = Math.max(1, ...rows.flatMap(([, hours]) => hours));
    const head = document.createElement("tr");
    head.append(cell("", "th"), ...Array.from({ length: 24 }, (_, hour) => cell(hour, "th")));
    this.table.tHead.replaceChildren(head);
    this.table.tBodies[0].replaceChildren(...rows.map(([label, hours]) => {
      const row = document.createElement("tr");
      row.append(cell(label, "th"), ...hours.map((count) => {
        const one = cell(count || "");
        if (count) one.style.background = `rgb(63 191 127 / ${0.15 + (0.7 * count) / most})`;
        return one;
      }));
      return row;
    }));
  }
}

export class Notices {
  constructor() { this.list = document.querySelector("#notices"); this.known = new Set(); }

  clear() { this.list.replaceChildren(); this.known.clear(); }

  add(record) {
    const texts = {
      source: () => `${record.state}: ${record.detail}`,
      gap: () => `nothing received for ${(record.offset - record.onset).toFixed(1)} s: ${record.reason}`,
      output: () => `${record.output} lost ${record.count} ${record.lost}: ${record.reason}`,
      stop: () => `ended: ${record.reason}`,
    };
    const key = JSON.stringify(record);
    if (texts[record.type] === undefined || this.known.has(key)) return;
    this.known.add(key);
    this.list.prepend(cell(`${timeOf(record)} ${record.source}: ${texts[record.type]()}`, "li"));
    while (this.list.children.length > MOST_NOTICES) this.list.lastElementChild.remove();
  }
}
