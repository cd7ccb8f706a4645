/* What the storefront does beyond links and forms. Everything works without it, only with more page loads. */
"use strict";
(() => {
  const root = document;
  const all = (selector, within = root) => [...within.querySelectorAll(selector)];

  /* Menus are <details>: Escape closes them, and so does going elsewhere. */
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.pop[open]")) {
      const inside = menu.contains(root.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    }
  });
  for (const elsewhere of ["click", "focusin"]) {
    root.addEventListener(elsewhere, (event) => {
      for (const menu of all("details.pop[open]")) if (!menu.contains(event.target)) menu.open = false;
    });
  }

  /* A form with data-once is sent once; the server keeps the promise anyway. */
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });

  /* "How many" on the product page. */
  const steps = (within) => {
    for (const box of all("[data-steps]", within)) {
      const input = box.querySelector("input");
      for (const button of all("button", box)) {
        button.hidden = false;
        button.onclick = () => {
          const n = (parseInt(input.value, 10) || 1) + Number(button.dataset.step);
          input.value = Math.min(99, Math.max(1, n));
        };
      }
    }
  };
  steps(root);
  root.addEventListener("htmx:load", (event) => steps(event.target));

  /* A page that the browser kept for "Back" asks for today's cart. */
  window.addEventListener("pageshow", (event) => {
    const link = root.getElementById("cart-link");
    for (const form of all("[data-sent]")) delete form.dataset.sent;
    if (event.persisted && link && window.htmx) htmx.ajax("GET", link.dataset.refresh, { swap: "none", target: link });
  });

  /* Messages leave after a while, unless somebody is at them. */
  const leave = (toast) => setTimeout(() => {
    if (toast.matches(":hover") || toast.contains(root.activeElement)) leave(toast);
    else toast.remove();
  }, toast.querySelector("form") ? 12000 : 6000);
  all(".toast").forEach(leave);
  root.addEventListener("htmx:oobAfterSwap", (event) => all(".toast", event.target).forEach(leave));

  /* A card that is waved off takes the focus with it: who is at the keyboard goes on at its "Undo". */
  let keyed = false;
  root.addEventListener("htmx:beforeRequest", () => { keyed = root.activeElement.matches(":focus-visible"); });
  root.addEventListener("htmx:afterRequest", () => {
    const undo = root.querySelector(".toast form button");
    if (keyed && undo && root.activeElement === root.body) undo.focus();
  });

  /* Suggestions: the combobox of the ARIA practices; the list holds links, so Enter and click both go there. */
  const form = root.querySelector("form.search[data-suggest]");
  if (!form) return;
  const input = form.querySelector("input[type=search]");
  const list = root.createElement("ul");
  list.id = "suggestions";
  list.className = "suggest";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.getAttribute("aria-label"));
  form.append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list" })) {
    input.setAttribute(name, value);
  }
  let chosen = -1, waiting = 0, asked = "";
  const options = () => all("[role=option]", list);
  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) { chosen = -1; input.removeAttribute("aria-activedescendant"); }
  };
  const choose = (n) => {
    const found = options();
    if (!found.length) return;
    chosen = (n + found.length) % found.length;
    found.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
    input.setAttribute("aria-activedescendant", found[chosen].id);
    found[chosen].scrollIntoView({ block: "nearest" });
  };
  const ask = async () => {
    const words = input.value.trim();
    if (words === asked) return;
    asked = words;
    if (!words) return show(false);
    try {
      const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(words)}`, { headers: { Accept: "text/html" } });
      if (!answer.ok || words !== input.value.trim()) return;
      const found = await answer.text();
      show(false); // What was chosen of the old list is not in the new one.
      list.innerHTML = found;
      show(options().length > 0);
    } catch { show(false); }
  };
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); if (list.hidden) { asked = ""; ask(); } else choose(chosen + 1); }
    else if (event.key === "ArrowUp" && !list.hidden) { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); show(false); }
    else if (event.key === "Enter" && chosen >= 0 && !list.hidden) { event.preventDefault(); location.href = options()[chosen].dataset.href; }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.href = option.dataset.href;
  });
  input.addEventListener("blur", () => show(false));
})();
