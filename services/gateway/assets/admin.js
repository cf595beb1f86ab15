// Shows /admin.json and renews it. All text goes in as text, never as markup.
"use strict";

const EVERY = 3000;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((it) => it !== undefined && it !== null && it !== ""));
  return element;
}

function put(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

function table(columns, rows) {
  const head = columns.map(([name, kind]) => make("th", { scope: "col", class: kind }, name));
  const body = rows.map((row) =>
    make("tr", {}, ...row.map((cell, at) => make("td", { "data-name": columns[at][0], class: columns[at][1] }, cell))));
  return make("div", { class: "scroll", tabindex: "0" },
    make("table", { class: "stack" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)));
}

function clock(text) {
  const time = new Date(text);
  return Number.isNaN(time.valueOf()) ? String(text) : time.toLocaleString();
}

function plural(count, one, many) {
  return `${count} ${count === 1 ? one : many}`;
}

/// How a service is: a word and its colour.
function state(upstream) {
  if (upstream.here) return ["in this process", "good"];
  const { circuit, copies } = upstream.status;
  if (circuit === "open") return ["circuit open", "bad"];
  if (copies.length === 0) return ["no copy known", "bad"];
  const well = copies.filter((it) => it.healthy).length;
  if (circuit === "half_open") return ["being tried again", "warn"];
  if (well === copies.length) return [plural(well, "copy well", "copies well"), "good"];
  return [`${well} of ${copies.length} copies well`, well === 0 ? "bad" : "warn"];
}

function copy(it) {
  const word = it.healthy ? ["well", "good"] : [`left out for ${Math.ceil((it.ejected_ms || 0) / 1000)} s`, "bad"];
  const latency = typeof it.latency_ms === "number" ? `, ${it.latency_ms.toFixed(1)} ms` : "";
  const idle = it.idle_connections === undefined ? "" : `, ${it.idle_connections} idle`;
  return make("div", { class: "copy" },
    make("code", {}, it.address), " ", make("span", { class: word[1] }, word[0]),
    make("p", { class: "dim" }, `${it.in_flight} in flight${idle}${latency}`));
}

function service(upstream) {
  const [word, kind] = state(upstream);
  const card = make("article", { class: "card" },
    make("div", {}, make("h3", {}, upstream.name), make("span", { class: kind }, word)));
  if (upstream.status) {
    const { recent, copies, failures } = upstream.status;
    card.append(make("p", { class: "dim" },
      `last 10 s: ${plural(recent.requests, "request", "requests")}, ${recent.failures} failed, ${recent.retries} tried again`));
    card.append(...copies.map(copy));
    if (failures.length > 0) {
      card.append(make("details", { "data-key": upstream.name }, make("summary", {}, plural(failures.length, "failure", "failures")),
        ...failures.map((it) => make("p", {}, `${it.seconds_ago} s ago: ${it.what}`))));
    }
  }
  return card;
}

function failures(all) {
  if (all.length === 0) return make("p", { class: "dim" }, "None since the start.");
  return table(
    [["Time", ""], ["Status", ""], ["Request", ""], ["Service", ""], ["Reason", ""], ["Request id", ""]],
    all.map((it) => [clock(it.at), String(it.status), make("code", {}, `${it.method} ${it.path}`), it.service, it.reason, make("code", {}, it.request_id)]));
}

function limits({ timeout_seconds, read_timeout_seconds, quotas }) {
  const times = `A service has ${timeout_seconds} s to answer, ${read_timeout_seconds} s where something is only read.`;
  const answer = make("p", { class: "dim" }, times);
  if (!quotas) return [answer, make("p", { class: "warn" }, "Requests are not limited.")];
  const rows = Object.entries(quotas).map(([name, it]) => [name, String(it.per_minute), String(it.burst)]);
  return [answer, table([["Class", ""], ["Per minute", "number"], ["At once", "number"]], rows)];
}

function text(value) {
  if (value === null || value === undefined || value === false) return "";
  if (Array.isArray(value)) return value.map(text).filter(Boolean).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([name, it]) => `${name} ${text(it)}`).join(", ");
  return String(value);
}

function listener(it) {
  const from = it.file ? `from ${it.file}` : "built in";
  const all = make("details", { "data-key": `routes ${it.listener}` },
    make("summary", {}, `${it.listener}: ${plural(it.routes.length, "route", "routes")}, ${from}, read ${clock(it.loaded)}`));
  const names = [...new Set(it.routes.flatMap((route) => Object.keys(route).filter((name) => text(route[name]) !== "")))];
  all.append(table(names.map((name) => [name.replaceAll("_", " "), ""]),
    it.routes.map((route) => names.map((name) => make("code", {}, text(route[name]))))));
  if (!it.error) return all;
  return make("div", {}, make("p", { class: "bad" }, `The file as it is now is not in use: ${it.error}`), all);
}

/// Keeps open what somebody has opened.
function kept(render) {
  const open = new Set([...document.querySelectorAll("details[open]")].map((it) => it.dataset.key));
  render();
  for (const it of document.querySelectorAll("details")) it.open = open.has(it.dataset.key);
}

function show(view) {
  kept(() => {
    const ill = view.upstreams.filter((it) => state(it)[1] !== "good");
    const summary = document.getElementById("summary");
    summary.className = ill.length === 0 ? "good" : state(ill[0])[1];
    summary.textContent = ill.length === 0 ? "All services are well" : `Look at ${ill.map((it) => it.name).join(", ")}`;
    put("version", `Cartwright ${view.version},`);
    put("at", clock(view.at));
    put("services", ...view.upstreams.map(service));
    put("failures", failures(view.failures));
    put("limits", ...limits(view.limits));
    put("routes", ...view.listeners.map(listener));
  });
}

async function renew() {
  try {
    const answer = await fetch("/admin.json", { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    const summary = document.getElementById("summary");
    summary.className = "bad";
    summary.textContent = `The gateway does not answer: ${error.message}`;
  }
  setTimeout(renew, EVERY);
}

renew();
