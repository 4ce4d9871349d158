// Keeps a press while there is no connection, sends it when there is, and says what isn't sent yet. The server knows a
// press by its key, so sending one twice is sending it once. Without this script the buttons are plain forms.
// What is kept is of one log-in, or one program: another's page never sends it, and logging out deletes it (log_out.js).

const AGAIN_AFTER = 15000;
const note = document.querySelector("[data-unsent]");
const STORE = `massagerx-presses-${note.dataset.user}`;
let sending = false;
// Typed on this page and not sent yet: each is sent, in its order. A PIN is never written to the phone.
let pins = [];

const kept = () => JSON.parse(localStorage.getItem(STORE) ?? "[]");

function keep(presses) {
  localStorage.setItem(STORE, JSON.stringify(presses));
  show(presses);
}

function show(presses, more = "") {
  note.hidden = presses.length === 0 && pins.length === 0 && !more;
  note.textContent = pins.length ? `${note.dataset.pin} ` : "";
  if (presses.length) note.append(`${note.dataset.waits} `);
  for (const press of presses) {
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "my-button";
    drop.textContent = `${note.dataset.drop}: ${press.words}`;
    drop.addEventListener("click", () => keep(kept().filter((other) => other.key !== press.key)));
    note.append(drop);
  }
  note.append(more);
}

function post(address, body) {
  // Kept alive: what is typed while the page is loaded anew arrives too.
  return fetch(address, { method: "POST", body, headers: { "X-Press": "1" }, redirect: "manual", keepalive: true });
}

function send(press) {
  const body = new FormData();
  for (const [name, value] of press.fields) body.append(name, value);
  body.set("age", Math.max(0, Math.round((Date.now() - press.at) / 1000)));
  body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  // A program's page may have another address by now than when it was pressed.
  const page = note.dataset.page;
  return post(page ? page + press.address.match(/\d+\/$/)[0] : press.address, body);
}

function nextToSend() {
  const pin = pins[0];
  if (pin) {
    const drop = () => (pins = pins.filter((other) => other !== pin));
    return { send: () => post(pin.address, pin.body), drop, lost: note.dataset.refused };
  }
  const press = kept()[0];
  const others = () => kept().filter((other) => other.key !== press.key);
  return press && { send: () => send(press), drop: () => keep(others()), lost: `${note.dataset.lost} ${press.words}` };
}

async function flush() {
  if (sending) return;
  sending = true;
  let sent = 0;
  let refused = "";
  try {
    for (let next = nextToSend(); next; next = nextToSend()) {
      const answer = await next.send();
      const isClosed = answer.status === 404 && note.dataset.page;
      if (answer.type === "opaqueredirect" || answer.status === 403 || isClosed) {
        show(kept(), note.dataset.logIn);
        return;
      }
      if (answer.status >= 500 || answer.status === 429) break;
      if (!answer.ok) refused = (await answer.json().catch(() => ({}))).said ?? next.lost;
      next.drop();
      sent += 1;
    }
  } catch {
    // No connection: all of it stays, and is tried again.
  } finally {
    sending = false;
  }
  if (refused || pins.length) show(kept(), refused);
  else if (sent && !kept().length) location.reload();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.pin !== undefined) {
    event.preventDefault();
    pins.push({ address: form.action, body: new FormData(form) });
    form.reset();
    flush();
    return;
  }
  if (!form.dataset.press) return;
  event.preventDefault();
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  const key = form.elements.key.value;
  if (!kept().some((press) => press.key === key)) {
    keep([...kept(), { key, fields, address: form.action, words: form.dataset.press, at: Date.now() }]);
  }
  flush();
});

for (const undo of document.querySelectorAll("[data-undo]")) {
  setTimeout(() => undo.remove(), Number(undo.dataset.undo) * 1000);
}
show(kept());
flush();
addEventListener("online", flush);
setInterval(flush, AGAIN_AFTER);
