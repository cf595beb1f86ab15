// The bank's page: a dialog of Stripe.js, or a page of its own the customer was sent to.
"use strict";

const secret = decodeURIComponent(location.hash.slice(1));
const framed = parent !== window;

function tell(type) {
  parent.postMessage({ stripeDouble: secret, type }, "*");
}

async function answer(approved) {
  const body = new URLSearchParams({ client_secret: secret, approved: String(approved) });
  const response = await fetch("/pages/answer", { method: "POST", body });
  const said = await response.json();
  if (!response.ok) {
    document.getElementById("problem").textContent = said.error.message;
  } else if (framed) {
    tell("answered");
  } else if (said.url) {
    location.assign(said.url);
  }
}

document.getElementById("approve").addEventListener("click", () => answer(true));
document.getElementById("deny").addEventListener("click", () => answer(false));
document.getElementById("close").addEventListener("click", () => tell("closed"));
document.getElementById("close").hidden = !framed;
