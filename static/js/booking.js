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

// How long the chosen time is still kept. The sentence with the hour is there without this; the minutes are for the
// eye, and a screen reader is told once, at two minutes, and when the time is over.
// Counted from the seconds that the server gave: the visitor's clock may be wrong.
const hold = document.querySelector("[data-hold-seconds]");
if (hold) {
  const until = performance.now() + Number(hold.dataset.holdSeconds) * 1000;
  const left = hold.querySelector(".hold__left");
  const status = hold.querySelector("[role=status]");
  let told = false;
  const tick = () => {
    const seconds = Math.round((until - performance.now()) / 1000);
    if (seconds <= 0) {
      hold.querySelector(".hold__words").textContent = hold.dataset.over;
      left.textContent = "";
      status.textContent = hold.dataset.over;
      clearInterval(clock);
      return;
    }
    const minutes = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    left.textContent = hold.dataset.minutesLeft.replace("%s", minutes);
    if (seconds <= 120 && !told) {
      told = true;
      status.textContent = hold.dataset.soon;
    }
  };
  const clock = setInterval(tick, 1000);
  tick();
}
