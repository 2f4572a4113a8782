// The control page: reads the simulator's state once a second and sends what the person chooses.

const $ = (selector) => document.querySelector(selector);
const problem = $("#problem");
let settingsShown = false;

async function read(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function send(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? String(response.status));
  return answer;
}

function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

function act(work) {
  return async (event) => {
    event.preventDefault();
    try {
      await work(event);
      say("");
    } catch (error) {
      say(error.message);
    }
    void refresh();
  };
}

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function row(cells) {
  const made = element("tr");
  for (const cell of cells) {
    const one = element("td");
    one.append(cell ?? "");
    made.append(one);
  }
  return made;
}

const time = (iso) => (iso ? iso.slice(11, 19) : "");
const hertz = (value) => (value === null ? "–" : `${Math.round(value)} Hz`);

function agentRow(agent) {
  const status = agent.status ?? { class: "none", name: "–", since: "", until: null };
  const chip = element("span", status.name, { class: `chip ${status.class}` });
  const until = status.until ? `, until ${time(status.until)}` : "";
  const phone = agent.extension ? (agent.registered ? "registered" : "off") : "none";
  return row([
    `${agent.name} (${agent.type})`,
    agent.extension ?? "",
    element("span", phone, { class: agent.registered ? "" : "off" }),
    chip,
    time(status.since) + until,
  ]);
}

// Rows are made again only when what they show has changed: a button keeps its focus, a player goes on playing.
const shown = new Map();

function kept(key, content, make) {
  const signature = JSON.stringify(content);
  const known = shown.get(key);
  if (known?.signature === signature) return known.row;
  const made = make();
  shown.set(key, { signature, row: made });
  return made;
}

function place(body, rows) {
  if (rows.length === body.children.length && rows.every((one, index) => body.children[index] === one)) return;
  body.replaceChildren(...rows);
}

function callRow(call, names) {
  let last = "";
  if (call.status === null) {
    last = element("button", "Customer hangs up", { class: "quiet", type: "button" });
    last.addEventListener("click", act(() => send(`calls/${call.calls_id}/hangup`, {})));
  } else if (call.recording) {
    last = element("audio", "", { controls: "", preload: "none", src: call.recording });
  }
  const ended = call.status === null ? call.state : `${call.status} (${call.disconnecting_side})`;
  const ivr = call.ivr ? ` · IVR ${call.ivr}` : "";
  const digits = call.legs.map((leg) => leg.dtmf).join("");
  return row([
    String(call.calls_id),
    (call.name ? `${call.name} ` : "") + call.number_a + ivr,
    call.number_b,
    names.get(call.users_id) ?? "–",
    ended + (digits ? ` · keys ${digits}` : ""),
    hertz(call.heard_hz),
    hertz(call.sent_hz),
    call.status === null ? "" : `${call.talk_seconds} s`,
    last,
  ]);
}

function showSettings(settings) {
  const form = $("#settings");
  form.correlation.value = settings.correlation;
  form.ring_seconds.value = settings.ring_seconds;
  form.webhooks_enabled.checked = settings.webhooks_enabled;
  $("#wraps").replaceChildren(
    ...Object.entries(settings.wrap_seconds).map(([campaign, seconds]) => {
      const label = element("label", `WRAP of campaign ${campaign} (s) `);
      const attributes = { type: "number", min: "0", step: "any", value: seconds, "data-campaign": campaign };
      label.append(element("input", "", attributes));
      return label;
    }),
  );
}

async function refresh() {
  const [state, calls, hooks] = await Promise.all([read("state"), read("calls"), read("webhooks")]);
  $("#domain").textContent = state.tenant.domain;
  const names = new Map(state.agents.map((agent) => [agent.id, agent.name]));
  const agents = state.agents.filter((agent) => agent.status);
  place($("#agents"), agents.map((agent) => kept(`agent ${agent.id}`, agent, () => agentRow(agent))));
  const rows = calls.calls.reverse().slice(0, 20).map((call) => {
    const seen = { ...call, level: 0, heard_hz: hertz(call.heard_hz) };
    return kept(`call ${call.calls_id}`, seen, () => callRow(call, names));
  });
  place($("#calls"), rows);
  $("#hook").textContent = state.settings.webhook_url ?? "nobody";
  $("#deliveries").replaceChildren(
    ...hooks.deliveries.reverse().slice(0, 50).map((one) => {
      const outcome = one.delivered ? "delivered" : one.attempts.at(-1) ?? "not sent";
      const subject = one.body.data.calls_id ?? one.body.data.users_id;
      return element("li", `${time(one.body.createdAt)} ${one.body.eventName} ${subject} – ${outcome}`);
    }),
  );
  if (!settingsShown) {
    settingsShown = true;
    showSettings(state.settings);
    const queues = state.queues.map((queue) => element("option", `${queue.name} ${queue.number}`, { value: queue.id }));
    $("#inbound").queue.replaceChildren(...queues);
  }
}

$("#inbound").who.addEventListener("change", (event) => {
  const [number, name = ""] = event.target.value.split("|");
  $("#inbound").number.value = number;
  $("#inbound").elements.name.value = name;
});

$("#inbound").addEventListener("submit", act(async (event) => {
  const form = event.target;
  await send("inbound", {
    number: form.number.value.replaceAll(" ", ""),
    name: form.elements.name.value || null,
    ivr: form.ivr.value || null,
    campaigns_id: Number(form.queue.value),
    behaviour: form.behaviour.value,
  });
}));

$("#settings").addEventListener("submit", act(async (event) => {
  const form = event.target;
  const wraps = [...form.querySelectorAll("[data-campaign]")].map((one) => [one.dataset.campaign, Number(one.value)]);
  showSettings(await send("settings", {
    correlation: form.correlation.value,
    ring_seconds: Number(form.ring_seconds.value),
    webhooks_enabled: form.webhooks_enabled.checked,
    wrap_seconds: Object.fromEntries(wraps),
  }));
}));

$("#fail").addEventListener("submit", act(async (event) => {
  const form = event.target;
  await send("settings", { fail: { [form.function.value]: { mode: form.mode.value, count: Number(form.count.value) } } });
}));

async function loop() {
  try {
    await refresh();
  } catch (error) {
    say(`The simulator does not answer: ${error.message}`);
  }
  setTimeout(loop, 1000);
}

void loop();
