// One model: how it stands, what happened to it, why, and what may be done about it.

import { ask } from "./app.js";
import { drifting, heatMap, histogramOf, seriesSeen, timeline } from "./charts.js";
import { badge, because, count, duration, el, fill, moment, number, out, table, until } from "./dom.js";
import { attention, figures, waiting } from "./overview.js";

const ACTS = {
  run: ["Retrain now", "Trains a challenger as of now, whatever the triggers say; it serves only if it passes the gate."],
  check: ["Check now", "Asks every trigger as of now; retrains only if the evidence asks for it."],
  update: ["Update now", "Lets the champion learn the newest labelled rows now."],
  drill: ["Run the fire drill", "Shows every trigger a change, at which it must fire, and none, at which it must stay quiet."],
  rollback: ["Roll back", "The champion is retired as of now, and a former one serves again."],
  pause: ["Pause promotion", "Checks and trainings go on, and nobody becomes champion until it is resumed."],
  resume: ["Resume promotion", "Versions that pass the gate are promoted again."],
};

export async function showModel(main, model, asked, again) {
  const at = `models/${encodeURIComponent(model)}`;
  const within = asked.get("within") ?? "";
  const [one, page] = await Promise.all([ask(at), ask(`${at}/decisions?${query({ within })}`)]);
  const steps = [...page.decisions];
  const state = { next: page.next, histogram: null };
  const said = el("div", { "aria-live": "polite" });

  function draw() {
    const inOrder = [...steps].reverse().filter((step) => step.strategy !== "selftest");
    const features = drifting(inOrder);
    fill(main, 
      el("header", { class: "bar" },
        el("a", { href: "?" }, "← All models"),
        el("h1", {}, one.model),
        one.champion ? out(one.champion_url, `champion v${one.champion}`) : el("span", { class: "quiet" }, "no champion yet"),
        el("span", { class: "quiet" }, `next run ${until(one.next_run)}`),
        el("button", { type: "button", onclick: again }, "Refresh")),
      attention(one),
      one.champion ? figures(one) : el("p", {}, waiting(one)),
      el("p", { class: "quiet" }, `Last 30 days: ${one.at_least ? "at least " : ""}${count(one.retrains, "fit")}, ${duration(one.compute_seconds)} of computing. DAGs: `,
        one.dags.length ? one.dags.map((dag, index) => [index ? ", " : "",
          out(`${window.location.origin}${base()}/dags/${encodeURIComponent(dag.dag_id)}`, dag.dag_id, { fresh: false }),
          dag.paused ? " (paused)" : ""]) : "none in this Airflow"),
      actions(one, said, again),
      said,
      el("h2", {}, "What happened"),
      period(within, model),
      inOrder.length ? [timeline(inOrder, one.versions, one.metric, features), legend(inOrder, features)]
        : el("p", { class: "quiet" }, within ? `Nothing was decided in ${within}.` : "Nothing was decided yet."),
      features.length ? [
        el("h2", {}, "Drift by feature and check"),
        el("p", { class: "quiet" }, "The deeper, the nearer to its limit; framed where it was beyond. Choose one to see its rows."),
        heatMap(inOrder, features, choose), state.histogram] : null,
      el("h2", {}, "Decisions"),
      decisions(steps),
      state.next && el("p", {}, el("button", { type: "button", onclick: older }, "Older ones")),
      el("h2", {}, "Versions"),
      versions(one));
  }

  async function older() {
    const more = await ask(`${at}/decisions?${query({ within, page: state.next })}`);
    steps.push(...more.decisions);
    state.next = more.next;
    draw();
  }

  async function choose(step, feature) {
    const box = el("section", {}, el("h2", {}, `${feature} as of ${moment(step.as_of)}`));
    state.histogram = box;
    try {
      const found = (await ask(`${at}/histograms/${step.run_id}`)).features[feature];
      box.append(found ? histogramOf(found) : el("p", { class: "quiet" }, "Its rows were not counted by feature."),
        el("p", { class: "legend" }, el("span", {}, "grey: training rows"), el("span", {}, "blue: newest rows")));
    } catch (error) {
      box.append(el("p", { class: "error", role: "alert" }, error.message));
    }
    draw();
    box.scrollIntoView({ block: "nearest" });
  }

  draw();
}

const base = () => window.location.pathname.replace(/\/retrain\/.*$/, "");

function query(asked) {
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
}

function period(within, model) {
  const field = el("input", { id: "within", name: "within", value: within, placeholder: "2026-11", size: 12,
    pattern: "\\d{4}(-\\d{2}){0,2}", title: "A year, a month or a day" });
  return el("form", { class: "bar", method: "get" },
    el("input", { type: "hidden", name: "model", value: model }),
    el("label", { for: "within" }, "Within the year, month or day"), field,
    el("button", { type: "submit" }, "Show"),
    within ? el("a", { href: `?model=${encodeURIComponent(model)}` }, "the newest") : el("span", {}));
}

