// Every model at a glance.

import { ask } from "./app.js";
import { badge, because, count, duration, el, fill, number, out, until } from "./dom.js";

const EXAMPLE = `from retrain_plugin import Model, Parquet, Periodic
from retrain_plugin.airflow import retraining_dag

model = Model(
    name="my-model",
    source=Parquet("data/*.parquet", event_time="at"),
    features=["x", "y"], target="label",
    estimator="my_model:build", metric="roc_auc",
)
retraining_dag(model, Periodic(schedule="@weekly"))`;

export async function showOverview(main, again) {
  const { models } = await ask("models");
  if (!models.length) {
    fill(main, 
      el("h1", {}, "Retraining"),
      el("p", {}, "No model retrains here yet. A file in the DAGs folder declares one:"),
      el("pre", {}, EXAMPLE),
      el("p", {}, "Its DAG shows up in Airflow within a minute; unpause it, and its champion shows up here."));
    return;
  }
  const worried = models.filter((one) => one.health.length || one.paused).length;
  fill(main, 
    el("header", { class: "bar" },
      el("h1", {}, "Retraining"),
      el("span", { class: "quiet" },
        `${count(models.length, "model")}, `,
        worried ? `${worried} to look at` : "all well"),
      el("button", { type: "button", onclick: again }, "Refresh")),
    el("div", { class: "cards" }, models.map(card)));
}

function card(one) {
  const link = `?model=${encodeURIComponent(one.model)}`;
  return el("article", { class: "card" },
    el("h2", {}, el("a", { href: link }, one.model), " ",
      one.champion ? out(one.champion_url, `v${one.champion}`) : el("span", { class: "quiet" }, "no champion yet")),
    attention(one),
    one.champion ? figures(one) : el("p", {}, waiting(one)),
    one.last && el("p", {}, badge(one.last.outcome), " ", el("span", { class: "reason" }, because(one.last))),
    el("p", { class: "quiet" }, `next run ${until(one.next_run)} · 30 days: ${one.at_least ? "at least " : ""}${count(one.retrains, "fit")}, `,
      `${duration(one.compute_seconds)} of computing`));
}

export function waiting(one) {
  if (!one.dags.length) return "It has versions, and no DAG in this Airflow.";
  const paused = one.dags.filter((dag) => dag.paused).map((dag) => dag.dag_id);
  if (paused.length === one.dags.length) return `Unpause ${paused.join(" or ")} in Airflow, and its first run trains a champion.`;
  return "Its first run trains a champion, if it passes the gate's floors.";
}

export function attention(one) {
  const told = [...(one.paused ? [one.paused] : []), ...one.health];
  return told.length ? el("ul", { class: "attention" }, told.map((text) => el("li", {}, text))) : null;
}

export function figures(one) {
  const better = one.promoted_score && one.score_now
    ? (one.score_now.value - one.promoted_score.value) * (one.greater_is_better ? 1 : -1) : null;
  return el("dl", { class: "figures" },
    figure(`${one.metric} at promotion`, number(one.promoted_score?.value)),
    figure("now", one.score_now
      ? [number(one.score_now.value), " ", el("span", { class: better < 0 ? "bad" : "good" },
        `${better < 0 ? "▼" : "▲"} ${number(Math.abs(better))}`)] : "–"),
    figure("champion's age", duration(one.age_seconds)),
    figure("its newest row", duration(one.data_age_seconds)));
}

const figure = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
