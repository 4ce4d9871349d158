// A word processor gives the clipboard its text twice: plain, and as HTML. A text box takes the plain one, without
// headings and links; so the other is put in. What only says how it looks is left out, to keep it short.
const box = document.querySelector("[data-paste]");
const note = document.querySelector("[data-paste-note]");
box.addEventListener("paste", (event) => {
  const html = event.clipboardData.getData("text/html");
  if (!/<(h[1-6]|a|li|ul|ol|b|strong|i|em|p)\b/i.test(html)) return;
  event.preventDefault();
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const element of parsed.querySelectorAll("style, script, meta, link, xml")) element.remove();
  for (const image of parsed.querySelectorAll("img")) image.removeAttribute("src");
  box.setRangeText(parsed.body.innerHTML.trim(), box.selectionStart, box.selectionEnd, "end");
  note.textContent = note.dataset.words;
});
