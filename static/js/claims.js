// While one writes, the server is asked now and then whether a sentence promises too much; each is a button that leads
// to its place. Saving warns as well.
addEventListener("DOMContentLoaded", () => {
  const settings = document.querySelector("[data-claims]");
  if (!settings) return;
  const form = settings.closest("form");
  const fields = settings.dataset.fields.split(" ").map((name) => form.elements[name]).filter(Boolean);
  const note = document.createElement("div");
  note.className = "claims-note";
  note.setAttribute("role", "status");

  // A block of the editor's text, with where each letter of it stands; blanks are one, as in what the server says.
  const place = (editor, words, sentence) => {
    let found = null;
    editor.state.doc.descendants((node, position) => {
      if (found || !node.isTextblock) return !found;
      let text = "";
      const spots = [];
      node.descendants((child, offset) => {
        if (!child.isText) return;
        child.text.split("").forEach((letter, index) => { // as the editor counts: an emoji is two
          const blank = /\s/.test(letter);
          if (blank && text.endsWith(" ")) return;
          text += blank ? " " : letter;
          spots.push(position + 1 + offset + index);
        });
      });
      const begin = text.indexOf(sentence.replace(/…$/, ""));
      const at = begin < 0 ? -1 : text.indexOf(words, begin);
      if (at >= 0) found = { from: spots[at], to: spots[at + words.length - 1] + 1 };
      return false;
    });
    return found;
  };
  const lead = (words, sentence) => {
    for (const field of fields) {
      const editor = editors.get(field);
      if (editor) {
        const range = place(editor, words, sentence);
        if (!range) continue;
        editor.chain().focus().setTextSelection(range).scrollIntoView().run();
        return;
      }
      const at = field.value.indexOf(words);
      if (at < 0) continue;
      field.focus();
      field.setSelectionRange?.(at, at + words.length);
      return;
    }
  };

  const ask = async () => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const field of fields) body.append("text", field.value);
    const response = await fetch(settings.dataset.claims, { method: "POST", body, credentials: "same-origin" });
    if (!response.ok) return;
    const { title, claims } = await response.json();
    note.replaceChildren();
    if (!claims.length) return;
    const list = document.createElement("ul");
    for (const { words, sentence } of claims) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      const strong = document.createElement("strong");
      strong.textContent = words;
      button.append(strong, `: ${sentence}`);
      button.addEventListener("click", () => lead(words, sentence));
      item.append(button);
      list.append(item);
    }
    note.append(title, list);
  };
  let typing;
  form.addEventListener("input", (event) => {
    if (!fields.includes(event.target)) return;
    clearTimeout(typing);
    typing = setTimeout(ask, 1200);
  });
  const text = fields.find((field) => field.tagName === "TEXTAREA" && field.name !== "summary") ?? fields[0];
  text?.closest(".form-row")?.append(note);
});
