// The editor writes a <style> element of its own, which our Content-Security-Policy refuses. It skips that when it finds
// one marked as its own; so here is an empty one, in a namespace where a style element has no effect. What it would have
// written is in the style sheets that come with the editor.
document.head.append(
  Object.assign(document.createElementNS("http://www.w3.org/1998/Math/MathML", "style"), { id: "tiptap-style" }),
);
document.getElementById("tiptap-style").setAttribute("data-tiptap-style", "");
