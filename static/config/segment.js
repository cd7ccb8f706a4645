// Editor of a segment's rule: nested groups of conditions, written back as JSON; the server counts and words it.
const form = document.getElementById("segment");
const area = document.getElementById("rule");
const host = document.getElementById("rule-editor");
const choices = JSON.parse(document.getElementById("segment-choices").textContent);
const t = choices.words;
let rule;

const fresh = {
  attribute: () => ({ type: "attribute", name: "age_band", op: "is", value: "25-34" }),
  did: () => ({ type: "did", event: "product_viewed", times: 1, within_days: 30 }),
  did_not: () => ({ type: "did_not", event: "order_completed", times: 1, within_days: 30 }),
  orders: () => ({ type: "orders", measure: "count", op: "at_least", value: 1 }),
  consent: () => ({ type: "consent", channel: choices.channels[0][0] }),
  in_segment: () => ({ type: "in_segment", segment: choices.segments[0]?.[0] ?? 0 }),
  bucket: () => ({ type: "bucket", low: 0, high: 1000 }),
};

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function select(label, options, value, change) {
  const node = element("select", { className: "field", ariaLabel: label });
  for (const [key, text] of options) node.append(element("option", { value: key, textContent: text, selected: String(key) === String(value) }));
  node.addEventListener("change", () => change(node.value));
  return node;
}

function input(label, type, value, change) {
  const node = element("input", { className: "field", type, value: value ?? "", ariaLabel: label, placeholder: label });
  if (type === "number") node.min = 0;
  node.addEventListener("input", () => change(type === "number" ? (node.value === "" ? null : Number(node.value)) : node.value));
  return node;
}

const named = (keys) => keys.map((key) => [key, t[key] ?? key]);

function set(node, key, value) {
  if (value === null || value === "") delete node[key];
  else node[key] = value;
  changed();
}

function attribute(node) {
  const kind = choices.attributes[node.name] ?? "text";
  const ops = kind === "number" ? ["at_least", "at_most"] : kind === "truth" ? ["is"] : ["is", "is_not", "known", "unknown"];
  const parts = [
    select(t.attribute, named(Object.keys(choices.attributes)), node.name, (value) => {
      node.name = value;
      const next = choices.attributes[value];
      node.op = next === "number" ? "at_least" : "is";
      node.value = next === "number" ? 30 : next === "truth" ? true : "";
      draw();
    }),
    select(t.operator, named(ops), node.op, (value) => {
      node.op = value;
      if (value === "known" || value === "unknown") delete node.value;
      else node.value ??= "";
      draw();
    }),
  ];
  if (kind === "truth") parts.push(select(t.value, [["true", t.yes], ["false", t.no]], String(node.value), (value) => set(node, "value", value === "true")));
  else if (node.op !== "known" && node.op !== "unknown") parts.push(input(t.value, kind === "number" ? "number" : "text", node.value, (value) => { node.value = value; changed(); }));
  return parts;
}

function behaviour(node) {
  return [
    select(t.event, choices.events, node.event, (value) => set(node, "event", value)),
    select(t.category, [["", t.any_category], ...choices.categories], node.category ?? "", (value) => set(node, "category", value)),
    input(t.times, "number", node.times, (value) => set(node, "times", value || 1)),
    input(t.days, "number", node.within_days, (value) => set(node, "within_days", value)),
    element("small", { className: "m", textContent: t.days }),
  ];
}

const fields = {
  attribute,
  did: behaviour,
  did_not: behaviour,
  orders: (node) => [
    select(t.orders, named(["count", "spend", "days_since_last"]), node.measure, (value) => { if (value === "days_since_last") delete node.within_days; set(node, "measure", value); draw(); }),
    select(t.operator, named(["at_least", "at_most"]), node.op, (value) => set(node, "op", value)),
    input(t.value, "number", node.value, (value) => { node.value = value ?? 0; changed(); }),
    ...(node.measure === "days_since_last" ? [] : [input(t.days, "number", node.within_days, (value) => set(node, "within_days", value)), element("small", { className: "m", textContent: t.days })]),
  ],
  consent: (node) => [select(t.consent, choices.channels, node.channel, (value) => set(node, "channel", value))],
  in_segment: (node) => [select(t.in_segment, choices.segments, node.segment, (value) => set(node, "segment", Number(value)))],
  bucket: (node) => [input(t.percent, "number", (node.high - node.low) / 100, (value) => { node.low = 0; node.high = Math.min(10000, Math.round((value ?? 0) * 100)); changed(); }), element("small", { className: "m", textContent: t.percent })],
};

function group(node, remove) {
  // "none of these" is a not around an any.
  const negated = node.type === "not" && node.of?.type === "any";
  const inner = negated ? node.of : node;
  const box = element("fieldset", { className: "rule-group" });
  const head = element("legend", {}, select(t.group, named(["all", "any", "not"]), negated ? "not" : inner.type, (value) => {
    const of = inner.of;
    for (const key of Object.keys(node)) delete node[key];
    Object.assign(node, value === "not" ? { type: "not", of: { type: "any", of } } : { type: value, of });
    draw();
  }));
  if (remove) head.append(button("✕", t.remove, remove));
  box.append(head);
  inner.of.forEach((part, index) => {
    const drop = () => { inner.of.splice(index, 1); draw(); };
    box.append("of" in part ? group(part.type === "not" && part.of?.type !== "any" ? Object.assign(part, { of: { type: "any", of: [part.of] } }) : part, drop) : leaf(inner, index, drop));
  });
  box.append(button(`+ ${t.add}`, t.add, () => { inner.of.push(fresh.orders()); draw(); }), button(`+ ${t.group}`, t.group, () => { inner.of.push({ type: "any", of: [] }); draw(); }));
  return box;
}

function leaf(parent, index, drop) {
  const node = parent.of[index];
  return element(
    "div", { className: "rule-leaf" },
    select(t.kind, named(Object.keys(fresh)), node.type, (value) => { parent.of[index] = fresh[value](); draw(); }),
    ...fields[node.type](node),
    button("✕", t.remove, drop),
  );
}

function button(text, label, act) {
  const node = element("button", { type: "button", className: "btn", textContent: text, ariaLabel: label });
  node.addEventListener("click", act);
  return node;
}

let timer;
function changed() {
  area.value = JSON.stringify(rule, null, 1);
  preview();
}

function preview() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const body = new FormData(form);
    body.set("shopper", document.getElementById("asked").value);
    const response = await fetch(form.dataset.preview, { method: "POST", body });
    if (response.ok) document.getElementById("preview").innerHTML = await response.text();
  }, 250);
}

function draw() {
  host.replaceChildren(group(rule, null));
  changed();
}

function read() {
  try {
    const found = JSON.parse(area.value);
    rule = found.type === "all" || found.type === "any" ? found : Object.keys(found).length ? { type: "all", of: [found] } : { type: "all", of: [] };
    host.replaceChildren(group(rule, null));
  } catch {
    host.replaceChildren();
  }
}

area.addEventListener("input", () => { read(); preview(); });
document.getElementById("asked").addEventListener("input", preview);
read();
