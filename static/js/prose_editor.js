// The editor's library adds a style element, which our Content-Security-Policy refuses, unless it finds one with this
// mark. An element of that name outside HTML is found as well, and holds no style. The rules are in prose_editor.css.
const mark = document.createElementNS(null, "style");
mark.setAttribute("data-tiptap-style", "");
document.head.append(mark);

// The library names the text box for nobody who listens; the field's label does.
function nameEditors() {
  for (const editor of document.querySelectorAll(".prose-editor .ProseMirror:not([aria-label])")) {
    const field = editor.closest(".prose-editor").querySelector("textarea") ?? editor.closest(".form-row")?.querySelector("textarea");
    const label = field?.labels?.[0]?.textContent.trim().replace(/:$/, "");
    if (label) editor.setAttribute("aria-label", label);
  }
}
new MutationObserver(nameEditors).observe(document.documentElement, { childList: true, subtree: true });
