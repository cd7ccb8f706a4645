/* Pushcart's tracker: one snippet in any shop, no dependency, nothing stored and nothing sent before consent.
 *
 *   <script src="https://shop.example/static/shop/pushcart.js" data-key="pk_..." async></script>
 *
 * On the script        data-key      publishable key
 *                      data-host     where Pushcart answers (default: where the script came from)
 *                      data-consent  "given": the page asks by other means and adds the script only afterwards
 *                      data-auto     what is recorded without a call (default: "page product cart search slate"; "" is nothing)
 * In the page          data-product-view="ID"     this page is about the product; data-value="9.95" beside it, if known
 *                      data-product-add="ID"      a click on it (or submitting, on a form) puts the product into the cart; data-quantity
 *                      data-product-remove="ID"   takes it out
 *                      data-search="words"        this page shows what was found for them
 *                      data-slate="SLATE ID"      recommendations, seen once half of them was in view for a second;
 *                      data-product="ID"          each product inside: a click on a link in it counts for the slate
 * Calls                pushcart.track(type, fields)        e.g. pushcart.track("product_rated", {product_id: "p-1", value: "5"})
 *                      pushcart.page(properties)
 *                      pushcart.identify(shopperId, traits)   after log-in; another shopper than before begins a new visitor
 *                      pushcart.reset()                    at log-out
 *                      pushcart.consent(true | false)      true starts, false stops and forgets
 * Before it is loaded  (window.pushcart = window.pushcart || []).push(["track", "coupon_applied", {}])
 *
 * Cookies: pushcart_consent ("yes", "no"; written by consent()), pushcart_visitor. Local storage: pushcart_queue (what could not be
 * sent yet), pushcart_shopper. Both only with consent.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || (window.pushcart && window.pushcart.track)) return;
  const waiting = window.pushcart || [];
  const options = script.dataset;
  const host = (options.host || new URL(script.src, location.href).origin).replace(/\/$/, "");
  const auto = new Set((options.auto === undefined ? "page product cart search slate" : options.auto).split(/\s+/));
  const BATCH = 40, MOST_WAITING = 500, YEAR = 31536000;

  /* Consent and what is stored with it */
  const cookie = (name) => (document.cookie.match("(?:^|; )" + name + "=([^;]*)") || [])[1] || "";
  const write = (name, value, age) => {
    document.cookie = name + "=" + value + "; path=/; max-age=" + age + "; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
  };
  const store = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(name) || "";
      if (value) localStorage.setItem(name, value); else localStorage.removeItem(name);
    } catch (_) { /* private windows: the queue lives as long as the page */ }
    return "";
  };
  const allowed = () => options.consent === "given" || cookie("pushcart_consent") === "yes";
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const visitor = (fresh) => {
    let id = fresh ? "" : cookie("pushcart_visitor");
    if (!/^[\w.:-]{8,64}$/.test(id)) write("pushcart_visitor", (id = "v-" + random()), YEAR);
    return id;
  };

  /* The queue: kept until the server says 202; a retry has the same message id and time, so it is stored once */
  let queue = [], sending = 0, timer = 0, failures = 0;
  const keep = () => store("pushcart_queue", queue.length ? JSON.stringify(queue) : "");
  const later = (ms) => { clearTimeout(timer); timer = setTimeout(send, ms); };
  const put = (type, fields) => {
    if (!allowed()) return;
    queue.push({ type, message_id: random(), occurred_at: new Date().toISOString(), visitor_id: visitor(),
      shopper_id: store("pushcart_shopper"), ...fields });
    if (queue.length > MOST_WAITING) queue.shift();
    keep();
    if (!failures) later(queue.length < BATCH ? 400 : 0);
  };
  const body = (batch) => JSON.stringify({ key: options.key, sent_at: new Date().toISOString(), batch });
  const post = (path, text) => fetch(host + path, { method: "POST", body: text, credentials: "omit", keepalive: text.length < 6e4 });
  const done = (batch) => { queue = queue.filter((event) => !batch.includes(event)); keep(); };
  const send = () => {
    if (sending || !queue.length || !allowed()) return;
    const batch = queue.slice(0, BATCH);
    sending = 1;
    // text/plain needs no preflight. Refused for good (4xx): not sent again, it would be refused again.
    post("/api/v1/events", body(batch))
      .then((answer) => answer.ok || (answer.status < 500 && answer.status !== 429))
      .catch(() => false)
      .then((settled) => {
        sending = 0;
        if (settled) { failures = 0; done(batch); if (queue.length) later(0); }
        else later(Math.min(60000, 1000 * 2 ** failures++) * (0.5 + Math.random()));
      });
  };
  const leave = () => {
    // What fetch has under way is sent along: the same ids are stored once.
    while (queue.length && allowed()) {
      const batch = queue.slice(0, BATCH);
      if (!navigator.sendBeacon || !navigator.sendBeacon(host + "/api/v1/events", body(batch))) return;
      done(batch);
    }
  };
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  addEventListener("online", () => { failures = 0; later(0); });

  /* What a page says by its attributes */
  const told = new WeakSet();
  const each = (selector, act) => document.querySelectorAll(selector).forEach((element) => {
    if (!told.has(element)) { told.add(element); act(element, element.dataset); }
  });
  const products = (slate) => Array.from(slate.querySelectorAll("[data-product]"), (element) => element.dataset.product);
  const glances = new Map();
  const watcher = window.IntersectionObserver && new IntersectionObserver((entries) => entries.forEach((entry) => {
    const slate = entry.target;
    // A row may be larger than the window: half of either is enough.
    const seen = entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= innerHeight / 2;
    if (seen && !glances.has(slate)) {
      glances.set(slate, setTimeout(() => {
        watcher.unobserve(slate);
        put("slate_seen", { slate_id: slate.dataset.slate, properties: { product_ids: products(slate) } });
      }, 1000));
    } else if (!seen && glances.has(slate)) {
      clearTimeout(glances.get(slate));
      glances.delete(slate);
    }
  }), { threshold: [0, 0.25, 0.5, 0.75] });
  const scan = () => {
    if (!allowed()) return;
    if (auto.has("product")) each("[data-product-view]", (_, data) =>
      put("product_viewed", { product_id: data.productView, value: data.value || null }));
    if (auto.has("search")) each("[data-search]", (_, data) =>
      data.search && put("products_searched", { query: data.search.slice(0, 200) }));
    if (auto.has("slate") && watcher) each("[data-slate]", (slate) => slate.dataset.slate && watcher.observe(slate));
  };
  const count = (data) => (parseInt(data.quantity, 10) || 1);
  const cart = (element) => {
    if (!element || !auto.has("cart")) return;
    const data = element.dataset, slate = element.closest("[data-slate]");
    if (data.productAdd) put("product_added", { product_id: data.productAdd, quantity: count(data), value: data.value || null,
      slate_id: slate && slate.dataset.slate || null });
    else put("product_removed", { product_id: data.productRemove, quantity: count(data) });
  };
  const CART = "[data-product-add],[data-product-remove]";
  document.addEventListener("submit", (event) => event.target.matches(CART) && cart(event.target), true);
  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("a,button,[data-product-add],[data-product-remove]");
    if (!target) return;
    const marked = target.closest(CART);
    if (marked && marked.tagName !== "FORM") cart(marked);
    const product = target.tagName === "A" && target.closest("[data-slate] [data-product]");
    if (product && auto.has("slate")) {
      const slate = product.closest("[data-slate]");
      put("slate_clicked", { slate_id: slate.dataset.slate, product_id: product.dataset.product,
        properties: { position: products(slate).indexOf(product.dataset.product) } });
    }
  }, true);

  /* Calls */
  const page = (properties) => put("page_viewed", { properties: { path: location.pathname, title: document.title,
    referrer: document.referrer.split(/[?#]/)[0], ...properties } });
  const start = () => {
    try { queue = JSON.parse(store("pushcart_queue") || "[]").concat(queue); } catch (_) { queue = []; }
    if (auto.has("page")) page();
    scan();
    later(queue.length ? 0 : 400);
  };
  const forget = () => {
    queue = [];
    keep();
    store("pushcart_shopper", "");
    write("pushcart_visitor", "", 0);
  };
  const api = {
    track: put,
    page,
    identify(shopper, traits) {
      if (!allowed()) return Promise.resolve();
      const before = store("pushcart_shopper");
      visitor(before && before !== shopper);
      store("pushcart_shopper", shopper);
      const now = new Date().toISOString();
      return post("/v1/i", JSON.stringify({ type: "identify", writeKey: options.key, userId: shopper, anonymousId: visitor(),
        traits: traits || {}, messageId: random(), timestamp: now, sentAt: now })).catch(() => undefined);
    },
    reset() {
      if (!allowed()) return;
      leave();
      store("pushcart_shopper", "");
      visitor(true);
    },
    consent(yes) {
      const before = allowed();
      write("pushcart_consent", yes ? "yes" : "no", YEAR / 2);
      if (!yes) { options.consent = ""; forget(); } else if (!before) start();
    },
    push: ([name, ...values]) => api[name] && api[name](...values),
  };
  window.pushcart = api;

  const begin = () => {
    if (allowed()) start();
    waiting.forEach(api.push);
    // Rows that come later (htmx, client-side pages) count as well.
    new MutationObserver(scan).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();
})();
