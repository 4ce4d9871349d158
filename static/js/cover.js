// The cover is a list of names; with this file it can be chosen by sight as well, from the library's window, which
// prose_library.js opens.
addEventListener("DOMContentLoaded", () => {
  const select = document.querySelector("select[name=cover]");
  const dialog = document.querySelector('[data-library="picture"]');
  const shown = document.querySelector("[data-cover-shown]");
  if (!select || !dialog || !shown) return;
  const nothing = shown.querySelector("img") ? "" : shown.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button library-plain";
  button.textContent = shown.dataset.button;
  button.addEventListener("click", () => choose("picture", (chosen) => {
    const { key, name } = chosen.dataset;
    if (![...select.options].some((option) => option.value === key)) select.add(new Option(name, key));
    select.value = key;
    shown.replaceChildren(chosen.querySelector("img").cloneNode());
  }));
  shown.after(button);
  select.addEventListener("change", () => { shown.textContent = select.value ? "" : nothing; });
});
