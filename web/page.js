// The plain page: today's figures, the latest sessions, the live feed. What events hold is untrusted: it only ever
// becomes text (textContent), never markup.
const feed_rows = 200;
const session_rows = 25;
const redraw_ms = 250;
const refresh_ms = 2000;
const token = new URLSearchParams(location.hash.slice(1)).get("token");

const $ = (id) => document.getElementById(id);

function make(tag, name, ...content) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...content.map((part) => (part instanceof Node ? part : String(part ?? ""))));
  return element;
}

// -- words ----------------------------------------------------------------------------------------
const is_known = (n) => typeof n === "number";
const number = (n) => (is_known(n) ? n.toLocaleString("en") : "unknown");
const dollars = (n) => (is_known(n) ? n.toLocaleString("en", { style: "currency", currency: "USD" }) : "unknown");

function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

function change(today, yesterday, say) {
  if (!is_known(today) || !is_known(yesterday)) return "";
  if (today === yesterday) return "as yesterday";
  return `${today > yesterday ? "+" : "\u2212"}${say(Math.abs(today - yesterday))} on yesterday`;
}

function clock(ts) {
  const at = new Date(ts);
  if (Number.isNaN(at.getTime())) return make("time", "", ts);
  const is_today = at.toDateString() === new Date().toDateString();
  const element = make("time", "", is_today ? at.toLocaleTimeString("en-GB") : at.toLocaleString("en-GB"));
  element.dateTime = ts;
  return element;
}

