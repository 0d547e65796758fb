// Pictures of a model's history: drawn as SVG, each lane on the same axis of time.

import { OUTCOMES, moment, svg } from "./dom.js";

// As many units as there are pixels, so that letters stay letters on a phone.
const WIDTH = Math.max(380, Math.min(1200, window.innerWidth - 24)), LEFT = 64, RIGHT = 16;

// Axes at round numbers: about `count` of them.
function ticks(low, high, count = 4) {
  const raw = (high - low) / count || 1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((one) => one >= raw);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) found.push(value);
  return { found, digits: Math.max(0, Math.min(6, -Math.floor(Math.log10(step)))) };
}

export function timeAxis(steps, extra = []) {
  const times = [...steps.map((one) => one.as_of), ...extra].map((one) => +new Date(one));
  let low = Math.min(...times), high = Math.max(...times);
  if (low === high) { low -= 43200000; high += 43200000; }
  const inner = WIDTH - LEFT - RIGHT - 16;
  return { low, high, at: (when) => LEFT + 8 + (+new Date(when) - low) / (high - low) * inner };
}

function lane(top, height, title, low, high) {
  const down = (value) => top + height - (Math.min(Math.max(value, low), high) - low) / (high - low || 1) * height;
  const { found, digits } = ticks(low, high, 3);
  return {
    down,
    drawn: [
      svg("text", { class: "lane", x: LEFT, y: top - 8 }, title),
      found.map((value) => [
        svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: down(value), y2: down(value) }),
        svg("text", { x: LEFT - 8, y: down(value) + 4, "text-anchor": "end" }, value.toFixed(digits)),
      ]),
    ],
  };
}

const SERIES = [["champion", "champion", "s0"], ["challenger", "challenger", "s1"], ["fresh", "newest rows", "s2"],
  ["memory", "memory set", "s3"]];

export function seriesSeen(steps) {
  return SERIES.filter(([key]) => steps.some((one) => one.scores[key]));
}

