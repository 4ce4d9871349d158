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
