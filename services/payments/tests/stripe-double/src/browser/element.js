// The frame of the Payment Element: tells the page what was chosen, and how high it is.
"use strict";

const frame = location.hash.slice(1);

function tell(message) {
  parent.postMessage({ stripeDouble: frame, ...message }, "*");
}

function tellHeight() {
  // Not the scroll height, which is never less than the frame: it would grow for ever.
  tell({ type: "height", height: document.documentElement.offsetHeight });
}

document.addEventListener("change", (event) => {
  tell({ type: "change", method: event.target.value, kind: event.target.dataset.kind });
});
addEventListener("resize", tellHeight);
tell({ type: "ready" });
tellHeight();
