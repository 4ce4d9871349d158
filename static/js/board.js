// The day board: draws the list to scale, keeps it fresh, and lets a visit be dragged to ask for another time.
// Without this script the page is a plain list with the same links.

const host = document.querySelector("[data-board]");
const hourHeight = Number(host.dataset.hourHeight);
const switcher = document.querySelector("[data-board-switch]");
const hints = document.querySelectorAll("[data-board-hint]");
const LIST = "board-as-list";
const REFRESH_EVERY = 30_000;
const SNAP = 5;
// Shorter drives than this have room for one line, and for none.
const ONE_LINE = 21;
const NO_LINE = 13;
// Pressing with a hand that trembles is no drag.
const SLOP = 6;

const px = (minutes) => `${(minutes * hourHeight) / 60}px`;
const asList = () => localStorage.getItem(LIST) === "yes" || matchMedia("(max-width: 767px)").matches;

function draw() {
  const board = host.querySelector(".board");
  board.classList.toggle("board--drawn", !asList());
  for (const hint of hints) hint.hidden = asList();
  const first = Number(board.dataset.first);
  const span = Number(board.dataset.last) - first;
  for (const lane of board.querySelectorAll(".board-lane, .board-hours")) {
    lane.style.height = asList() ? "" : px(span);
  }
  for (const item of board.querySelectorAll("[data-from]")) {
    const from = Number(item.dataset.from);
    item.style.top = asList() ? "" : px(from - first);
    const minutes = Number(item.dataset.until) - from;
    item.style.height = asList() ? "" : px(minutes);
    if (item.matches(".board-drive")) {
      item.classList.toggle("board-drive--line", minutes < ONE_LINE);
      item.classList.toggle("board-drive--short", minutes < NO_LINE);
    }
    if (item.matches(".board-visit")) {
      // Under the mouse it grows to show all it says, and never shrinks away from the mouse.
      item.style.setProperty("--height", px(minutes));
      item.style.setProperty("--set-up", px(Number(item.dataset.treatmentFrom) - from));
      item.style.setProperty("--pack-down", px(Number(item.dataset.until) - Number(item.dataset.treatmentUntil)));
    }
  }
  for (const mark of board.querySelectorAll(".board-hours [data-at]")) {
    mark.style.top = asList() ? "" : px(Number(mark.dataset.at) - first);
  }
  for (const column of board.querySelectorAll("[data-now]")) {
    column.style.setProperty("--now", px(Number(column.dataset.now) - first));
  }
}

function setUpSwitch() {
  const label = () => switcher.setAttribute("aria-pressed", String(localStorage.getItem(LIST) === "yes"));
  switcher.hidden = false;
  label();
  switcher.addEventListener("click", () => {
    localStorage.setItem(LIST, localStorage.getItem(LIST) === "yes" ? "no" : "yes");
    label();
    draw();
  });
}

// Fresh without losing one's place: the page does not move, and the focus stays on the same visit.
async function refresh() {
  if (document.hidden || drag) return;
  let text;
  try {
    const answer = await fetch(location.href, { headers: { "X-Part": "board" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    text = await answer.text();
  } catch {
    return; // out of reach for a moment; the page says as of when it is
  }
  if (drag || text === host.dataset.last) return;
  host.dataset.last = text;
  const focused = host.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const { scrollLeft, scrollTop } = host;
  host.innerHTML = text;
  draw();
  host.scrollLeft = scrollLeft;
  host.scrollTop = scrollTop;
  if (focused) host.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

let drag = null;

function columnAt(x) {
  return [...host.querySelectorAll(".board-column")].find((column) => {
    const box = column.getBoundingClientRect();
    return x >= box.left && x < box.right;
  });
}

function place(event) {
  const column = columnAt(event.clientX);
  if (!column) return null;
  const board = host.querySelector(".board");
  const top = column.querySelector(".board-lane").getBoundingClientRect().top;
  const minute = Number(board.dataset.first) + ((event.clientY - drag.grip - top) * 60) / hourHeight;
  const start = Math.round((minute + drag.setUp) / SNAP) * SNAP;
  return start < 0 || start >= 24 * 60 ? null : { column, start };
}

const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

// As the cards write it.
const words = (minute) => {
  const hour = Math.floor(minute / 60);
  return `${hour % 12 || 12}:${String(minute % 60).padStart(2, "0")} ${hour < 12 ? "AM" : "PM"}`;
};

function begin(event) {
  const visit = event.target.closest("[data-move]");
  // Fingers scroll; those who tap use the visit's own link.
  if (!visit || event.button !== 0 || event.pointerType === "touch" || asList()) return;
  drag = {
    visit,
    x: event.clientX,
    y: event.clientY,
    grip: event.clientY - visit.getBoundingClientRect().top,
    setUp: Number(visit.dataset.treatmentFrom) - Number(visit.dataset.from),
    ghost: null,
  };
}

function move(event) {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < SLOP) return;
    drag.ghost = drag.visit.cloneNode(true);
    drag.ghost.classList.add("board-visit--ghost");
    drag.ghost.removeAttribute("id");
    drag.visit.classList.add("board-visit--dragged");
    host.classList.add("board-dragging");
    getSelection().removeAllRanges();
  }
  event.preventDefault();
  const there = place(event);
  if (!there) {
    drag.ghost.remove();
    return;
  }
  const first = Number(host.querySelector(".board").dataset.first);
  drag.ghost.style.top = px(there.start - drag.setUp - first);
  drag.ghost.querySelector(".board-time").textContent = words(there.start);
  there.column.querySelector(".board-items").append(drag.ghost);
}

function end(event) {
  if (!drag) return;
  const { visit, ghost } = drag;
  const there = ghost && event.type === "pointerup" ? place(event) : null;
  ghost?.remove();
  visit.classList.remove("board-visit--dragged");
  host.classList.remove("board-dragging");
  drag = null;
  if (!there) return;
  const query = new URLSearchParams({
    day: there.column.dataset.day,
    start: clock(there.start),
    therapist: there.column.dataset.therapist,
  });
  location.assign(`${visit.dataset.move}?${query}`);
}

// Who opens today's board looks for what is next: now stands a third down, with what is over above it.
function showNow() {
  const column = host.querySelector(".board--drawn [data-now]");
  if (column) host.scrollTop = parseFloat(column.style.getPropertyValue("--now")) - host.clientHeight / 3;
}

setUpSwitch();
draw();
showNow();
matchMedia("(max-width: 767px)").addEventListener("change", draw);
host.addEventListener("pointerdown", begin);
// A dragged link would start the browser's own dragging.
host.addEventListener("dragstart", (event) => event.preventDefault());
addEventListener("pointermove", move);
addEventListener("pointerup", end);
addEventListener("pointercancel", end);
host.addEventListener("click", (event) => {
  if (event.target.closest(".board-visit--dragged")) event.preventDefault();
}, true);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) end(event);
});
setInterval(refresh, REFRESH_EVERY);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
