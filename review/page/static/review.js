// One clip after another: it is heard at once, one key says what it is, and the next ones are loaded already.
"use strict";

const AHEAD = 4, STEP = 0.05, SHORTEST = 0.02; // clips; seconds
const REASONS = { threshold: "near the threshold", rare: "few reviews of this label", random: "at random" };
const id = (name) => document.getElementById(name);
const kept = (name, value) => sessionStorage.getItem(name) ?? (sessionStorage.setItem(name, value), value);
const client = kept("client", Math.random().toString(36).slice(2));
const said = JSON.parse(kept("said", "[]")); // keys of the clips with a verdict, for undo
const unsettled = new Set(); // keys of the clips whose verdict is on its way
const began = performance.now();
let queue = []; // clips, the first is heard
let count = 0; // verdicts since the page was loaded
let pending = Promise.resolve(); // requests go out one after another

async function ask(path, fields) {
  const options = fields && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) };
  const answer = await fetch(path, options);
  const type = answer.headers.get("Content-Type") ?? "";
  const content = type.startsWith("application/json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw Object.assign(new Error(content.error), { status: answer.status });
  return content;
}

function prepare(clip) {
  const query = "?clip=" + encodeURIComponent(clip.key);
  clip.sound = new Audio("sound" + query);
  clip.sound.preload = "auto";
  clip.picture = new Image();
  clip.picture.src = "picture" + query;
  clip.scores = ask("scores" + query).catch(() => null);
  clip.from = clip.onset;
  clip.to = clip.offset;
  return clip;
}

function take(state) {
  const known = new Set(queue.map((clip) => clip.key));
  for (const clip of state.clips) {
    if (queue.length < AHEAD && !known.has(clip.key) && !unsettled.has(clip.key)) queue.push(prepare(clip));
  }
  drawProgress(state.progress);
  drawLabels(state.labels);
  if (!queue[0] || !queue[0].shownAt) show();
}

function show() {
  const clip = queue[0];
  id("card").hidden = !clip;
  id("done").hidden = Boolean(clip);
  id("choice").hidden = true;
  id("undo").disabled = said.length === 0;
  if (!clip) return;
  clip.shownAt = performance.now();
  id("label").textContent = clip.label;
  const at = clip.begin_utc ? new Date(clip.begin_utc).toLocaleString() : "";
  const kind = clip.kind === "event" ? "reported" : "near miss, not reported";
  id("about").textContent = [clip.source, at, `${kind}: ${clip.score.toFixed(2)}, threshold ${clip.threshold}`,
    REASONS[clip.picked]].filter(Boolean).join(" · ");
  id("picture").src = clip.picture.src;
  drawBorders();
  id("scores").replaceChildren();
  clip.scores.then((scores) => { if (scores && clip === queue[0]) drawScores(scores, clip.seconds); });
  play(0, clip.seconds);
}

// A ribbon for each label: its scores, and as dashed lines from where on events begin and below which they end.
function drawScores({ seconds, ribbons }, length) {
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  id("scores").replaceChildren(...ribbons.map(({ label, on, off, scores }) => {
    const ribbon = Object.assign(document.createElement("div"), { className: "ribbon", textContent: label });
    const picture = make("svg", { viewBox: `0 -0.05 ${length} 1.1`, preserveAspectRatio: "none" });
    for (const [name, at] of Object.entries({ on, off })) {
      picture.append(make("line", { class: name, x1: 0, x2: length, y1: 1 - at, y2: 1 - at }));
    }
    const path = scores.map((score, i) => (score === null ? "" : `${i && scores[i - 1] !== null ? "L" : "M"}${seconds[i]} ${(1 - score).toFixed(3)}`));
    picture.append(make("path", { d: path.join("") }));
    ribbon.append(picture);
    return ribbon;
  }));
}

function play(from, to) {
  const clip = queue[0];
  if (!clip) return;
  clip.until = to;
  clip.sound.currentTime = from;
  clip.sound.play().then(() => tell(""), (error) => {
    if (error.name === "NotAllowedError") tell("The browser wants a key or a click before it plays: press Space.");
    else if (error.name !== "AbortError") tell("This clip cannot be played: " + error.message);
  });
}

function say(verdict, label) {
  const clip = queue[0];
  if (!clip) return;
  clip.sound.pause();
  queue.shift();
  said.push(clip.key);
  unsettled.add(clip.key);
  count += 1;
  keep();
  show();
  const confirmed = verdict === "right" || verdict === "other";
  const fields = {
    client, clip: clip.key, verdict, picked: clip.picked,
    took_seconds: Math.round(performance.now() - clip.shownAt) / 1000,
    ...(confirmed && { onset: clip.from, offset: clip.to }), ...(verdict === "other" && { label }),
  };
  send("review", fields, (error) => {
    said.splice(said.lastIndexOf(clip.key), 1);
    count -= 1;
    if (error.status !== 409) queue.unshift(clip);
    queue[0]?.sound.pause();
    show();
  });
}

function undo() {
  const key = said.pop();
  if (key === undefined) return;
  count -= 1;
  send("undo", { client, clip: key }, () => said.push(key), (state) => {
    if (!state.undone) return tell("That clip is not there any more.");
    queue[0]?.sound.pause();
    queue = [prepare(state.undone), ...queue.filter((clip) => clip.key !== key)];
    show();
  });
}

