// The booking flow works without this file. With it, follow-up fields appear only when they are asked for, and the
// focus goes to what needs attention. (site.js keeps a form from being sent twice.)

const chosen = (form, name) => form.querySelector(`[name="${name}"]:checked`)?.value ?? "";

for (const part of document.querySelectorAll("[data-shown-by]")) {
  const box = document.querySelector(`[name="${part.dataset.shownBy}"]`);
  const update = () => { part.hidden = !box.checked; };
  box.addEventListener("change", update);
  update();
}

for (const part of document.querySelectorAll("[data-after]")) {
  const form = part.closest("form");
  const answers = part.dataset.answers.split(" ");
  const update = () => { part.hidden = !answers.includes(chosen(form, part.dataset.after)); };
  form.addEventListener("change", update);
  update();
}

if (location.hash === "#times") document.getElementById("times-title")?.focus();
