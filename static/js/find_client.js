// Finds clients while staff type. Without this script the form does the same with a press.

const form = document.querySelector("[data-find]");
const found = document.querySelector("[data-found]");
const field = form.querySelector("input[name=q]");
let timer;
let asking;
// What is typed next is about the next caller.
field.select();

async function look() {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(`?${query}`, { headers: { "X-Part": "found" }, signal: asking.signal });
    if (answer.ok && !answer.redirected) found.innerHTML = await answer.text();
  } catch {
    // Typed on, or out of reach for a moment: the form still works.
  }
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(look, 250);
});