function send(path, fields, failed, then) {
  pending = pending.then(() => ask(path, fields)).then((state) => {
    unsettled.delete(fields.clip);
    then?.(state);
    take(state);
  }).catch((error) => {
    unsettled.delete(fields.clip);
    failed(error);
    tell(error.status ? error.message : "sed-review does not answer; is it still running?");
  }).then(keep);
}

function keep() {
  sessionStorage.setItem("said", JSON.stringify(said.slice(-1000)));
  id("undo").disabled = said.length === 0;
  const hours = (performance.now() - began) / 3.6e6;
  id("pace").textContent = count > 0 ? `${count} now, ${Math.round(count / Math.max(hours, 1 / 60))} an hour` : "";
}

function tell(text) {
  id("message").textContent = text;
}

function drawBorders() {
  const { from, to, seconds, onset, offset } = queue[0];
  const percent = (time) => `${(100 * time) / seconds}%`;
  id("onset").style.left = percent(from);
  id("offset").style.left = percent(to);
  id("event").style.left = percent(from);
  id("event").style.width = percent(to - from);
  id("onset").setAttribute("aria-valuenow", from.toFixed(2));
  id("offset").setAttribute("aria-valuenow", to.toFixed(2));
  const moved = from !== onset || to !== offset ? ", moved" : "";
  id("times").textContent = `${from.toFixed(2)} to ${to.toFixed(2)} s of ${seconds.toFixed(1)} s${moved}`;
}

function move(border, time) {
  const clip = queue[0];
  if (!clip) return;
  const rounded = Math.round(Math.min(Math.max(time, 0), clip.seconds) * 1000) / 1000;
  if (border === "onset") clip.from = Math.min(rounded, clip.to - SHORTEST);
  else clip.to = Math.max(rounded, clip.from + SHORTEST);
  drawBorders();
}

function drawProgress(rows) {
  const share = (part, whole) => (whole ? `${part} of ${whole} (${Math.round((100 * part) / whole)} %)` : "");
  id("progress").replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    for (const text of [row.label, `${row.reviewed} of ${row.clips}`, share(row.events_right, row.events),
      share(row.near_misses_missed, row.near_misses)]) line.insertCell().textContent = text;
    return line;
  }));
}

function drawLabels(labels) {
  const options = labels.map((label) => Object.assign(document.createElement("option"), { value: label }));
  id("known").replaceChildren(...options);
  id("labels").replaceChildren(...labels.map((label) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.addEventListener("click", () => choose(label));
    return button;
  }));
}

function choose(text) {
  const label = text.trim();
  if (label) say(label === queue[0]?.label ? "right" : "other", label);
}

function openChoice() {
  if (!queue[0]) return;
  id("choice").hidden = false;
  id("name").value = "";
  id("name").focus();
}

function closeChoice() {
  id("choice").hidden = true;
  document.activeElement?.blur();
}

function playOrPause() {
  const clip = queue[0];
  if (clip && !clip.sound.paused) clip.sound.pause();
  else if (clip) play(0, clip.seconds);
}

function nudge(event, seconds) {
  const focused = document.activeElement?.className === "border" ? document.activeElement.id : "";
  const border = focused || (event.shiftKey ? "offset" : "onset");
  move(border, (border === "onset" ? queue[0]?.from : queue[0]?.to) + seconds);
}

const playEvent = () => queue[0] && play(queue[0].from, queue[0].to);
const KEYS = {
  r: () => say("right"), 1: () => say("right"), w: () => say("wrong"), 2: () => say("wrong"),
  o: openChoice, 3: openChoice, u: () => say("unsure"), 4: () => say("unsure"),
  z: undo, backspace: undo, " ": playOrPause, e: playEvent,
  arrowleft: (event) => nudge(event, -STEP), arrowright: (event) => nudge(event, STEP),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return closeChoice();
  const action = KEYS[event.key.toLowerCase()];
  const typing = event.target.tagName === "INPUT";
  if (!action || typing || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  if (!event.repeat || event.key.startsWith("Arrow")) action(event);
});

for (const border of ["onset", "offset"]) {
  const element = id(border);
  element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    const stage = id("stage").getBoundingClientRect();
    move(border, ((event.clientX - stage.left) / stage.width) * (queue[0]?.seconds ?? 0));
  });
}

const CLICKS = {
  right: () => say("right"), wrong: () => say("wrong"), other: openChoice, unsure: () => say("unsure"),
  play: playOrPause, "play-event": playEvent, undo, cancel: closeChoice, again: load,
};
for (const [name, action] of Object.entries(CLICKS)) {
  id(name).addEventListener("click", () => { document.activeElement?.blur(); action(); });
}
id("choice").addEventListener("submit", (event) => { event.preventDefault(); choose(id("name").value); });

function follow() {
  const clip = queue[0];
  if (clip) {
    if (clip.sound.currentTime >= clip.until) clip.sound.pause();
    id("playhead").style.left = `${(100 * clip.sound.currentTime) / clip.seconds}%`;
  }
  requestAnimationFrame(follow);
}

function load() {
  ask("state?client=" + client).then(take, (error) => tell(error.message));
}

keep();
load();
follow();
