// The frame of the Payment Element: tells the page what was chosen, and how high it is.
"use strict";

const frame = location.hash.slice(1);

function tell(message) {
  parent.postMessage({ stripeDouble: frame, ...message }, "*");
}

function tellHeight() {
  tell({ type: "height", height: document.documentElement.scrollHeight });
}

document.addEventListener("change", (event) => {
  tell({ type: "change", method: event.target.value, kind: event.target.dataset.kind });
});
addEventListener("resize", tellHeight);
tell({ type: "ready" });
tellHeight();
