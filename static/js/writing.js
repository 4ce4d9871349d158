// For all that the owner writes: a question before unsaved words are left behind, saving with Ctrl+S, counts of words
// and letters, and a look at the addresses of links. The words to say it with are in the page.
const editors = new Map();
let unsaved = false;

const said = (key) => document.querySelector("[data-writing]").dataset[key];
const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

const countsUnder = (field, say) => {
  const note = document.createElement("div");
  note.className = "help count-note";
  (field.closest(".flex-container") ?? field).after(note);
  const count = () => { note.textContent = say(); };
  count();
  return count;
};

document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  editors.set(textarea, editor);
  const words = () => editor.getText({ blockSeparator: " " }).split(/\s+/).filter(Boolean).length;
  const say = () => fill(said("words"), { words: words(), minutes: Math.max(1, Math.ceil(words() / 220)) });
  editor.on("update", countsUnder(textarea.closest(".prose-editor"), say));
});

addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-writing]")?.closest("form");
  if (!form) return;
  // A form that came back with what was typed in it holds what is nowhere else.
  unsaved = Boolean(document.querySelector(".errornote"));
  const changed = (event) => { if (form.contains(event.target)) unsaved = true; };
  addEventListener("input", changed);
  addEventListener("change", changed);
  form.addEventListener("submit", (event) => { if (event.submitter?.name !== "_preview") unsaved = false; });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key !== "s") return;
    event.preventDefault();
    form.querySelector("[name=_continue]")?.click();
  });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  for (const name of ["summary", "meta_description", "text", "words"]) {
    const field = form.elements[name];
    if (!(field?.maxLength > 0)) continue;
    const say = () => fill(said("letters"), { letters: field.value.length, most: field.maxLength });
    field.addEventListener("input", countsUnder(field, say));
  }
});

// An address as people type it, as the browser needs it.
const straight = (typed) => {
  const address = typed.trim();
  if (address.startsWith(`${location.origin}/`)) return address.slice(location.origin.length);
  if (/^[^\s/:@]+@[^\s/:@]+\.[a-z]{2,}$/i.test(address)) return `mailto:${address}`;
  if (/^\+?[\d(][\d ().-]{6,}$/.test(address)) return `tel:${address.replace(/[^\d+]/g, "")}`;
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}([/?#]\S*)?$/i.test(address)) return `https://${address}`;
  return address;
};
const isAddress = (address) => /^(\/(?!\/)|#|https?:\/\/[^\s/]+\.[^\s/]+|mailto:\S+@\S+|tel:\+?\d)\S*$/i.test(address);

// Before the editor's own button does its work.
addEventListener("click", async (event) => {
  const button = event.target.closest?.(".prose-editor-dialog button[type=submit]");
  const field = button?.closest("form").elements.href;
  if (!field || button.dataset.looked === field.value) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  field.value = straight(field.value);
  let wrong = isAddress(field.value) ? "" : said("oddLink");
  if (!wrong && field.value.startsWith("/")) {
    const answer = await fetch(field.value, { method: "HEAD", credentials: "same-origin" }).catch(() => null);
    if (answer?.status === 404) wrong = said("deadLink");
  }
  field.setCustomValidity(wrong);
  field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
  if (wrong) {
    field.reportValidity();
    return;
  }
  button.dataset.looked = field.value;
  setTimeout(() => button.click()); // a button that is being pressed can't be pressed again
}, true);
