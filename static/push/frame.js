// Frames with data-grows are as high as the message in them, so that nothing scrolls within the page. In a message nothing runs:
// its frame is sandboxed without scripts, and of the page's origin only so that this can look how high it is.
const MOST_PX = 20000;

function fit(frame) {
  const shown = frame.contentDocument;
  if (!shown?.body || shown.location.href === "about:blank") return;
  const page = shown.documentElement;
  const high = Math.max(page.getBoundingClientRect().height, shown.body.getBoundingClientRect().bottom + frame.contentWindow.scrollY);
  // Wider than the frame: room for the bar that moves it.
  const bar = page.scrollWidth > page.clientWidth ? 20 : 0;
  frame.style.height = `${Math.min(Math.ceil(high) + bar + frame.offsetHeight - frame.clientHeight, MOST_PX)}px`;
}

for (const frame of document.querySelectorAll("iframe[data-grows]")) {
  let wide = 0;
  frame.addEventListener("load", () => fit(frame));
  if (frame.contentDocument?.readyState === "complete") fit(frame);
  // Only a new width is asked for again: one that follows its own height would grow for ever.
  new ResizeObserver(() => {
    if (wide !== frame.clientWidth) fit(frame);
    wide = frame.clientWidth;
  }).observe(frame);
}