function legend(steps, features) {
  return el("p", { class: "legend" },
    seriesSeen(steps).map(([, name, tone]) => el("span", {}, el("b", { class: tone }, "● "), name)),
    features.slice(0, 3).map((name, index) => el("span", {}, el("b", { class: `s${index}` }, "— "), name)),
    el("span", {}, "▲ promoted  ○ refused  ◐ withheld  • kept  ■ held  ✕ failed  ! fired  ▼ rolled back"));
}

function decisions(steps) {
  return table(["as of", "what", "outcome", "why", "version", "fit", ""], steps.map((one) => el("tr", {},
    el("td", { class: "tight" }, moment(one.as_of)),
    el("td", { class: "tight" }, one.decision || one.strategy, el("br"), el("span", { class: "quiet" }, one.dag_id)),
    el("td", {}, badge(one.outcome)),
    el("td", { class: "wide" }, because(one),
      one.asked_for && one.asked_for !== one.reason && el("div", { class: "quiet" },
        one.asked_by ? `asked for by ${one.asked_by}: ${one.asked_for}` : `because ${one.asked_for}`)),
    el("td", { class: "tight" }, one.version ? out(one.version_url, `v${one.version}`) : ""),
    el("td", { class: "tight" }, one.cost_seconds ? `${one.cost_seconds.toFixed(1)} s` : ""),
    el("td", { class: "tight" }, out(one.dag_run_url, one.dag_run_url ? "Airflow" : "", { fresh: false }), " ",
      out(one.mlflow_url, one.mlflow_url ? "MLflow" : "")))), { empty: "No decision yet." });
}

function versions(one) {
  return [
    table(["version", "made by", "as of", "from", "rows", "remembered", "fit", "served from", "retired", "why"],
      one.versions.map((version) => el("tr", { class: version.serving ? "serving" : null },
        el("td", { class: "tight" }, out(version.url, `v${version.number}`), version.serving ? " serves" : ""),
        el("td", { class: "tight" }, version.step),
        el("td", { class: "tight" }, moment(version.as_of)),
        el("td", { class: "tight" }, version.parent ? `v${version.parent}` : ""),
        el("td", { class: "tight" }, version.rows ?? "", version.rows_new ? ` (${version.rows_new} new)` : ""),
        el("td", { class: version.remembered ? "wide" : null }, version.remembered),
        el("td", { class: "tight" }, `${number(version.cost_seconds, 1)} s`),
        el("td", { class: "tight" }, version.served_from ? moment(version.served_from) : ""),
        el("td", { class: "tight" }, version.retired ? moment(version.retired) : ""),
        el("td", { class: "wide" }, version.by && `${version.by}: `, because(version)))),
      { empty: "No version yet: the first run makes one." }),
    one.versions_left_out ? el("p", { class: "quiet" }, `${one.versions_left_out} older ones are in MLflow.`) : null,
  ];
}

function actions(one, said, again) {
  const shown = one.acts.filter((right) => right.allowed && (right.act !== "resume" || one.paused)
    && (right.act !== "pause" || !one.paused) && (right.act !== "rollback" || former(one).length));
  return shown.length ? el("div", { class: "acts" }, shown.map((right) =>
    el("button", { type: "button", "data-act": right.act, onclick: () => confirm(one, right, said, again) }, ACTS[right.act][0]))) : null;
}

const former = (one) => one.versions.filter((version) => version.served_from && !version.retired && !version.serving);

// Every act asks once, and wants a reason.
function confirm(one, right, said, again) {
  const [title, told] = ACTS[right.act];
  const reason = el("input", { id: "reason", required: true, maxlength: 500, autocomplete: "off" });
  const choice = right.act === "rollback" ? el("select", { id: "version" }, former(one).map((version) =>
    el("option", { value: version.number }, `v${version.number}, as of ${moment(version.as_of)}`))) : null;
  const problem = el("p", { class: "error", role: "alert" });
  const dialog = el("dialog", { "aria-labelledby": "asked" },
    el("form", { onsubmit: act },
      el("h2", { id: "asked" }, `${title}: ${one.model}`),
      el("p", {}, told, right.dag_id ? ` Starts a run of ${right.dag_id}.` : ""),
      choice && [el("label", { for: "version" }, "Which version serves again?"), choice],
      el("label", { for: "reason" }, "Why? It goes on record with your name."), reason, problem,
      el("div", { class: "acts" },
        el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { type: "submit" }, title))));
  dialog.addEventListener("close", () => dialog.remove());
  document.querySelector(".done")?.remove();

  async function act(event) {
    event.preventDefault();
    const body = { reason: reason.value, dag_id: right.dag_id, version: choice ? Number(choice.value) : null };
    try {
      const { done } = await ask(`models/${encodeURIComponent(one.model)}/acts/${right.act}`, { body });
      dialog.close();
      await again();
      document.querySelector("main .bar").after(el("p", { class: "done", role: "status" }, done));
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  reason.focus();
}
