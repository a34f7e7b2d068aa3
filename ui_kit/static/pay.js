// pay.js - the card form of the pay and card pages. Numbers are typed into Braintree"s own frames and go to Braintree;
// what comes back is a nonce, which is all that our form sends. Without this file kept cards and the demo still work.

const form = document.getElementById("pay-form");
const real = form && ["sandbox", "production"].includes(form.dataset.mode);
const one = (selector) => form.querySelector(selector);
const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

/** One post to our own server; the answer as JSON. Throws with a sentence for people where there is one. */
async function ask(address, fields = {}) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ csrf_token: csrf(), ...fields }) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.problem || "");
  return said;
}

function say(text) {
  const box = one("[data-card-problem]");
  box.querySelector("p").textContent = text;
  box.hidden = !text;
  if (text) box.scrollIntoView({ block: "center" });
}

/** The form could not load: say so, and leave the ways that work. */
function away() {
  one("[data-away]").hidden = false;
  for (const part of form.querySelectorAll("[data-card], [data-bank]")) part.hidden = true;
}

const way = () => form.dataset.only || (form.querySelector('[name="method"]:checked') || {}).value || "";
const total = () => (document.getElementById("pay-total") || { dataset: {} }).dataset.total || "";

let client = null;
let fields = null;

async function connect() {
  if (!window.braintree) throw new Error("");
  client = client || window.braintree.client.create({ authorization: (await ask(form.dataset.token)).token });
  return client;
}

/** Braintree"s frames in the places of our fields, once a new card is chosen. */
async function openCard() {
  if (fields || one("[data-nonce]").value) return;
  const look = getComputedStyle(document.body);
  const field = (name) => ({ container: `#card-${name}` });
  fields = connect().then((ready) => window.braintree.hostedFields.create({
    client: ready,
    styles: { input: { "font-size": "16px", color: look.color }, ".invalid": { color: "#b3261e" } },
    fields: { number: field("number"), expirationDate: field("date"), cvv: field("code"), postalCode: field("postal") },
  }));
  await fields;
}

async function open() {
  say("");
  try {
    if (way() === "card") await openCard();
    if (way() === "bank") await connect();
  } catch (problem) {
    client = fields = null;
    away();
    if (problem.message && problem.name === "Error") say(problem.message);
  }
}

/** The card"s bank asks its owner to confirm. Gives the nonce that stands for the confirmed card. */
async function confirm(nonce, bin) {
  const secure = await window.braintree.threeDSecure.create({ version: 2, client: await connect() });
  const answer = await secure.verifyCard({
    amount: total(), nonce, bin, onLookupComplete: (_data, next) => next(),
  });
  const info = answer.threeDSecureInfo || {};
  if (!info.liabilityShifted && (info.liabilityShiftPossible || form.dataset.secure === "required")) {
    throw new Error(form.dataset.secureText);
  }
  return answer.nonce;
}

async function cardNonce() {
  let card;
  try {
    card = await (await fields).tokenize();
  } catch {
    throw new Error(form.dataset.fill);
  }
  return form.dataset.secure === "off" ? card.nonce : confirm(card.nonce, (card.details || {}).bin);
}

async function bankNonce() {
  const typed = (name) => document.getElementById(`bank-${name}`).value.trim();
  const bank = await window.braintree.usBankAccount.create({ client: await connect() });
  try {
    const made = await bank.tokenize({
      mandateText: one("[data-mandate]").textContent,
      bankDetails: {
        routingNumber: typed("routing"), accountNumber: typed("account"), accountType: typed("type"),
        ownershipType: "personal", firstName: typed("first"), lastName: typed("last"),
        billingAddress: {
          streetAddress: typed("street"), locality: typed("town"), region: typed("state").toUpperCase(), postalCode: typed("zip"),
        },
      },
    });
    return made.nonce;
  } catch {
    throw new Error(form.dataset.fillBank);
  }
}

/** What has to be known before the form may go; nothing for a kept card without 3-D Secure. */
async function prepare() {
  const chosen = way();
  if (chosen === "card") {
    const place = one("[data-nonce]");
    place.value = place.value || await cardNonce();
  } else if (chosen === "bank") {
    const place = one("[data-bank-nonce]");
    place.value = place.value || await bankNonce();
  } else if (form.dataset.secure !== "off" && form.dataset.stored) {
    const begun = await ask(form.dataset.stored, { method: chosen });
    one("[data-stored-nonce]").value = await confirm(begun.nonce, begun.bin);
  }
}

let ready = false;
let busy = false;

async function send(event) {
  if (ready) return;
  event.preventDefault();
  if (busy) return;
  busy = true;
  const button = one("[data-pay]");
  button.disabled = true;
  say("");
  try {
    await prepare();
    ready = true;
  } catch (problem) {
    say(problem.message || form.dataset.fill);
  }
  busy = false;
  button.disabled = false;
  if (ready) setTimeout(() => form.requestSubmit());  // never while the event that we stopped is still on its way
}

if (real) {
  form.addEventListener("change", (event) => { if (event.target.name === "method") open(); });
  form.addEventListener("submit", send);
  open();
} else if (form) {
  // The second click of a double click has nothing to press; the server would answer it with the first one"s outcome.
  form.addEventListener("submit", () => setTimeout(() => { const b = one("[data-pay]"); if (b) b.disabled = true; }));
}
window.addEventListener("pageshow", (event) => { if (event.persisted && form) window.location.reload(); });
