// Follows the run: one connection a tab, which goes on after the last message that came.

import { Chart } from "./chart.js";
import { Day, Events, Notices } from "./lists.js";

const RETRY_SECONDS = 5, HIDDEN_SECONDS = 30;
const charts = new Map(), events = new Events(), day = new Day(), notices = new Notices();
let hello = null, stream = null, lastId = "", seconds = 60, hiding = 0;

const link = document.querySelector("#link");
const say = (text, live = false) => { link.textContent = text; link.classList.toggle("live", live); };

const chartOf = (name) => {
  if (!charts.has(name)) {
    const chart = new Chart(name, hello, askWhy);
    chart.seconds = seconds;
    charts.set(name, chart);
    document.querySelector("#sources").append(chart.element);
  }
  return charts.get(name);
};

const askWhy = async (chart, at) => {
  const answer = await fetch(`why?${new URLSearchParams({ source: chart.name, at })}`);
  if (answer.ok) chart.showWhy(await answer.json());
  chart.draw();
};

const begin = (item) => {
  hello = item;
  document.querySelector("#model").textContent = item.model;
  for (const chart of charts.values()) chart.element.remove();
  charts.clear();
  events.clear();
  notices.clear();
  item.sources.forEach(chartOf);
  for (const record of item.last) events.add(record, item.clips);
  day.take(item.day);
};

const take = {
  hello: begin,
  scores: (item) => chartOf(item.source).takeScores(item),
  sound: (item) => chartOf(item.source).takeSound(item),
  figures: (item) => { for (const [name, figures] of Object.entries(item.sources)) chartOf(name).takeFigures(figures); },
  record: ({ record }) => {
    chartOf(record.source).takeMark(record);
    if (record.type === "event" && events.add(record, hello.clips)) day.add(record);
    notices.add(record);
  },
};

const drawAll = () => { for (const chart of charts.values()) chart.draw(); };

const open = () => {
  stream = new EventSource(`live?${new URLSearchParams({ after: lastId })}`);
  stream.addEventListener("open", () => say("live", true));
  stream.addEventListener("message", (event) => {
    lastId = event.lastEventId;
    for (const item of JSON.parse(event.data)) take[item.type]?.(item);
    if (!document.hidden) drawAll();
  });
  stream.addEventListener("error", () => {
    say("not connected");
    if (stream.readyState === EventSource.CLOSED) setTimeout(open, 1000 * RETRY_SECONDS); // browsers give up on an error of HTTP
  });
};

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(() => { stream.close(); stream = null; }, 1000 * HIDDEN_SECONDS);
  } else {
    if (stream === null) open();
    if (hello !== null) drawAll();
  }
});

document.querySelector("#spans").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button === null) return;
  seconds = Number(button.dataset.seconds);
  for (const other of document.querySelectorAll("#spans button")) other.classList.toggle("on", other === button);
  for (const chart of charts.values()) chart.seconds = seconds;
  drawAll();
});

open();
