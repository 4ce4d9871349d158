// Counts an exercise's seconds down, and says the end, also to a screen reader. Without this file the seconds are words
// on the page. Nothing moves but the number.
for (const timer of document.querySelectorAll("[data-timer]")) {
  const whole = Number(timer.dataset.timer) * 1000;
  const [left, button, said] = ["[data-left]", "button", "[role=status]"].map((part) => timer.querySelector(part));
  let rest = whole;
  // When it ends; 0 while it stands still. By the clock, so that a page in the background is not late.
  let endsAt = 0;
  let ticking;

  function show() {
    left.textContent = Math.ceil(rest / 1000);
    button.textContent = button.dataset[endsAt ? "pause" : rest < whole ? "resume" : "start"];
  }

  function tick() {
    rest = Math.max(0, endsAt - Date.now());
    if (rest === 0) {
      stop();
      rest = whole;
      said.textContent = said.dataset.end;
    }
    show();
  }

  function stop() {
    clearInterval(ticking);
    endsAt = 0;
  }

  button.addEventListener("click", () => {
    if (endsAt) {
      rest = Math.max(0, endsAt - Date.now());
      stop();
    } else {
      said.textContent = "";
      endsAt = Date.now() + rest;
      ticking = setInterval(tick, 200);
    }
    show();
  });
  show();
  timer.hidden = false;
}
