// Dialogs of the admin: a button with data-dialog="id" opens <dialog id>; [data-close] closes it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    document.getElementById(opener.dataset.dialog).showModal();
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog").close();
});

// unfold's frame names no main part of the page: what its skip link leads to is it.
document.addEventListener("DOMContentLoaded", () => {
  const content = document.getElementById("content");
  if (!content) return;
  content.setAttribute("role", "main");
  content.tabIndex = -1;
});

// A table with data-stacks is a list of cards on a phone: each cell carries the word of its column.
// The script is read before the page is.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table[data-stacks]")) {
    // Of a heading above several columns the last has the word.
    const words = [...table.tHead.rows[0].cells].flatMap((cell) => [...Array(cell.colSpan - 1).fill(""), cell.textContent.trim()]);
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => {
        if (words[column]) cell.dataset.word = words[column];
      });
    }
  }
});

// "/" leads to the search field of the page; lists have their own, which unfold leads to.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog") || document.getElementById("searchbar")) return;
  const field = document.querySelector("[data-find]");
  if (!field?.checkVisibility()) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Lists that fetch themselves again: data-live holds the address of their rows; [data-pause] holds one still.
const paused = new Set();
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pause]");
  if (!button) return;
  const held = !paused.delete(button.dataset.pause);
  if (held) paused.add(button.dataset.pause);
  button.setAttribute("aria-pressed", String(held));
});
setInterval(async () => {
  for (const list of document.querySelectorAll("[data-live]")) {
    if (paused.has(list.id) || document.hidden) continue;
    const response = await fetch(list.dataset.live).catch(() => null);
    if (response?.ok) list.innerHTML = await response.text();
  }
}, 2000);
