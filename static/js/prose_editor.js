// The editor's library adds a style element, which our Content-Security-Policy refuses, unless it finds one with this
// mark. An element of that name outside HTML is found as well, and holds no style. The rules are in prose_editor.css.
const mark = document.createElementNS(null, "style");
mark.setAttribute("data-tiptap-style", "");
document.head.append(mark);
