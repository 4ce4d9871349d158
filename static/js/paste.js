// A word processor gives the clipboard its text twice: plain, and as HTML. A text box takes the plain one, without
// headings and links; so the other is put in, without what is only long. As text: a parsed page would have the browser
// complain about each style in it.
const box = document.querySelector("[data-paste]");
const note = document.querySelector("[data-paste-note]");
box.addEventListener("paste", (event) => {
  const html = event.clipboardData.getData("text/html");
  if (!/<(h[1-6]|a|li|ul|ol|b|strong|i|em|p)\b/i.test(html)) return;
  event.preventDefault();
  const short = html
    .replace(/<(head|style|script|xml)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<img\b[^>]*>/gi, "<img>");
  box.setRangeText(short.trim(), box.selectionStart, box.selectionEnd, "end");
  note.textContent = note.dataset.words;
});
