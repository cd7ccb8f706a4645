// Editor of a slot: shows beside the form what it would show, and adds lines to its lists.
const form = document.getElementById("slot");
const shown = document.getElementById("preview");
const said = document.getElementById("preview-said");
let waiting;
let asked = 0;

// What the page answers has the focus; browsers do not always heed "autofocus" after a form.
document.querySelector(".pc [autofocus]")?.focus();

async function look() {
  const mine = ++asked;
  const filled = new FormData(form);
  // Who may not change the slot has a form that asks only through whose eyes.
  const question =
    form.method === "post"
      ? fetch(form.dataset.preview, { method: "POST", body: filled })
      : fetch(`${form.dataset.preview}?${new URLSearchParams(filled)}`);
  const answer = await question.catch(() => null);
  // A slower answer to an older question is not shown.
  if (!answer?.ok || mine !== asked) return;
  shown.innerHTML = await answer.text();
  said.textContent = shown.querySelector("[data-said]").dataset.said;
}

form.addEventListener("input", (event) => {
  if (event.target.name === "reason") return;
  clearTimeout(waiting);
  waiting = setTimeout(look, 400);
});

for (const list of form.querySelectorAll("[data-lines]")) {
  const add = list.querySelector("[data-add]");
  const total = list.querySelector(`[name=${list.dataset.lines}-TOTAL_FORMS]`);
  const blank = list.querySelector("template");
  if (!add) continue;
  add.hidden = false;
  add.addEventListener("click", () => {
    const place = document.createElement("div");
    place.innerHTML = blank.innerHTML.replaceAll("__prefix__", total.value).replaceAll("__number__", Number(total.value) + 1);
    total.value = Number(total.value) + 1;
    const line = place.firstElementChild;
    blank.before(line);
    line.querySelector("input,select").focus();
  });
}
