// The booking flow works without this file. With it, follow-up fields appear only when they are asked for, the focus
// goes to what needs attention, and the button that books can't be pressed twice.

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

document.getElementById("error-summary")?.focus();
if (location.hash === "#times") document.getElementById("times-title")?.focus();

for (const form of document.querySelectorAll("[data-send-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
}
// A page brought back by the Back button may be sent again: the server finds the booking that it made.
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("[data-send-once]")) delete form.dataset.sent;
});