// Score, events, drift and cost of the loaded steps, on one axis of time.
export function timeline(steps, versions, metric, features) {
  const retired = versions.filter((one) => one.retired && one.by);
  const axis = timeAxis(steps, retired.map((one) => one.retired));
  const parts = [];
  let top = 28;
  const seen = seriesSeen(steps);
  if (seen.length) {
    const values = steps.flatMap((one) => Object.values(one.scores).flat()).filter((one) => one !== null);
    const low = Math.min(...values), high = Math.max(...values), margin = (high - low) * 0.08 || 0.01;
    const { down, drawn } = lane(top, 190, metric, low - margin, high + margin);
    parts.push(drawn, seen.map(([key, name, tone]) => series(steps, key, name, tone, axis, down)));
    top += 190 + 40;
  }
  parts.push(svg("text", { class: "lane", x: LEFT, y: top - 8 }, "what came of it"));
  for (const one of steps) parts.push(mark(axis.at(one.as_of), top + 14, one.outcome,
    `${moment(one.as_of)} ${one.dag_id}: ${one.outcome}${one.fired.length ? `, ${one.fired.join(", ")} fired` : ""}`));
  for (const one of steps.filter((step) => step.fired.length)) {
    parts.push(svg("text", { class: "mark bad", x: axis.at(one.as_of), y: top + 34 }, "!",
      svg("title", {}, `${moment(one.as_of)}: ${one.fired.join(", ")} fired`)));
  }
  for (const one of retired) {
    parts.push(svg("text", { class: "mark bad", x: axis.at(one.retired), y: top + 34 }, "▼",
      svg("title", {}, `v${one.number} rolled back by ${one.by}: ${one.reason}`)));
  }
  top += 50 + 34;
  const worst = features.slice(0, 3);
  if (worst.length) {
    const most = Math.max(1.2, ...steps.flatMap((one) => worst.map((name) => one.drift[name] ?? 0)));
    const { down, drawn } = lane(top, 110, "drift, as a multiple of its limit", 0, most);
    parts.push(drawn, svg("line", { class: "limit", x1: LEFT, x2: WIDTH - RIGHT, y1: down(1), y2: down(1) }));
    worst.forEach((name, index) => {
      const at = steps.filter((one) => name in one.drift);
      parts.push(svg("polyline", { class: `line s${index}`,
        points: at.map((one) => `${axis.at(one.as_of)},${down(one.drift[name])}`).join(" ") }));
    });
    top += 110 + 40;
  }
  const spent = Math.max(...steps.map((one) => one.cost_seconds));
  if (spent > 0) {
    const { down, drawn } = lane(top, 60, "seconds of fitting", 0, spent);
    parts.push(drawn, steps.filter((one) => one.cost_seconds).map((one) =>
      svg("rect", { class: "cost", x: axis.at(one.as_of) - 3, width: 6, y: down(one.cost_seconds),
        height: top + 60 - down(one.cost_seconds) },
      svg("title", {}, `${moment(one.as_of)}: ${one.cost_seconds.toFixed(1)} s`))));
    top += 60 + 12;
  }
  const ends = [[axis.low, "start"], [(axis.low + axis.high) / 2, "middle"], [axis.high, "end"]];
  for (const [when, anchor] of WIDTH < 600 ? [ends[0], ends[2]] : ends) {
    parts.push(svg("text", { x: axis.at(when), y: top + 12, "text-anchor": anchor },
      moment(new Date(when).toISOString())));
  }
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${top + 24}`, role: "img",
    "aria-label": "Scores, outcomes, drift and cost over time; the table below has them all" }, parts);
}

function series(steps, key, name, tone, axis, down) {
  const at = steps.filter((one) => one.scores[key]);
  const points = at.map((one) => `${axis.at(one.as_of)},${down(one.scores[key][0])}`).join(" ");
  const known = at.map((one) => [axis.at(one.as_of), ...one.scores[key]]).filter((one) => one[2] !== null && one[3] !== null);
  const band = [...known.map(([x, , low]) => `${x},${down(low)}`), ...known.reverse().map(([x, , , high]) => `${x},${down(high)}`)];
  return svg("g", { class: tone },
    key === "champion" && svg("polygon", { class: "band", points: band.join(" ") }),
    key !== "challenger" && svg("polyline", { class: "line", points }),
    at.map((one) => {
      const [value, low, high] = one.scores[key], x = axis.at(one.as_of);
      return [
        key !== "champion" && low !== null && high !== null && svg("line", { x1: x, x2: x, y1: down(low), y2: down(high), opacity: 0.45 }),
        svg("circle", { cx: x, cy: down(value), r: 4, class: one.outcome === "promoted" || key === "champion" ? "dot" : "open" },
          svg("title", {}, `${moment(one.as_of)}: ${name} ${value.toFixed(4)}`)),
      ];
    }));
}

function mark(x, y, outcome, title) {
  const [sign, tone] = OUTCOMES[outcome] ?? ["·", "quiet"];
  return svg("text", { class: `mark ${tone}`, x, y }, sign, svg("title", {}, title));
}

// Features in order of how far they have ever drifted.
export function drifting(steps) {
  const most = {};
  for (const one of steps) {
    for (const [name, value] of Object.entries(one.drift)) most[name] = Math.max(most[name] ?? 0, value);
  }
  return Object.keys(most).sort((a, b) => most[b] - most[a]);
}

// Feature by check: the deeper, the nearer to the limit; framed where it was exceeded.
export function heatMap(steps, features, choose) {
  const checks = steps.filter((one) => Object.keys(one.drift).length).slice(WIDTH < 600 ? -30 : -80);
  const shown = features.slice(0, 20), tall = 22, left = Math.min(150, WIDTH / 4);
  const wide = (WIDTH - left - RIGHT) / Math.max(checks.length, 12);
  const pick = (one, name) => ({
    onclick: () => choose(one, name),
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(one, name); } },
  });
  const cells = shown.flatMap((name, row) => checks.map((one, column) => {
    if (!(name in one.drift)) return null;
    const value = one.drift[name];
    const label = `${name}, ${moment(one.as_of)}: ${value.toFixed(2)} times its limit`;
    return svg("rect", { class: `heat${value >= 1 ? " over" : ""}`, x: left + column * wide + 1, y: row * tall + 1,
      width: Math.max(wide - 2, 2), height: tall - 2, "fill-opacity": Math.max(0.06, Math.min(value, 1)).toFixed(2),
      tabindex: column === checks.length - 1 ? 0 : -1, role: "button", "aria-label": label, ...pick(one, name) },
    svg("title", {}, label));
  }));
  const names = shown.map((name, row) => svg("text", { x: left - 8, y: row * tall + 16, "text-anchor": "end" },
    name.length > left / 7 ? `${name.slice(0, left / 7 - 1)}…` : name));
  const bottom = shown.length * tall + 16;
  const ends = checks.length ? [
    svg("text", { x: left, y: bottom }, moment(checks[0].as_of)),
    checks.length > 1 && svg("text", { x: left + checks.length * wide, y: bottom, "text-anchor": "end" },
      moment(checks[checks.length - 1].as_of)),
  ] : [];
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${bottom + 8}`, role: "group",
    "aria-label": "Drift by feature and check" }, cells, names, ends);
}

// Training rows against newest rows, group by group.
export function histogramOf(bars) {
  const top = Math.max(...bars.flatMap((one) => [one.reference, one.current])) || 1;
  const wide = (WIDTH - LEFT - RIGHT) / bars.length, floor = 170;
  const { drawn } = lane(20, 150, "share of the rows", 0, top);
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} 200`, role: "img",
    "aria-label": "Histogram of the training rows and of the newest rows" }, drawn,
  bars.map((one, index) => [
    [["ours", one.reference, 0.1], ["theirs", one.current, 0.48]].map(([tone, share, offset]) => svg("rect", {
      class: tone, x: LEFT + (index + offset) * wide, width: wide * 0.36, y: floor - share / top * 150,
      height: share / top * 150 }, svg("title", {}, `${one.label}: ${(share * 100).toFixed(1)}%`))),
    index % Math.ceil(70 / wide) === 0
      && svg("text", { x: LEFT + (index + 0.5) * wide, y: floor + 18, "text-anchor": "middle" }, one.label.slice(0, 9)),
  ]));
}
