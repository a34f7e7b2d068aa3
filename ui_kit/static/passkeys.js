// passkeys.js - log-in by passkey, and making one. The buttons stand hidden until the browser says that it can do it.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const post = async (url, data) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const answer = await fetch(url, {
    method: "POST", body: JSON.stringify(data ?? {}), headers: { "Content-Type": "application/json", "X-CSRFToken": token },
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.problem ?? "");
  return found;
};

const listed = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

const make = async (box) => {
  const asked = await post(box.dataset.passkeyOptions, { proof: box.querySelector("input[name=proof]")?.value ?? "" });
  const key = await navigator.credentials.create({ publicKey: {
    ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: listed(asked.excludeCredentials),
  } });
  return { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: {}, response: {
    clientDataJSON: text(key.response.clientDataJSON), attestationObject: text(key.response.attestationObject),
  } };
};

const use = async (box) => {
  const asked = await post(box.dataset.passkeyOptions);
  const key = await navigator.credentials.get({ publicKey: {
    ...asked, challenge: bytes(asked.challenge), allowCredentials: listed(asked.allowCredentials),
  } });
  const { clientDataJSON, authenticatorData, signature, userHandle } = key.response;
  return { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: {}, response: {
    clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  } };
};

const run = async (box, work) => {
  const problem = box.querySelector("[data-passkey-problem]");
  const button = box.querySelector("button");
  problem.hidden = true;
  button.disabled = true;
  try {
    const answer = await work(box);
    const name = box.querySelector("input[name=name]")?.value;
    const done = await post(box.dataset.passkeyAnswer, name === undefined ? answer : { name, answer });
    location.assign(done.onward);
  } catch (failure) {
    const ours = failure instanceof Error && !(failure instanceof DOMException) && failure.message;
    problem.textContent = ours || problem.dataset.fail;
    problem.hidden = false;
    button.disabled = false;
  }
};

if (window.PublicKeyCredential) {
  for (const box of document.querySelectorAll("[data-passkey-options]")) {
    box.hidden = false;
    box.querySelector("[data-passkey-use]")?.addEventListener("click", () => run(box, use));
    box.querySelector("[data-passkey-make]")?.addEventListener("click", () => run(box, make));
  }
}
