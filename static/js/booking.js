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

// Days and months turn in place: the same address and content as a whole page load, which is what happens when a
// request fails. Back and forward show what they showed.
const turn = async (address, remember) => {
  const shown = document.querySelector("[data-turns]");
  shown.setAttribute("aria-busy", "true");
  const response = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-turns]");
  if (!response.ok || response.redirected || !fresh) throw new Error("not the calendar");
  shown.replaceWith(fresh);
  if (remember) history.pushState({ turned: true }, "", address);
  const hash = new URL(address, location.href).hash;
  const target = hash === "#times" ? "times-title" : "calendar-month";
  document.getElementById(target)?.focus({ preventScroll: true });
  if (hash === "#times") document.getElementById("times")?.scrollIntoView({ block: "nearest" });
};

if (document.querySelector("[data-turns]")) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-turns] a[href^='?']");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    turn(link.href, true).catch(() => { location.href = link.href; });
  });
  addEventListener("popstate", () => turn(location.href, false).catch(() => location.reload()));
}

if (location.hash === "#times") document.getElementById("times-title")?.focus();

// The summary at the foot of a phone closes when it is left, so that it never lies over what is being filled in.
const bar = document.querySelector(".summary--bar details");
if (bar) {
  bar.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !bar.contains(event.relatedTarget)) bar.open = false;
  });
  document.addEventListener("click", (event) => {
    if (!bar.contains(event.target)) bar.open = false;
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    bar.open = false;
    bar.querySelector("summary").focus();
  });
}

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
