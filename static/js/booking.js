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

// Who, days and weeks turn in place: the same address and content as a whole page load, which is what happens when a
// request fails. Back and forward show what they showed.
let turning = 0;
const turn = async (address, remember) => {
  const mine = ++turning;
  document.querySelector("[data-turns]").setAttribute("aria-busy", "true");
  const response = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-turns]");
  // Who turns quickly sees what was asked for last, whichever answer comes first.
  if (mine !== turning) return;
  if (!response.ok || response.redirected || !fresh) throw new Error("not the calendar");
  // Whoever turns weeks goes on turning: the focus stays on the same link, as long as there is one.
  const stays = document.activeElement?.id;
  document.querySelector("[data-turns]").replaceWith(fresh);
  if (remember) history.pushState({ turned: true }, "", address);
  const to = (name) => document.getElementById(name)?.focus({ preventScroll: true });
  if (new URL(address, location.href).hash === "#times") {
    // The heading says the day and how many times it has, and is read out because it gets the focus.
    to("times-title");
    document.getElementById("times")?.scrollIntoView({ block: "nearest" });
    return;
  }
  to(stays && document.getElementById(stays) ? stays : "calendar-title");
  const told = document.querySelector("[data-turned]");
  if (told) told.textContent = fresh.querySelector("[data-in-words]")?.dataset.inWords ?? "";
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

// Where a phone's keyboard lies over the page instead of making it smaller, the summary stands on the keyboard.
const seen = window.visualViewport;
if (bar && seen) {
  const lift = () => {
    const covered = seen.scale > 1.01 ? 0 : Math.round(innerHeight - seen.height - seen.offsetTop);
    bar.parentElement.style.setProperty("--keyboard", `${Math.max(0, covered)}px`);
  };
  seen.addEventListener("resize", lift);
  seen.addEventListener("scroll", lift);
}

// A health card opens its lines after "Yes, or not sure". What isn't open isn't sent: "None of these" is what it says.
for (const card of document.querySelectorAll("[data-card]")) {
  const lines = card.querySelector("[data-card-lines]");
  const update = () => {
    const choice = card.querySelector(".health-card__tiles :checked")?.value;
    lines.hidden = lines.disabled = choice !== "some";
    card.classList.toggle("health-card--done", choice === "none");
  };
  card.addEventListener("change", update);
  update();
}

// Once an answer is given, nothing says any more that it is missing.
for (const asked of document.querySelectorAll("fieldset.question--invalid")) {
  asked.addEventListener("change", () => {
    asked.classList.remove("question--invalid");
    asked.querySelector(".invalid-feedback")?.replaceChildren();
  });
}

// What an answer asks for is said at once; a sign that can't wait is sent without the rest.
for (const question of document.querySelectorAll(".question")) {
  const update = () => {
    const answer = question.querySelector(".question__answers :checked")?.value;
    for (const words of question.querySelectorAll("[data-for]")) {
      words.hidden = !words.dataset.for.split(" ").includes(answer);
    }
    return answer;
  };
  question.addEventListener("change", () => {
    if (update() === "yes" && "urgent" in question.dataset) question.closest("form").requestSubmit();
  });
  update();
}

// Read aloud on the phone: N and Y answer the card at hand, and lead to the next without an answer.
const keyed = document.querySelector("form[data-keys]");
if (keyed) {
  const cards = [...keyed.querySelectorAll("[data-card]")];
  const open = () => cards.find((card) => !card.querySelector(".health-card__tiles :checked"));
  document.addEventListener("keydown", (event) => {
    const choice = { n: "none", y: "some" }[event.key.toLowerCase()];
    if (!choice || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("select, textarea, input:not([type=radio], [type=checkbox])")) return;
    const card = event.target.closest("[data-card]") ?? open();
    const tile = card?.querySelector(`.health-card__tiles [value="${choice}"]`);
    if (!tile) return;
    event.preventDefault();
    tile.click();
    const next = choice === "some" ? card.querySelector("[data-card-lines] input") : open()?.querySelector("input");
    (next ?? tile).focus();
  });
}

// The chosen time is kept while somebody types, without a word. In its last two minutes it says so once, with a button.
// Counted from the seconds that the server gives: the visitor's clock may be wrong.
const hold = document.querySelector("[data-hold]");
if (hold) {
  const [kept, words, longer] = hold.children;
  let until, canGrow, asked, before, spoken = "";
  // From the moment of asking: an answer that comes late promises no more than the server does.
  const take = (seconds, more) => {
    until = asked + seconds * 1000;
    canGrow = more;
  };
  const show = () => {
    const left = until - performance.now();
    const what = left <= 0 ? "over" : left > 120_000 ? "" : canGrow ? "soon" : "last";
    if (what !== spoken) {
      spoken = what;
      kept.hidden = Boolean(what);
      longer.hidden = what !== "soon";
      words.textContent = hold.dataset[what] ?? "";
      hold.classList.toggle("hold--speaks", Boolean(what));
    }
    if (what === "over") clearInterval(clock);
  };
  const keep = async () => {
    asked = performance.now();
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
    const response = await fetch(hold.dataset.hold, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!response.ok) return;
    const told = await response.json();
    take(told.seconds, told.longer);
    show();
  };
  const clock = setInterval(show, 1000);
  asked = performance.now();
  take(Number(hold.dataset.seconds), "longer" in hold.dataset);
  show();
  document.addEventListener("input", () => {
    if (canGrow && spoken !== "over" && performance.now() - asked > 60_000) keep().catch(() => {});
  });
  // Whoever was typing goes on where they were.
  longer.addEventListener("focus", (event) => { before = event.relatedTarget; });
  longer.addEventListener("click", () => {
    (before ?? document.getElementById("step-title")).focus({ preventScroll: true });
    keep().catch(() => {});
  });
}
