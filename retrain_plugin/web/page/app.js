// Which page is asked for, how the API is asked, and how the page looks like its host.

import { el, fill } from "./dom.js";
import { showModel } from "./model.js";
import { showOverview } from "./overview.js";

const main = document.getElementById("main");
const asked = new URLSearchParams(window.location.search);

export async function ask(address, { body } = {}) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "retraining-page" },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(`api/${address}`, { credentials: "same-origin", ...options });
  } catch {
    throw new Error("Airflow does not answer: is its API server running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  const said = typeof found.detail === "string" ? found.detail
    : Array.isArray(found.detail) ? found.detail.map((one) => one.msg).join("; ") : `error ${answer.status}`;
  const error = new Error(answer.status === 401 ? "You are no longer logged in: log in to Airflow again." : said);
  error.status = answer.status;
  throw error;
}

function followTheme() {
  const host = (() => { try { return window.parent.document.documentElement; } catch { return null; } })();
  const dark = () => (host && host !== document.documentElement ? host.classList.contains("dark")
    : window.matchMedia("(prefers-color-scheme: dark)").matches);
  const apply = () => { document.documentElement.dataset.theme = dark() ? "dark" : "light"; };
  apply();
  if (host && host !== document.documentElement) {
    new MutationObserver(apply).observe(host, { attributes: true, attributeFilter: ["class"] });
  }
}

function failed(error, again) {
  const later = error.status === 503;
  fill(main, 
    el("h1", {}, later ? "MLflow does not answer" : "This cannot be shown"),
    el("p", { class: "error", role: "alert" }, error.message),
    el("p", {}, el("button", { type: "button", onclick: again }, "Try again"), later && " It is tried again by itself."),
  );
  if (later) setTimeout(again, 5000);
}

async function show() {
  try {
    let model = asked.get("model");
    const dag = asked.get("dag");
    if (dag) {
      model = (await ask(`dags/${encodeURIComponent(dag)}`)).model;
      if (!model) {
        fill(main, 
          el("h1", {}, "No retraining here"),
          el("p", {}, `${dag} retrains no model: `, el("code", {}, "retraining_dag(model, strategy)"),
            " makes a DAG that does. ", el("a", { href: "?" }, "All models that retrain")));
        return;
      }
    }
    await (model ? showModel(main, model, asked, show) : showOverview(main, show));
  } catch (error) {
    failed(error, show);
  }
}

followTheme();
show();
