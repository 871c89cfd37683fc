// The page that other computers may look at. Everything in a run came from elsewhere: it is put
// in as text (textContent) or as a path of our own, never as markup.
"use strict";

const TONES = {
  completed: "ok", failed: "bad", crashed: "bad", cancelled: "off",
  paused: "wait", blocked: "wait", stopping: "wait",
};
const WORDS = {
  queued: "Queued", starting: "Starting", running: "Running", paused: "Paused", blocked: "Waits for an answer",
  stopping: "Stopping", completed: "Completed", failed: "Failed", cancelled: "Cancelled", crashed: "Crashed",
};
const PAGE = 20, MOST = 200, BUSY_MS = 2000, IDLE_MS = 4000, LONGEST_WAIT_MS = 30000;
const MOST_PICTURES = 8;
const cards = new Map(); // workflow_id -> article
const whole = new Map(); // workflow_id -> {etag, run}: the run with its steps and results
const $ = (id) => document.getElementById(id);
let limit = PAGE, failures = 0, timer = 0;

async function look() {
  clearTimeout(timer);
  let wait = IDLE_MS;
  try {
    const answer = await ask("/workflows?limit=" + limit);
    const now = Date.parse(answer.headers.get("Date")) || Date.now(); // the other computer's clock
    const said = await answer.json();
    show(said, await Promise.all(said.workflows.map(wholeOf)), now);
    failures = 0;
    if (said.workflows.some((row) => row.is_terminal === false)) wait = BUSY_MS;
  } catch {
    failures += 1;
    wait = Math.min(BUSY_MS * 2 ** failures, LONGEST_WAIT_MS);
  }
  tellLink();
  clearTimeout(timer); // a second look may have begun meanwhile
  if (!document.hidden) timer = setTimeout(look, wait);
}

async function ask(path, etag) {
  const headers = { Accept: "application/json" };
  if (etag) headers["If-None-Match"] = etag;
  const answer = await fetch(path, { headers, cache: "no-store" });
  if (answer.status === 401) location.reload(); // the session ended: the page becomes the form
  if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
  return answer;
}

// A row of the list with what it lacks. A run that has ended is asked for once.
async function wholeOf(row) {
  const known = whole.get(row.workflow_id);
  if (row.problem || (known && known.run.is_terminal)) return known ? known.run : row;
  const answer = await ask("/workflows/" + encodeURIComponent(row.workflow_id), known && known.etag);
  if (answer.status === 304) return known.run;
  const run = await answer.json();
  whole.set(row.workflow_id, { etag: answer.headers.get("ETag"), run });
  return run;
}

function tellLink() {
  const link = $("link");
  link.className = failures ? "is-lost" : "";
  const text = failures ? "No connection. Trying again" : "Live";
  if (link.textContent !== text) link.textContent = text; // a screen reader says each change
}

function show(said, runs, now) {
  const seen = new Set();
  for (const [section, ended] of [["now", false], ["past", true]]) {
    let before = $(section).querySelector("h2");
    for (const run of runs.filter((r) => (r.is_terminal !== false) === ended)) {
      const card = cards.get(run.workflow_id) || newCard(run.workflow_id);
      seen.add(run.workflow_id);
      fill(card, run, now);
      const place = before ? before.nextSibling : $(section).firstChild;
      if (card !== place) $(section).insertBefore(card, place);
      before = card;
    }
  }
  for (const [id, card] of cards) if (!seen.has(id)) { card.remove(); cards.delete(id); whole.delete(id); }
  $("past").hidden = !$("past").querySelector("article");
  $("none").hidden = cards.size > 0;
  $("more").hidden = !(said.total > limit) || limit >= MOST;
}

function newCard(id) {
  const card = $("run").content.firstElementChild.cloneNode(true);
  cards.set(id, card);
  return card;
}

function fill(card, run, now) {
  const put = (part, text) => { const e = card.querySelector("." + part); if (e.textContent !== text) e.textContent = text; };
  const percent = Math.round(run.progress_percent || 0);
  const began = run.status && run.status !== "queued";
  card.className = "is-" + (run.problem ? "bad" : run.not_responding ? "wait" : TONES[run.status] || "run");
  put("status", statusOf(run));
  put("percent", run.status === "completed" || !began ? "" : percent + " %");
  put("when", when(run, now));
  put("label", run.workflow_name || run.label || run.workflow_id);
  put("step", !began || (run.is_terminal && !run.error) ? "" : stepOf(run));
  put("error", run.problem || run.error || run.link || "");
  const bar = card.querySelector(".bar");
  bar.hidden = run.is_terminal !== false || !began;
  bar.setAttribute("aria-valuenow", percent);
  bar.setAttribute("aria-label", "Progress");
  bar.firstElementChild.style.width = percent + "%"; // set by script: the policy allows that
  picture(card.querySelector(".pictures"), run);
}

function statusOf(run) {
  if (run.problem) return "Cannot be read";
  return run.not_responding ? "No sign of life for " + span(run.silent_s) : WORDS[run.status] || run.status;
}

function stepOf(run) {
  const step = (run.steps || [])[run.current_step];
  if (!step) return "";
  const message = !run.is_terminal && step.progress && step.progress.message;
  return `Step ${run.current_step + 1} of ${run.total_steps}: ${step.label}` + (message ? ` (${message})` : "");
}

function picture(box, run) {
  const made = (run.outputs || []).filter((o) => o.downloaded && o.thumbnail);
  const mark = made.map((o) => o.number).join();
  if (box.dataset.mark === mark) return;
  box.dataset.mark = mark;
  const shown = made.length > MOST_PICTURES ? made.slice(0, MOST_PICTURES - 1) : made;
  box.replaceChildren(...shown.map((output) => linked(run.workflow_id, output)));
  if (shown.length < made.length) {
    const more = document.createElement("span");
    more.textContent = "+" + (made.length - shown.length);
    box.append(more);
  }
}

function linked(id, output) {
  const path = "/files/" + encodeURIComponent(id) + "/" + Number(output.number);
  const link = document.createElement("a"), image = document.createElement("img");
  link.href = path;
  link.target = "_blank";
  link.rel = "noopener";
  image.src = path + "/thumb";
  image.alt = output.filename || "Output " + output.number;
  image.loading = "lazy";
  link.append(image);
  return link;
}

function when(run, now) {
  const from = Date.parse(run.start_time || run.created_at);
  const to = Date.parse(run.finished_at);
  if (Number.isNaN(from)) return "";
  if (!run.is_terminal) return span((now - from) / 1000);
  return Number.isNaN(to) ? "" : span((now - to) / 1000) + " ago";
}

function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 86400) return Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
  return Math.floor(s / 86400) + " d";
}

$("more").addEventListener("click", () => { limit = Math.min(limit + PAGE, MOST); look(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
