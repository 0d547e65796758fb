// Building pages out of elements: text is always text, so nothing that people wrote is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

// A place's children; lists are flattened, and what is absent is left out.
export function fill(place, ...children) {
  place.replaceChildren();
  return build(place, {}, children);
}

function build(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return made;
}

export const el = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

// Airflow shows this page in a frame that may not open others; an anchor of its own page may.
function leave(event) {
  if (window.parent === window) return;
  event.preventDefault();
  const link = window.parent.document.createElement("a");
  link.href = event.currentTarget.href;
  if (event.currentTarget.target === "_blank" || event.ctrlKey || event.metaKey) link.target = "_blank";
  link.rel = "noopener";
  link.click();
}

// A link out of the page: to Airflow in the same window, to MLflow in a new one. Nothing but web addresses.
export function out(address, text, { fresh = true } = {}) {
  if (!address || !/^https?:\/\//.test(address)) return text;
  return el("a", { href: address, target: fresh ? "_blank" : "_top", rel: "noopener", onclick: leave }, text);
}

export const number = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

// A reason without the word that its badge says already.
export const because = (one) => (one.reason.startsWith(`${one.outcome}: `) ? one.reason.slice(one.outcome.length + 2) : one.reason);

export const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;

export const moment = (text) => (text ? text.slice(0, 16).replace("T", " ") : "–");

export function until(text) {
  if (!text) return "–";
  const seconds = (new Date(text) - Date.now()) / 1000;
  return seconds < 0 ? "due" : `in ${duration(seconds)}`;
}

// What came of a piece of work: a word, a sign and a colour, so that no colour has to be told from another.
export const OUTCOMES = {
  promoted: ["▲", "good"], refused: ["○", "warn"], withheld: ["◐", "warn"], kept: ["•", "quiet"],
  held: ["■", "bad"], failed: ["✕", "bad"], passed: ["✓", "good"], open: ["…", "quiet"],
};

export function badge(outcome) {
  const [sign, tone] = OUTCOMES[outcome] ?? ["", "quiet"];
  return el("span", { class: `badge ${tone}` }, el("span", { "aria-hidden": "true" }, sign), " ", outcome);
}

export function table(heads, rows, { empty = "Nothing yet." } = {}) {
  if (!rows.length) return el("p", { class: "quiet" }, empty);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "table" },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows)));
}
