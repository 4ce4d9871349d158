// Above each editor stand buttons that put a picture or a video of the library where the cursor is. The window to
// choose from is in the page; what it shows comes from the server.

const library = (kind) => document.querySelector(`[data-library="${kind}"]`);

// Opens the window and calls `chosen` with the button that was pressed in it.
const choose = (kind, chosen) => {
  const dialog = library(kind);
  const results = dialog.querySelector("[data-results]");
  const search = dialog.querySelector("input[type=search]");
  const fill = async () => {
    const address = new URL(dialog.dataset.address, location.href);
    address.searchParams.set("q", search.value);
    const response = await fetch(address, { credentials: "same-origin" });
    if (response.ok) results.innerHTML = await response.text();
  };
  let typing;
  const typed = () => {
    clearTimeout(typing);
    typing = setTimeout(fill, 250);
  };
  const pressed = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (!("close" in button.dataset)) chosen(button);
    dialog.close();
  };
  const enter = (event) => { if (event.key === "Enter") event.preventDefault(); };
  search.addEventListener("input", typed);
  search.addEventListener("keydown", enter);
  dialog.addEventListener("click", pressed);
  // Back from the tab in which something new was added.
  addEventListener("focus", fill);
  dialog.addEventListener("close", () => {
    search.removeEventListener("input", typed);
    search.removeEventListener("keydown", enter);
    dialog.removeEventListener("click", pressed);
    removeEventListener("focus", fill);
  }, { once: true });
  search.value = "";
  fill();
  dialog.showModal();
};

const content = {
  picture: ({ source, text }) => [
    { type: "figure", content: [{ type: "image", attrs: { src: source, alt: text } }, { type: "caption" }] },
    { type: "paragraph" },
  ],
  video: ({ source, text }) => [
    { type: "paragraph", content: [{ type: "text", text, marks: [{ type: "link", attrs: { href: source } }] }] },
    { type: "paragraph" },
  ],
};

document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  if (!editor.schema.nodes.figure) return;
  const bar = document.createElement("div");
  bar.className = "library-bar";
  for (const kind of ["picture", "video"]) {
    const dialog = library(kind);
    if (!dialog) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button library-plain";
    button.dataset.put = kind;
    button.textContent = dialog.dataset.button;
    button.addEventListener("click", () => {
      choose(kind, (chosen) => editor.chain().focus().insertContent(content[kind](chosen.dataset)).run());
    });
    bar.append(button);
  }
  textarea.closest(".prose-editor").prepend(bar);
});
