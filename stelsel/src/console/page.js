// Fills the page of a console from its JSON, once a second. Every text is put in as text, never as HTML.
"use strict";

const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const number = (text) => make("td", { class: "n" }, String(text));
const cell = (...children) => make("td", {}, ...children);
const seconds = (value) => (value < 120 ? `${value.toFixed(value < 10 ? 2 : 0)} s` : `${(value / 60).toFixed(1)} min`);

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// The same rows again would take the focus away from whoever is at one of them.
const shown = new Map();
function put(id, rows, key) {
  const text = JSON.stringify(key);
  if (shown.get(id) === text) return;
  const focus = document.activeElement?.dataset?.focus;
  shown.set(id, text);
  byId(id).replaceChildren(...rows());
  if (focus) document.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

async function send(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const said = byId("said");
  said.hidden = answer.ok;
  if (!answer.ok) {
    const text = await answer.text();
    try {
      said.textContent = JSON.parse(text).problems.join(" ");
    } catch {
      said.textContent = text;
    }
  }
  await refresh();
}

const begin = (fault) => send("POST", "/api/faults", fault);
const end = (id) => send("DELETE", `/api/faults/${id}`);

function glance(overview) {
  const outcomes = Object.entries(overview.outcomes).map(([name, count]) => `${count} ${name}`);
  byId("glance").textContent =
    `Release ${overview.release}, for ${seconds(overview.now_s)}. ` +
    `${overview.flows_begun} flows began, ${overview.flows_in_progress} in progress` +
    (outcomes.length ? `; ended: ${outcomes.join(", ")}` : "") +
    `. Rules: ${overview.rules_broken} broken, ${overview.rules_kept} kept, ` +
    `${overview.rules_not_arisen} not put to the test.`;
}

function steps(done) {
  const all = [];
  for (let step = 1; step <= 16; step += 1) {
    all.push(make("span", { class: done.includes(step) ? "done" : null }, String(step)));
  }
  const label = `${done.length} of 16 steps done`;
  return make("span", { class: "steps", role: "img", "aria-label": label }, ...all);
}

let opened = null;

function flowRow(flow, now) {
  const open = make(
    "button",
    {
      "data-focus": `flow-${flow.id}`,
      "aria-expanded": String(opened === flow.id),
      onclick: () => {
        opened = opened === flow.id ? null : flow.id;
        shown.delete("flow");
        refresh();
      },
    },
    flow.id,
  );
  const end = flow.outcome
    ? make("span", { class: flow.outcome === "completed" ? "good" : "bad", title: flow.meaning }, flow.outcome)
    : "in progress";
  return make(
    "tr",
    { class: opened === flow.id ? "open" : null },
    cell(open),
    cell(`${flow.gegevensdienst} at ${flow.zorgaanbieder}`),
    cell(`${flow.pgo}, ${flow.za}`),
    cell(steps(flow.steps)),
    number(`${flow.began_s.toFixed(1)} s`),
    number(seconds((flow.ended_s ?? now) - flow.began_s)),
    cell(end),
  );
}

function http(passed) {
  const text = (message) => {
    if (!message) return "(no answer)";
    const headers = message.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
    const body = message.text ?? `(${message.bytes} bytes that are no text)`;
    const missing = message.text !== undefined && new Blob([message.text]).size < message.bytes;
    return `${message.line}\n${headers}\n\n${body}${missing ? `\n… of ${message.bytes} bytes` : ""}`;
  };
  const title = `${(passed.at_ns / 1e9).toFixed(3)} s  ${passed.host}  ${passed.request.line.split(" ").slice(0, 2).join(" ")}`;
  return make(
    "details",
    {},
    make("summary", {}, `${title.slice(0, 160)} → ${passed.response ? passed.response.line.slice(9) : "nothing"}`),
    make("pre", {}, text(passed.request)),
    make("pre", {}, text(passed.response)),
  );
}

function wholeFlow(whole) {
  const rows = whole.messages.map((told) =>
    make(
      "tr",
      { class: told.is_trouble ? "trouble" : null },
      number(`${(told.at_s - whole.flow.began_s).toFixed(3)} s`),
      number(told.steps.join(", ")),
      cell(told.to ? `${told.from} → ${told.to}` : told.from),
      make("td", { class: "words" }, told.text),
      cell(...told.rules.map((rule) => make("span", { class: "cite", title: rule.name }, `${rule.citation} · `))),
    ),
  );
  const head = ["After", "Step", "Who", "What", "Rules that bear on it"].map((text) =>
    make("th", { scope: "col" }, text),
  );
  return [
    make("h3", {}, `Flow ${whole.flow.id}: ${whole.flow.meaning ?? "in progress"}`),
    make("p", {}, make("a", { href: `/api/flows/${whole.flow.id}/diagram` }, "As a sequence diagram")),
    make("div", { class: "wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))),
    make("h3", {}, "As bytes"),
    ...whole.bytes.map(http),
  ];
}

function hostRow(host, faults) {
  const state = [
    host.up ? null : "down",
    host.paused ? "paused" : null,
    host.slowed === 1 ? null : `slowed ×${Number(host.slowed.toFixed(2))}`,
  ].filter((text) => text !== null);
  const switches = ["down", "slow(x40)", "pause", "crash"].map((kind) => {
    const on = faults.find((fault) => fault.host === host.name && fault.kind === kind);
    return make(
      "button",
      {
        "data-focus": `${host.name}-${kind}`,
        "aria-pressed": String(Boolean(on)),
        onclick: () => (on ? end(on.id) : begin({ host: host.name, kind })),
      },
      on ? `end ${kind}` : kind,
    );
  });
  if (["pgo", "za"].includes(host.role)) {
    const revoke = () =>
      confirm(`Revoke the certificate of ${host.name}, for good?`) && begin({ host: host.name, kind: "revoke" });
    switches.push(make("button", { "data-focus": `${host.name}-revoke`, onclick: revoke }, "revoke"));
  }
  return make(
    "tr",
    {},
    cell(host.name),
    make("td", { class: state.length ? "bad" : null }, state.join(", ") || "up"),
    number(host.waiting),
    number(`${host.busy} of ${host.workers}`),
    number(host.done),
    number(host.turned_away),
    cell(...switches),
  );
}

function ruleRow(rule) {
  const kind = { broken: "bad", kept: "good" }[rule.finding] ?? null;
  const first = rule.first;
  const why = first ? `${first.why} (${first.host}${first.flow ? `, flow ${first.flow}` : ""}, ${first.at_s.toFixed(1)} s)` : "";
  return make(
    "tr",
    {},
    make("td", { title: rule.text }, rule.name),
    cell(rule.citation),
    make("td", { class: kind }, rule.finding),
    number(rule.tests),
    number(rule.breaches),
    make("td", { class: "words" }, why),
  );
}

const weight = { broken: 0, kept: 1 };

async function refresh() {
  try {
    const [overview, flows, hosts, faults, rules, apart] = await Promise.all(
      ["overview", "flows", "hosts", "faults", "rules", "exchanges"].map((what) => ask(`/api/${what}`)),
    );
    glance(overview);
    const some = flows.slice(0, 50);
    byId("no-flows").hidden = some.length > 0;
    const running = some.some((flow) => flow.outcome === null);
    put("flows", () => some.map((flow) => flowRow(flow, overview.now_s)), [some, opened, running && overview.now_s]);
    put("hosts", () => hosts.map((host) => hostRow(host, faults)), [hosts, faults]);
    put("faults", () => faults.map((fault) =>
      make("li", {}, `${fault.host ?? fault.link}: ${fault.kind}, since ${fault.began_s.toFixed(1)} s `,
        make("button", { "data-focus": `end-${fault.id}`, onclick: () => end(fault.id) }, "end")),
    ), faults);
    const all = byId("all-rules").checked;
    const put_to_test = rules
      .filter((rule) => all || rule.finding in weight)
      .sort((one, other) => (weight[one.finding] ?? 2) - (weight[other.finding] ?? 2));
    put("rules", () => put_to_test.map(ruleRow), put_to_test);
    put("apart", () => apart.slice(0, 30).map(http), apart.slice(0, 30));
    if (opened) {
      const whole = await ask(`/api/flows/${opened}`).catch(() => null);
      if (whole) put("flow", () => wholeFlow(whole), whole);
    } else {
      put("flow", () => [], null);
    }
  } catch (error) {
    byId("glance").textContent = `The twin does not answer: ${error.message}. It may have ended.`;
  }
}

byId("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const where = form.get("where");
  const fault = { [where.includes(">") ? "link" : "host"]: where, kind: form.get("kind") };
  if (form.get("for")) fault.for = form.get("for");
  begin(fault);
});
byId("all-rules").addEventListener("change", refresh);
refresh();
setInterval(refresh, 1000);
