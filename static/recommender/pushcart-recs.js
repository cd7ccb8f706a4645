/* <pushcart-recs>: recommendations in any page, without a framework.
 *
 *   <script src="https://pushcart.example/static/recommender/pushcart-recs.js" data-key="pk_..." async></script>
 *   <pushcart-recs slot="home" count="6" link="/products/{id}"><p>What is shown until then, and if it fails.</p></pushcart-recs>
 *
 * On the script   data-key    publishable key;  data-host  where Pushcart answers (default: where the script came from)
 *                 data-page   page_id of rows that the server put on the page: none of their products comes again
 * Attributes      slot        which slot; data-slot within another web component, for which slot means something else
 *                 product     id of the product in view;  exclude  ids not to show, separated by commas
 *                 count       how many (6);  link  address of a product, with {id}
 *                 occasion    what the page is about, for slots that ask
 *                 visitor     who looks (default: pushcart.js's cookie). Without one nothing personal is asked and nothing reported
 * Template        a <template> child is repeated for each product, with {id} {name} {brand} {price} {was} {image} {link} {reason}
 * Parts           heading list item link image name price was reason
 * Events          pushcart:shown pushcart:failed pushcart:seen pushcart:clicked, which bubble
 * Method          load() asks again
 */
(() => {
  "use strict";
  const script = document.currentScript, given = script ? script.dataset : {};
  if (customElements.get("pushcart-recs") || !script) return;
  const host = (given.host || new URL(script.src, location.href).origin).replace(/\/$/, "");
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:host{display:block;min-height:var(--pushcart-recs-height,0)}:host([hidden]){display:none}
h2{font:600 1.15em/1.3 inherit;margin:0 0 .6em}
ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5em,1fr));gap:1em;list-style:none;margin:0;padding:0}
a{color:inherit;display:block;text-decoration:none}a:hover span:first-of-type{text-decoration:underline}
img{aspect-ratio:1;display:block;height:auto;object-fit:contain;width:100%}
span{display:block}p,s{font-size:.85em;margin:.2em 0 0}`);
  // Elements of a page ask one after the other, and what one shows no other does.
  const shown = new Map();
  let turn = Promise.resolve();
  const make = (tag, part, ...children) => {
    const element = document.createElement(tag);
    if (part) element.setAttribute("part", part);
    element.append(...children);
    return element;
  };
  const safe = (url) => (/^(https?:)?\/|^[^:]*$/i.test(url) ? url : "#");

  class Recommendations extends HTMLElement {
    static observedAttributes = ["slot", "data-slot", "product"];

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      this.fallback = make("slot");
      this.shadowRoot.append(this.fallback);
      const clicked = (event) => event.type === "auxclick" && event.button !== 1 || this.clicked(event);
      this.shadowRoot.addEventListener("click", clicked);
      this.shadowRoot.addEventListener("auxclick", clicked);
    }

    connectedCallback() { this.load(); }
    disconnectedCallback() { this.unwatch(); shown.delete(this); }
    attributeChangedCallback(_name, before) { if (this.isConnected && before !== null) this.load(); }

    get visitor() {
      return this.getAttribute("visitor") || (document.cookie.match(/(?:^|; )pushcart_visitor=([\w.:-]+)/) || [])[1] || "";
    }

    load() {
      const mine = (this.asked = {});
      this.ready = turn = turn.then(() => (this.asked === mine && this.isConnected ? this.ask() : undefined)).catch((error) => {
        if (this.about !== this.showing) this.clear();
        this.tell("failed", { error });
      });
      return this.ready;
    }

    // Its children come back.
    clear() {
      this.unwatch();
      this.ids = this.showing = null;
      shown.delete(this);
      for (const old of this.querySelectorAll(":scope>[slot=shown]")) old.remove();
      this.shadowRoot.replaceChildren(this.fallback);
    }

    async ask() {
      const told = (name) => this.getAttribute(name) || "", count = told("count") || "6";
      const slot = this.dataset.slot || told("slot");
      this.about = slot + " " + told("product");
      const others = [...shown].flatMap(([element, ids]) => (element === this ? [] : ids));
      const asked = {
        key: given.key, k: count, products: "1", page_id: given.page, visitor_id: this.visitor, product_id: told("product"),
        exclude: [told("exclude"), ...others].filter(Boolean).join(), occasion: told("occasion"),
        language: this.lang || (this.closest("[lang]") || document.documentElement).lang || "en",
      };
      for (const name in asked) if (!asked[name]) delete asked[name];
      // A key in the address needs no preflight.
      const answer = await fetch(host + "/api/v1/recommendations/" + encodeURIComponent(slot) + "?" + new URLSearchParams(asked), {
        credentials: "omit", signal: AbortSignal.timeout(8e3),
      });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail || "HTTP " + answer.status);
      const slate = await answer.json(), items = slate.items.filter((item) => item.product);
      if (items.length < Math.min(3, count)) throw new Error("Too few products.");
      this.show(slate, items.map((item) => this.words(item, asked.language)));
    }

    words(item, language) {
      const product = item.product, id = item.product_id;
      const money = (amount) => amount && new Intl.NumberFormat(language, { style: "currency", currency: product.currency }).format(amount);
      return {
        id, reason: item.reason, name: product.name, brand: product.brand || "", price: money(product.price), was: money(product.list_price) || "",
        image: new URL(product.image, host + "/").href,
        link: (this.getAttribute("link") || product.link || "#").replace("{id}", encodeURIComponent(id)),
      };
    }

    show(slate, items) {
      const template = this.querySelector(":scope>template");
      this.clear();
      this.slate = slate;
      this.showing = this.about;
      this.ids = items.map((item) => item.id);
      shown.set(this, this.ids);
      const list = make("ul", "list", ...items.map((item) => this.item(item, template)));
      const heading = make("h2", "heading", slate.heading);
      list.setAttribute("aria-label", slate.heading);
      // A template's products stand in the page itself, where its styles reach them.
      if (template) {
        list.slot = "shown";
        this.append(list);
      }
      this.shadowRoot.replaceChildren(heading, template ? Object.assign(make("slot"), { name: "shown" }) : list);
      this.tell("shown", { slate });
      this.look();
    }

    item(told, template) {
      const filled = (text) => text.replace(/\{(\w+)\}/g, (all, name) => (name in told ? told[name] : all));
      const item = make("li", "item");
      item.dataset.product = told.id;
      if (template) {
        item.append(template.content.cloneNode(true));
        const walk = document.createTreeWalker(item, 5);
        while (walk.nextNode()) {
          const node = walk.currentNode;
          if (node.nodeType === 3) node.data = filled(node.data);
          else for (const { name, value } of [...node.attributes])
            if (value.includes("{") && !/^on|^srcdoc$/.test(name)) node.setAttribute(name, /^(href|src|action|formaction)$/.test(name) ? safe(filled(value)) : filled(value));
        }
        return item;
      }
      const image = Object.assign(make("img", "image"), { src: told.image, alt: "", width: 240, height: 240, loading: "lazy" });
      const link = make("a", "link", image, make("span", "name", told.name), make("span", "price", told.price));
      link.href = safe(told.link);
      if (told.was) link.append(make("s", "was", told.was));
      item.append(link, make("p", "reason", told.reason));
      return item;
    }

    look() {
      this.watch = new IntersectionObserver((entries) => {
        // The last is how it is now. A row may be larger than the window: half of either is enough.
        const entry = entries.pop();
        const seen = entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= innerHeight / 2;
        if (!seen) this.timer = clearTimeout(this.timer);
        else this.timer = this.timer || setTimeout(() => {
          this.unwatch();
          this.report("slate_seen", { properties: { product_ids: this.ids } });
          this.tell("seen", { slate: this.slate });
        }, 1000);
      }, { threshold: [0, 0.25, 0.5, 0.75] });
      this.watch.observe(this);
    }

    unwatch() {
      this.timer = clearTimeout(this.timer);
      if (this.watch) this.watch.disconnect();
    }

    clicked(event) {
      const way = event.composedPath(), item = way.find((one) => one.dataset && one.dataset.product);
      if (!item || !this.ids || !way.slice(0, way.indexOf(item)).some((one) => one.localName === "a")) return;
      const id = item.dataset.product;
      this.report("slate_clicked", { product_id: id, properties: { position: this.ids.indexOf(id) } });
      this.tell("clicked", { slate: this.slate, product_id: id });
    }

    report(type, fields) {
      fields.slate_id = this.slate.slate_id;
      // pushcart.js knows of consent, and keeps what cannot be sent.
      if (window.pushcart && window.pushcart.track) return window.pushcart.track(type, fields);
      const visitor_id = this.visitor, now = new Date().toISOString();
      if (visitor_id) navigator.sendBeacon(host + "/api/v1/events", JSON.stringify({
        key: given.key, sent_at: now, batch: [{ type, message_id: random(), occurred_at: now, visitor_id, ...fields }],
      }));
    }

    tell(name, detail) {
      this.dispatchEvent(new CustomEvent("pushcart:" + name, { bubbles: true, composed: true, detail }));
    }
  }
  customElements.define("pushcart-recs", Recommendations);
})();
