// While one writes, the server is asked now and then whether a sentence promises too much. Saving warns as well.
addEventListener("DOMContentLoaded", () => {
  const settings = document.querySelector("[data-claims]");
  if (!settings) return;
  const form = settings.closest("form");
  const fields = settings.dataset.fields.split(" ").map((name) => form.elements[name]).filter(Boolean);
  const note = document.createElement("div");
  note.className = "claims-note";
  note.setAttribute("role", "status");
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
      const strong = document.createElement("strong");
      strong.textContent = words;
      item.append(strong, `: ${sentence}`);
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