function cut(value) {
  const text = value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

const who = (framework, host) => (host ? `${framework} on ${host}` : framework);

// -- today and sessions ---------------------------------------------------------------------------
function draw_summary(today) {
  const before = today.yesterday;
  const told = (known) => (known < today.runs ? `told by ${number(known)} of ${number(today.runs)} runs` : "");
  const figure = (title, pick, say = number, note = "") => {
    const notes = [note, change(pick(today), pick(before), say)].filter(Boolean).join(", ");
    return make("div", "", make("dt", "", title), make("dd", "value", say(pick(today))), make("dd", "note", notes));
  };
  $("day").textContent = `${today.day} UTC, beside yesterday until this time`;
  $("figures").replaceChildren(
    figure("Sessions", (s) => s.sessions, number, `${number(today.active_sessions)} active`),
    figure("Runs", (s) => s.runs, number, `${number(today.failed_runs)} failed`),
    figure("Tool calls", (s) => s.tool_calls),
    figure("Errors", (s) => s.errors),
    figure("Events", (s) => s.events),
    figure("Input tokens", (s) => s.usage.input_tokens, number, told(today.usage_known_runs)),
    figure("Output tokens", (s) => s.usage.output_tokens, number, told(today.usage_known_runs)),
    figure("Cost", (s) => s.usage.cost_usd, dollars, told(today.cost_known_runs)));
}

const sessions = new Map();

function take_sessions(list) {
  for (const session of list) sessions.set(session.session_id, session);
  redraw_soon();
}

function draw_sessions() {
  const latest = [...sessions.values()].sort((a, b) => Date.parse(b.last_ts) - Date.parse(a.last_ts));
  for (const old of latest.splice(session_rows)) sessions.delete(old.session_id);
  $("sessions").replaceChildren(...latest.map((s) => make("tr", "",
    make("td", "", cut(s.session_id)), make("td", "", who(s.framework, s.host)), make("td", s.status, s.status),
    make("td", "wide", clock(s.last_ts)), make("td", "n", number(s.counts.runs)),
    make("td", "n wide", number(s.counts.tool_calls)), make("td", "n", number(s.counts.errors)),
    make("td", "n wide", number(s.usage.output_tokens)))));
}

// -- the feed -------------------------------------------------------------------------------------
const seen = new Set(); // ids of late, so that what is both read and pushed is shown once
let shown = []; // {at, row}, newest first
let waiting = []; // the same, not yet shown
let unread = 0;

function event_row(e) {
  const { type, ts, source } = e.event;
  const payload = e.payload ?? {};
  const took = is_known(payload.duration_ms) ? duration(payload.duration_ms) : "";
  const text = payload.error?.message ?? payload.state ?? payload.input ?? payload.output;
  const what = [payload.name, payload.status, took, text].map(cut).filter(Boolean).join(" · ");
  const head = make("summary", "", clock(ts), make("span", "type", type),
    make("span", "who", who(source.framework, source.host)), make("span", "what", what));
  const whole = make("pre");
  const details = make("details", "", head, whole);
  details.addEventListener("toggle", () => {
    whole.textContent = details.open ? JSON.stringify(e, null, 2) : "";
    redraw_soon();
  });
  return make("li", type === "error" || payload.status === "error" ? "bad" : "", details);
}

function take_events(events) {
  const fresh = events.filter((e) => !seen.has(e.event.id.toLowerCase())).slice(-feed_rows);
  for (const e of fresh) {
    seen.add(e.event.id.toLowerCase());
    add(Date.parse(e.event.ts) || Date.now(), () => event_row(e));
  }
  for (const id of seen) if (seen.size > 10 * feed_rows) seen.delete(id); else break;
}

function add(at, row) {
  waiting.push({ at, row });
  ++unread;
  if (waiting.length > 2 * feed_rows) waiting = waiting.slice(-feed_rows);
  redraw_soon();
}

const is_pressed = () => $("pause").getAttribute("aria-pressed") === "true";
const is_reading = () => $("feed").scrollTop > 8 || $("feed").querySelector("details[open], :focus") !== null;

function draw_feed() {
  const holds = is_pressed() || is_reading();
  if (!holds && waiting.length > 0) {
    const rows = waiting.slice(-feed_rows).map(({ at, row }) => ({ at, row: row() })).reverse();
    shown = [...rows, ...shown].sort((a, b) => b.at - a.at).slice(0, feed_rows);
    $("feed").replaceChildren(...shown.map(({ row }) => row));
    waiting = [];
  }
  if (waiting.length === 0) unread = 0;
  if (shown.length > 0) $("first").hidden = true;
  $("new").hidden = unread === 0;
  $("new").textContent = `${number(unread)} new: show`;
  if (shown.length === 0 && waiting.length === 0) $("feed").replaceChildren(make("li", "none", "Nothing yet."));
}

function release() {
  $("pause").setAttribute("aria-pressed", "false");
  for (const open of $("feed").querySelectorAll("details[open]")) open.open = false;
  $("feed").scrollTop = 0;
  redraw_soon();
}
$("new").addEventListener("click", () => { release(); $("feed").focus(); });
$("pause").addEventListener("click", () => {
  if (is_pressed()) release();
  else $("pause").setAttribute("aria-pressed", "true");
});
$("feed").addEventListener("scroll", redraw_soon);
$("feed").addEventListener("focusout", redraw_soon);

let redraw = null;
function redraw_soon() {
  redraw ??= setTimeout(() => { redraw = null; draw_sessions(); draw_feed(); }, redraw_ms);
}

// -- the query API --------------------------------------------------------------------------------
async function ask(path) {
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  const body = await answer.json().catch(() => null);
  if (answer.status === 401) throw new Error("A token is needed: put #token=… behind this page's address, reload.");
  if (!answer.ok) throw new Error(body?.error?.message ?? `${path} was answered with ${answer.status}.`);
  return body;
}

async function refresh(with_events) {
  try {
    const stored = with_events ? ask("/v1/events?limit=50") : { events: [] };
    const [today, latest, late] =
      await Promise.all([ask("/v1/stats/summary"), ask(`/v1/sessions?limit=${session_rows}`), stored]);
    draw_summary(today);
    take_sessions(latest.sessions);
    take_events(late.events.reverse());
    $("first").hidden = sessions.size > 0 || seen.size > 0;
    $("problem").hidden = true;
  } catch (why) {
    const is_away = why instanceof TypeError; // what fetch throws when nobody answers
    $("problem").textContent = is_away ? "The server does not answer. Is agentmon running?" : why.message;
    $("problem").hidden = false;
  }
}

let refreshing = null;
function refresh_soon() {
  refreshing ??= setTimeout(() => { refreshing = null; refresh(false); }, refresh_ms);
}

// -- the live socket ------------------------------------------------------------------------------
let last_seq = null;
let retry_ms = 500;

function state(name, text) {
  $("state").className = name;
  $("state").textContent = text;
}

function take_frame(frame) {
  if (frame.hello) {
    last_seq ??= frame.seq; // later ones are not ours to skip to: what we missed comes behind it
  } else if ("gap" in frame) {
    const missed = is_known(frame.gap) ? `${number(frame.gap)} frames were` : "Something was";
    add(Date.now(), () => make("li", "gap", `${missed} missed here; what is above the feed is complete.`));
    refresh(true);
  } else {
    last_seq = frame.seq;
    take_events(frame.events ?? []);
    take_sessions(frame.sessions ?? []);
    refresh_soon();
  }
}

function connect() {
  const url = new URL("/v1/ws", location.origin);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (last_seq !== null) url.searchParams.set("since", last_seq);
  if (token) url.searchParams.set("token", token);
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => {
    state("live", "live");
    retry_ms = 500;
    refresh(last_seq === null);
  });
  socket.addEventListener("message", ({ data }) => take_frame(JSON.parse(data)));
  socket.addEventListener("close", () => {
    state("away", "not connected, trying again");
    setTimeout(connect, retry_ms * (0.5 + Math.random()));
    retry_ms = Math.min(2 * retry_ms, 10_000);
  });
}

$("command").textContent = $("command").textContent.replace("localhost", location.hostname);
setInterval(() => { if (!document.hidden) refresh(false); }, 30_000);
refresh(true);
redraw_soon();
connect();
