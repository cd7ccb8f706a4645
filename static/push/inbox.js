/* The live inbox: the bell's count and, on the inbox page, the list. The count always comes from the server.
   Without a live connection (ten failures in a row, some 20 seconds) the count is asked for every 30 seconds, and a connection tried every 15 seconds. */
const bell = document.querySelector("[data-inbox]");
const page = document.querySelector("[data-inbox-list]");
const POLL_MS = 30000;
const AGAIN_MS = 15000;
const FAILURES = 10;
let failures = 0;
let polling = 0;
let source = null;

const words = (text, n) => text.replace("#", n);

function showCount(n) {
  const badge = bell.querySelector(".n");
  badge.textContent = n > 99 ? "99+" : n;
  badge.hidden = n === 0;
  bell.setAttribute("aria-label", words(bell.dataset.said, n));
  if (!page) return;
  const said = n === 0 ? bell.dataset.unreadNone : n === 1 ? bell.dataset.unreadOne : bell.dataset.unreadMany;
  page.querySelector("[data-inbox-said]").textContent = words(said, n);
  page.querySelector("[data-inbox-all]").disabled = n === 0;
}

function showItem(item) {
  if (!page || page.querySelector(`[data-id="${item.id}"]`)) return;
  const row = page.querySelector("[data-inbox-template]").content.querySelector(".item").cloneNode(true);
  row.dataset.id = item.id;
  row.classList.toggle("new", !item.read);
  row.querySelector("[data-title]").textContent = item.title;
  row.querySelector("[data-body]").textContent = item.body;
  const open = row.querySelector("[data-open]");
  if (/^https?:\/\//.test(item.url)) open.href = item.url;
  else open.remove();
  if (item.button) open.textContent = item.button;
  const picture = row.querySelector("img");
  picture.hidden = !item.picture;
  if (item.picture) picture.src = item.picture;
  const read = row.querySelector("[data-read]");
  read.setAttribute("action", read.getAttribute("action").replace("/0/", `/${item.id}/`));
  const time = row.querySelector("time");
  time.dateTime = item.at;
  page.querySelector("[data-inbox-empty]")?.remove();
  page.querySelector("[data-inbox-items]").prepend(row);
}

function markRead(row) {
  row.classList.remove("new");
  row.querySelector("[data-read]").hidden = true;
}

async function post(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    keepalive: true,
  });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).unread;
}

function poll() {
  if (polling) return;
  polling = setInterval(async () => {
    const answer = await fetch(bell.dataset.count, { credentials: "same-origin" });
    if (answer.ok) showCount((await answer.json()).unread);
  }, POLL_MS);
}

function stop() {
  source?.close();
  source = null;
}

function listen() {
  stop();
  const newest = page?.querySelector(".item")?.dataset.id ?? "";
  const address = new URL(bell.dataset.live, location.href);
  if (newest) address.searchParams.set("after", newest);
  source = new EventSource(address, { withCredentials: true });
  source.addEventListener("count", (event) => {
    failures = 0;
    clearInterval(polling);
    polling = 0;
    showCount(JSON.parse(event.data).unread);
  });
  source.addEventListener("item", (event) => showItem(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    failures += 1;
    if (failures < FAILURES && source?.readyState !== EventSource.CLOSED) return;
    stop();
    poll();
    setTimeout(listen, AGAIN_MS);
  });
}

async function submitted(event) {
  const form = event.target;
  event.preventDefault();
  try {
    showCount(await post(form));
    const rows = form.matches("[data-read]") ? [form.closest(".item")] : page.querySelectorAll(".item");
    for (const row of rows) markRead(row);
  } catch {
    form.submit();
  }
}

if (bell?.dataset.live) {
  listen();
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && listen());
  page?.addEventListener("submit", submitted);
  page?.addEventListener("click", (event) => {
    const form = event.target.closest("[data-open]")?.closest(".item").querySelector("[data-read]:not([hidden])");
    if (form) post(form).catch(() => {});
  });
}
