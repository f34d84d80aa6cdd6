/**
 * The two ways to the server, with one face: the messages of the WebSocket.
 *
 * @typedef {object} Channel
 * @property {() => void} close
 *
 * @typedef {object} Ears
 * @property {() => void} opened
 * @property {(message: any) => void} heard
 * @property {(code: number) => void} ended Once, unless it was closed from here.
 */

const LINE = /^(\S+) (\S+) (\S+?(?:\[.*?\])?): ?(.*)$/s;
const BROKEN = 1006;
const TRY_AGAIN = 1013; // with a reason: as many read as may do; else it is broken
/** What `ended` is told when as many read the session as may do. */
export const FULL = 4429;
/** What an answer's status means as a close code: there is no such session, or no such filter. */
const CODES = new Map([[204, 4404], [404, 4404], [422, 4422], [429, FULL]]);

/**
 * @typedef {Record<string, string>} Query What is asked for beside the page's own query; empty
 *   values are left out.
 *
 * @param {Query} query
 * @param {string} [suffix]
 */
export function streamUrl(query, suffix = "") {
  const url = new URL(location.href);
  url.hash = "";
  url.pathname = url.pathname.replace(/\/$/, "") + suffix;
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
}

/**
 * @param {Query} query
 * @param {Ears} ears
 * @returns {Channel}
 */
export function openSocket(query, ears) {
  const url = streamUrl(query, "/ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  let opened = false;
  let closed = false;
  socket.onopen = () => {
    opened = true;
    ears.opened();
  };
  socket.onmessage = (event) => {
    if (!closed) ears.heard(JSON.parse(event.data));
  };
  socket.onclose = async (event) => {
    const said = event.code === TRY_AGAIN && event.reason ? FULL : event.code;
    const code = opened || closed ? said : await whyRefused();
    if (!closed) ears.ended(code);
  };
  return {
    close: () => {
      closed = true;
      socket.close(1000);
    },
  };
}

/**
 * For networks that let no WebSocket through. Its lines are text, so they say less.
 *
 * @param {Query} query
 * @param {Ears} ears
 * @returns {Channel}
 */
export function openEvents(query, ears) {
  const events = new EventSource(streamUrl(query));
  events.onopen = () => ears.opened();
  events.onmessage = (event) => {
    ears.heard({ type: "lines", lines: [lineOf(event.data, event.lastEventId)] });
  };
  for (const type of ["gap", "skipped"]) {
    events.addEventListener(type, (event) => {
      ears.heard({ type, reason: /** @type {MessageEvent} */ (event).data });
    });
  }
  events.addEventListener("bye", (event) => {
    ears.heard({ type: "bye", reason: /** @type {MessageEvent} */ (event).data });
  });
  events.onerror = async () => {
    // The browser would come again by itself, at its own pace: this page has one of its own.
    events.close();
    ears.ended(await whyRefused());
  };
  return { close: () => events.close() };
}

/** @returns {Promise<number>} A close code: a browser shows no page the answer to a handshake. */
async function whyRefused() {
  try {
    const answer = await fetch(streamUrl({}), {
      method: "HEAD",
      cache: "no-store",
      headers: { Accept: "text/event-stream" },
    });
    return CODES.get(answer.status) ?? BROKEN;
  } catch {
    return BROKEN;
  }
}

/**
 * @param {string} text `2006-01-02T15:04:05Z app-space app[web.1]: text`
 * @param {string} id
 * @returns {import("../types.js").WireLine}
 */
export function lineOf(text, id) {
  const found = LINE.exec(text);
  if (!found) return { id, time: "", name: "", source: "", process: "", tag: "", stream: "", text };
  const [, time, name, label, rest] = found;
  const platform = /^akkeris\/(router|build)/.exec(label);
  const tag = label.replace(/^app\[(.*)\]$/, "$1");
  const process = platform ? "" : tag.split(".")[0];
  const source = platform ? platform[1] : "app";
  return { id, time, name, source, process, tag, stream: "", text: rest };
}
