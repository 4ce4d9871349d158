// The desk's bar and keys. Without this script each menu opens and closes by its own press, and nothing needs a key.

const menus = document.querySelectorAll("details[data-menu]");
const close = (menu) => { menu.open = false; };

document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) close(menu);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (!menu.open) continue;
    close(menu);
    menu.querySelector("summary").focus();
  }
});

// Keys: they stay out of fields, and can be turned off in their own list.
const OFF = "desk-keys-off";
const find = document.querySelector("#find-client") ?? document.querySelector("#desk-find");
const rows = [...document.querySelectorAll("[data-todo]")];
const list = document.querySelector("#desk-keys");
const here = () => rows.findIndex((row) => row.contains(document.activeElement));
const go = (step) => {
  const next = rows[here() < 0 ? 0 : Math.min(Math.max(here() + step, 0), rows.length - 1)];
  next?.querySelector("a").focus();
};
const KEYS = {
  "/": () => find?.select(),
  b: () => document.querySelector("[data-book]")?.click(),
  j: () => go(1),
  k: () => go(-1),
  c: () => {
    const form = rows[here()]?.querySelector("form[data-confirm]");
    if (form && confirm(form.dataset.confirm)) form.requestSubmit();
  },
  "?": () => list?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  if (!KEYS[event.key] || (localStorage.getItem(OFF) && event.key !== "?")) return;
  event.preventDefault();
  KEYS[event.key]();
});
const turnedOff = list?.querySelector("input");
if (turnedOff) {
  turnedOff.checked = Boolean(localStorage.getItem(OFF));
  turnedOff.addEventListener("change", () => {
    if (turnedOff.checked) localStorage.setItem(OFF, "yes");
    else localStorage.removeItem(OFF);
  });
}
